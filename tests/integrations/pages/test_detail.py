"""The pages of one integration: its tree, its config, and starting a sync."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import AccessMode, Integration, SyncRun, SyncSchedule
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

LIST = "/tenants/acme/orgs/tnt/integrations/"
AWSI = LIST + "awsi/"
POLL = {"HX-Request": "true", "HX-Target": "sync"}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers or None)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(
            cast.at_org,
            "awsi",
            by=cast.org_owner,
            role_arn="arn:aws-us-gov:iam::111122223333:role/pipes-discovery",
            role_name="pipes-member",
            handle_prefix="aws_",
        )


@pytest.fixture
def change(cast: Cast, awsi: Integration) -> Callable[..., SyncRun]:
    """Set fields of the integration's first run."""

    def set_fields(**fields: object) -> SyncRun:
        with isolation.as_tenant(cast.acme.pk):
            SyncRun.objects.filter(integration=awsi).update(**fields)
            return SyncRun.objects.get(integration=awsi)

    return set_fields


@pytest.mark.parametrize(
    ("who", "status"),
    [("tenant_owner", 200), ("org_owner", 200), ("org_member", 403), ("tenant_member", 404), ("stranger", 404)],
)
def test_only_owners_of_the_scope_see_an_integration(
    cast: Cast, awsi: Integration, client: Client, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    for page in ("", "config/", "advanced/", "processes/"):
        assert client.get(AWSI + page).status_code == status, page
    assert client.post(AWSI + "sync/").status_code == (302 if status == 200 else status)


def test_an_integration_is_found_in_its_own_scope_only(cast: Cast, awsi: Integration, as_tenant_owner: Client) -> None:
    for base in ("/tenants/acme/integrations/", "/tenants/acme/orgs/ops/integrations/"):
        for page in ("", "config/", "advanced/", "processes/"):
            assert as_tenant_owner.get(f"{base}awsi/{page}").status_code == 404


def test_the_first_sync_is_followed_until_it_ends(
    awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    html = get(as_org_owner, AWSI)
    assert "Waiting" in html
    assert 'hx-trigger="load delay:1s"' in html
    assert "appear here when this sync is done" in html
    change(state="running", phase="reading", folders_read=4, accounts_read=20, aws_calls=7, started_at=timezone.now())
    poll = get(as_org_owner, AWSI, **POLL)
    assert poll.lstrip().startswith("<section")
    assert "Reading the AWS organization" in poll
    assert "3 OUs read 20 accounts read 7 AWS calls" in text_of(poll)
    assert 'hx-trigger="load delay:1s"' in poll
    change(state="succeeded", phase="", counts={"create": 24}, finished_at=timezone.now())
    response = as_org_owner.get(AWSI, headers=POLL)
    assert json.loads(response["HX-Trigger"]) == {"synced": {}}
    ended = response.content.decode()
    assert "hx-get" not in ended
    assert "Synced" in ended
    assert "24 created" in ended


def test_the_tree_is_read_again_when_the_sync_that_the_page_follows_is_over(
    awsi: Integration, as_org_owner: Client
) -> None:
    html = get(as_org_owner, AWSI)
    assert re.search(r'<div id="list"[^>]*hx-trigger="synced from:body"', html)
    response = as_org_owner.get(AWSI, headers=POLL)
    assert "HX-Trigger" not in response
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].split(", "))
    part = get(as_org_owner, AWSI, **{"HX-Request": "true", "HX-Target": "list"})
    assert part.lstrip().startswith('<div id="list"')


def test_a_sync_that_changed_nothing_leaves_the_tree_on_the_page_alone(
    awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    change(state="succeeded", counts={}, finished_at=timezone.now())
    response = as_org_owner.get(AWSI, headers=POLL)
    assert "HX-Trigger" not in response
    assert "No changes" in response.content.decode()


def test_a_poll_does_not_read_the_tree(awsi: Integration, as_org_owner: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        get(as_org_owner, AWSI, **POLL)
    assert not any("connections_connection" in query["sql"] for query in captured)


def test_a_run_that_no_worker_takes_says_so_after_a_while(
    awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    assert "No worker has taken it" not in get(as_org_owner, AWSI)
    change(queued_at=timezone.now() - timedelta(minutes=1))
    assert "No worker has taken it" in get(as_org_owner, AWSI)


def test_a_failed_sync_says_why_and_when_the_next_try_comes(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    reason = "AWS refused ListAccounts (AccessDeniedException). Add organizations:ListAccounts to the role <b>."
    change(state="failed", error=reason, finished_at=timezone.now())
    SyncSchedule.objects.filter(pk=awsi.pk).update(next_due_at=timezone.now() + timedelta(minutes=5, seconds=1))
    html = get(as_org_owner, AWSI)
    assert "<strong>Failed</strong>" in html
    assert reason.replace("<b>", "&lt;b&gt;") in html
    assert "Tries again in 5 minutes" in text_of(html)
    assert "no sync was completed yet" in html
    assert 'hx-trigger="load' not in html


def test_the_connections_tab_shows_the_tree_below_the_root(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    change(state="succeeded", finished_at=timezone.now())
    with isolation.as_tenant(cast.acme.pk):
        prod = factories.folder(cast.at_org, "Prod", parent=awsi.root_folder)
        factories.connection(cast.at_org, "card-vault", folder=prod)
        factories.connection(cast.at_org, "card-elsewhere")
    html = get(as_org_owner, AWSI)
    assert f"/connections/folders/{prod.pk}/" in html
    assert f'href="{cast.at_org.url("folder_settings", folder=awsi.root_folder_id)}"' in html
    found = get(as_org_owner, AWSI + "?q=card")
    assert ("card-vault" in found, "card-elsewhere" in found) == (True, False)
    assert "Nothing in this integration" in get(as_org_owner, AWSI + "?q=nothing")


def test_the_config_shows_both_settings_and_what_they_mean(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    html = get(as_org_owner, AWSI + "config/")
    for shown in (
        "Discovery Settings",
        "Connection Settings",
        '<option value="role" selected>Cross-Account Role</option>',
        f'value="{awsi.role_arn}"',
        f'value="{awsi.discovery_external_id}"',
        f'value="{awsi.connection_external_id}"',
        "arn:aws-us-gov:iam::{account id}:role/pipes-member",
        'value="aws_"',
        "All regions",
        "Known after the first sync",
    ):
        assert shown in html, shown


def test_the_secret_key_is_never_shown(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(
            cast.at_org,
            "by-key",
            by=cast.org_owner,
            access_mode=AccessMode.KEY,
            access_key_id="AKIAIOSFODNN7EXAMPLE",
            secret_key=SECRET,
        )
        assert made.secret_key == SECRET
    html = get(as_org_owner, LIST + "by-key/config/")
    assert "AKIAIOSFODNN7EXAMPLE" in html
    assert "A secret key is stored. Leave this empty to keep it." in html
    assert SECRET not in html
    assert made.sealed_secret_key not in html


def test_options_are_shown_as_they_are_stored(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        options = {
            "regions": ["eu-west-1", "eu-*"],
            "default_region": "eu-west-1",
            "max_error_retry_attempts": 3,
            "min_error_retry_delay": 50,
            "ignore_error_codes": ["AccessDenied"],
        }
        factories.integration(cast.at_org, "awsi", by=cast.org_owner, options=options)
    html = get(as_org_owner, AWSI + "config/")
    assert re.search(r'<input[^>]*name="regions" value="eu-west-1"[^>]*checked', html)
    assert 'name="region_patterns" value="eu-*"' in html
    assert 'name="min_error_retry_delay" value="50"' in html
    assert 'name="ignore_error_codes" value="AccessDenied"' in html


def test_sync_integration_starts_a_run_and_says_so(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    change(state="succeeded", finished_at=timezone.now())
    response = as_org_owner.post(AWSI + "sync/", {"next": AWSI + "advanced/"}, follow=True)
    assert response.redirect_chain == [(AWSI + "advanced/", 302)]
    assert "A sync of awsi was started." in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        run = SyncRun.objects.latest("pk")
    assert (run.trigger, run.state, run.started_by) == ("manual", "queued", cast.org_owner)


@pytest.mark.parametrize("back", ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sync_integration_leads_to_no_other_site(awsi: Integration, as_org_owner: Client, back: str) -> None:
    assert as_org_owner.post(AWSI + "sync/", {"next": back})["Location"] == AWSI


def test_the_head_of_each_page_starts_a_sync_and_a_preview_and_comes_back(
    awsi: Integration, as_org_owner: Client
) -> None:
    for page in ("", "config/", "advanced/", "advanced/events/", "notifications/", "processes/"):
        html = get(as_org_owner, AWSI + page)
        (form,) = re.findall(rf'<form[^>]*action="{AWSI}sync/".*?</form>', html, re.DOTALL)
        assert "Sync Integration" in form
        assert f'formaction="{AWSI}preview/"' in form
        assert f'name="next" value="{AWSI}{page}"' in form


def test_what_waits_for_approval_is_shown_before_a_sync_would_remove_it(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    run = change(state="needs_approval", finished_at=timezone.now(), removals=["1"], error="Too much.")
    response = as_org_owner.post(AWSI + "sync/", follow=True)
    assert response.redirect_chain == [(f"{AWSI}processes/{run.number}/", 302)]
    assert "No sync of awsi was started, for one waits for approval." in response.content.decode()
    assert 'name="anyway"' in get(as_org_owner, AWSI + "advanced/")
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.count() == 1
    as_org_owner.post(AWSI + "sync/", {"anyway": ""})
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.exclude(pk=run.pk).count() == 1


def test_a_failed_sync_offers_what_mends_it_and_says_how_old_the_tree_is(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    good_at = timezone.now() - timedelta(hours=3, minutes=1)
    change(state="succeeded", started_at=good_at, finished_at=good_at)
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi, state="failed", error="AWS refused.", is_about_access=True)
    for url in (AWSI, AWSI + "advanced/", LIST):
        text = text_of(html := get(as_org_owner, url))
        assert "The tree is as it was 3 hours ago" in text, url
        assert "Try again" in text
        assert re.search(rf'href="{AWSI}config/#discovery"[^>]*>Open Discovery Settings</a>', html)
    with isolation.as_tenant(cast.acme.pk):
        SyncRun.objects.update(is_about_access=False)
    for url in (AWSI, AWSI + "advanced/", LIST):
        assert "Open Discovery Settings" not in get(as_org_owner, url)
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
    for url in (AWSI, AWSI + "advanced/", LIST):
        assert "Try again" not in (text := text_of(get(as_org_owner, url)))
        assert "The tree is as it was" not in text


def test_a_double_click_on_sync_integration_gives_the_same_run(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    for _ in range(2):
        html = as_org_owner.post(AWSI + "sync/", follow=True).content.decode()
        assert "A sync of awsi is about to read the AWS organization; a second one is not needed." in html
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.count() == 1


def test_a_sync_that_is_asked_for_while_one_reads_follows_it_and_the_pages_say_so(
    cast: Cast, awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    change(state="running", phase="reading", started_at=timezone.now())
    html = as_org_owner.post(AWSI + "sync/", follow=True).content.decode()
    assert "A sync of awsi runs already, and may have read past your change: one more follows it." in html
    for page in ("", "advanced/"):
        assert "it starts right after it." in get(as_org_owner, AWSI + page)
    change(state="succeeded", phase="", finished_at=timezone.now())
    html = get(as_org_owner, AWSI)
    assert "it starts any moment." in html
    assert f'hx-get="{AWSI}"' in html  # the page goes on to look
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.count() == 1


def test_a_sync_is_not_started_by_a_link(awsi: Integration, as_org_owner: Client) -> None:
    assert as_org_owner.get(AWSI + "sync/").status_code == 405


def test_advanced_shows_the_last_result_and_the_next_due_time(
    awsi: Integration, as_org_owner: Client, change: Callable[..., SyncRun]
) -> None:
    change(state="succeeded", counts={"move": 2}, finished_at=timezone.now())
    SyncSchedule.objects.filter(pk=awsi.pk).update(next_due_at=timezone.now() + timedelta(minutes=12, seconds=1))
    html = get(as_org_owner, AWSI + "advanced/")
    assert "2 moved" in html
    assert "Next sync in 12 minutes" in text_of(html)
    assert 'name="minutes" value="15"' in html
    assert "Sync Integration" in html


@pytest.mark.sweep
def test_pages_ask_as_many_queries_of_a_large_tree_as_of_a_small_one(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    def measure() -> list[int]:
        figures = []
        for page in ("", "?q=a", "?health=untested", "config/", "advanced/", "processes/"):
            get(as_org_owner, AWSI + page)
            with CaptureQueriesContext(connection) as captured:
                get(as_org_owner, AWSI + page)
            statements = [query["sql"] for query in captured]
            first = next(number for number, sql in enumerate(statements) if "app.user_id" in sql)
            asked = [sql for sql in statements[first:] if "SAVEPOINT" not in sql][:-1]
            assert len(asked) <= 12, asked
            figures.append(len(asked))
        return figures

    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
        factories.grow(awsi.root_folder, folders=2, connections=10)
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(awsi.root_folder, folders=100, connections=2000)
        for _ in range(60):
            factories.finished_run(awsi)
    assert measure() == small


@pytest.mark.parametrize(
    ("page", "target", "told"),
    [
        (AWSI, "sync", {"synced": {}}),
        (f"{AWSI}advanced/", "sync", {"synced": {}}),
        (f"{AWSI}processes/", "runs", {}),
        ("/tenants/acme/orgs/tnt/activity/processes/", "runs", {}),
    ],
)
def test_a_page_that_looks_for_news_hears_of_another_run_only(
    cast: Cast, awsi: Integration, as_org_owner: Client, page: str, target: str, told: dict[str, object]
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
    seen = get(as_org_owner, page).partition('data-live="')[2].partition('"')[0]
    look = {"HX-Request": "true", "HX-Target": target, "X-Seen": seen}
    assert as_org_owner.get(page, headers=look).status_code == 204
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi, changes=[["rename", "connection", "1", "web", "web", "website"]])
    news = as_org_owner.get(page, headers=look)
    assert (news.status_code, json.loads(news.get("HX-Trigger", "{}"))) == (200, told)
    assert "1 renamed" in text_of(news.content.decode())


def test_a_page_asks_often_where_events_are_known_to_come(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
    assert "data-live-often" not in get(as_org_owner, AWSI)
    with isolation.as_tenant(cast.acme.pk):
        SyncSchedule.objects.filter(pk=awsi.pk).update(heard_at=timezone.now())
    assert "data-live-often" in get(as_org_owner, AWSI)

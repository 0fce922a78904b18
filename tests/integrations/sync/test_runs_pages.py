"""Processes: the list of runs, and one run with what it changed."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Integration, SyncRun
from integrations.planning import words
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

RUNS = "/tenants/acme/orgs/tnt/integrations/awsi/processes/"
CREATED = ["create", "connection", "111122223333", "card <vault>", "", "Root / Prod"]
RENAMED = ["rename", "folder", "ou-ab12-1", "Prod", "Production (production)", "Prod (prod)"]
MOVED = ["move", "connection", "444455556666", "web", "Root", "Root / Prod"]
SUSPENDED = ["state", "connection", "444455556666", "web", "active", "suspended"]
REMOVED = ["remove", "connection", "777788889999", "gone", "Root / Prod", ""]


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers or None)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", html)))


def table_of(html: str) -> str:
    """The list of a page, below the picture of it."""
    return html[html.index('id="processes"') :]


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "awsi", by=cast.org_owner)


def finish(cast: Cast, awsi: Integration, *changes: list[str], **fields: object) -> SyncRun:
    with isolation.as_tenant(cast.acme.pk):
        return factories.finished_run(awsi, changes=list(changes), **fields)


@pytest.mark.parametrize(("who", "status"), [("org_owner", 200), ("org_member", 403), ("stranger", 404)])
def test_only_owners_see_a_run(cast: Cast, awsi: Integration, client: Client, who: str, status: int) -> None:
    run = finish(cast, awsi)
    client.force_login(getattr(cast, who))
    assert client.get(f"{RUNS}{run.number}/").status_code == status


def test_a_run_is_found_below_its_own_integration_only(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = factories.finished_run(factories.integration(cast.at_org, "other", by=cast.org_owner))
    assert as_org_owner.get(f"{RUNS}{other.pk}/").status_code == 404


def test_large_numbers_are_easy_to_read(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi, accounts_read=10_050, folders_read=500, counts={"create": 10_550, "move": 2})
    text = text_of(get(as_org_owner, f"{RUNS}{run.number}/"))
    assert "10,050 accounts" in text
    assert "10,550 created, 2 moved" in text


def test_the_list_shows_state_trigger_who_when_and_counts_the_latest_first(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    finish(cast, awsi, CREATED, MOVED)
    finish(cast, awsi, state="failed", error="AWS said no.", finished_at=timezone.now() - timedelta(hours=3))
    text = text_of(table_of(get(as_org_owner, RUNS)))
    assert text.index("AWS said no.") < text.index("1 created, 1 moved")
    assert "Integration created (org-owner)" in text
    assert "3 hours ago" in text
    assert "Schedule" in text


@pytest.mark.parametrize("page", [RUNS, "/tenants/acme/orgs/tnt/activity/processes/"])
def test_the_list_comes_in_pages(page: str, cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    runs = [finish(cast, awsi) for _ in range(101)]
    shown, url, addresses = [], "", [page]
    for _ in range(3):
        url = addresses[-1]
        html = get(as_org_owner, url)
        shown += [int(found) for found in re.findall(r'/processes/(\d+)/"', table_of(html))]
        older = re.search(r'rel="next" href="(\?before=\d+)"', html)
        addresses += [page + older[1]] if older else []
    assert shown == sorted((run.number for run in runs), reverse=True)
    assert len(addresses) == 3
    assert f'href="{page}"' in get(as_org_owner, addresses[1]) or ">Newest</a>" in get(as_org_owner, addresses[1])
    assert "Newest" not in get(as_org_owner, page)


@pytest.mark.parametrize("nonsense", ["x", "-1", "0", "9" * 19, "9" * 40, "²", ""])
def test_a_page_that_begins_nowhere_is_the_newest(
    nonsense: str, cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    run = finish(cast, awsi)
    assert f"/processes/{run.number}/" in get(as_org_owner, f"{RUNS}?before={nonsense}")


def test_a_record_that_stands_for_several_says_so(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    first = timezone.now() - timedelta(days=2)
    run = finish(cast, awsi, folded_runs=1_096, folded_since=first)
    assert "1,096 syncs without changes, the first 2 days ago" in text_of(get(as_org_owner, RUNS))
    assert "Stands for 1,096 syncs without changes" in text_of(get(as_org_owner, f"{RUNS}{run.number}/"))


def test_a_record_that_stands_for_itself_says_nothing(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi, folded_runs=1, folded_since=timezone.now())
    assert "No changes" in text_of(get(as_org_owner, RUNS))
    assert "Stands for" not in text_of(get(as_org_owner, f"{RUNS}{run.number}/"))


def test_every_change_is_shown_with_its_letter_before_and_after(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    run = finish(cast, awsi, CREATED, RENAMED, MOVED, SUSPENDED, REMOVED)
    with isolation.as_tenant(cast.acme.pk):
        root = awsi.root_folder
        node = factories.connection(cast.at_org, "web", folder=root, source_id=MOVED[2])
        factories.connection(cast.at_org, "gone", folder=root, source_id=REMOVED[2], removed_at=timezone.now())
    html = get(as_org_owner, f"{RUNS}{run.number}/")
    text = text_of(html)
    assert (
        re.findall(r'<a href="(/tenants/acme/orgs/tnt/connections/[^"]*)"><bdi>([^<]*)', html)
        == [(f"/tenants/acme/orgs/tnt/connections/{node.pk}/", "web")] * 2
    )
    for words_ in (
        "+ card &lt;vault&gt; connection 111122223333 Root / Prod",
        "~ Prod folder ou-ab12-1 Production (production) to → Prod (prod)",
        "→ web connection 444455556666 Root to → Root / Prod",
        "~ web connection 444455556666 Active to → Suspended",
        "− gone connection 777788889999 Root / Prod",
    ):
        assert words_ in text, words_
    for tone in ("create", "change", "move", "delete"):
        assert f"diff-{tone}" in html
    assert "<vault>" not in html


def test_a_run_that_changed_nothing_says_so(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi)
    assert "Nothing had changed" in get(as_org_owner, f"{RUNS}{run.number}/")


def test_a_long_group_is_folded_with_its_count_and_has_pages(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    many = [["create", "connection", f"{n:012}", f"account-{n}", "", "Root"] for n in range(250)]
    run = finish(cast, awsi, *many, MOVED)
    url = f"{RUNS}{run.number}/"
    html = get(as_org_owner, url)
    assert re.findall(r'<details class="fold"( open)?>', html) == ["", " open"]
    assert ">250</span>" in html
    assert ("account-99<" in html, "account-100<" in html) == (True, False)
    third = get(as_org_owner, url + "?kind=create&page=3")
    assert "201–250 of 250" in third
    assert "account-249<" in third
    assert ">Moved<" not in third
    assert "?kind=create&amp;page=2" in third


def test_an_unknown_kind_of_change_shows_all(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi, CREATED, MOVED)
    html = get(as_org_owner, f"{RUNS}{run.number}/?kind=nonsense&page=x")
    assert html.count('<details class="fold" open>') == 2


def test_a_failed_run_shows_its_reason_and_no_changes(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi, state="failed", error="AWS refused ListRoots (AccessDenied).")
    html = get(as_org_owner, f"{RUNS}{run.number}/")
    assert "AWS refused ListRoots (AccessDenied)." in html
    assert "Changes</h2>" not in html


def test_a_running_run_is_followed_until_it_ends(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    run = finish(cast, awsi, state="running", phase="comparing", finished_at=None)
    url = f"{RUNS}{run.number}/"
    html = get(as_org_owner, url)
    assert 'hx-trigger="load delay:1s"' in html
    assert "Updating the tree" in html
    finish(cast, awsi, CREATED)
    poll = get(as_org_owner, url, **{"HX-Request": "true", "HX-Target": "sync"})
    assert "card &lt;vault&gt;" in poll
    assert "hx-trigger" not in poll


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "under 1 s"),
        (0.9, "under 1 s"),
        (1, "1 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (7325, "2 h 2 min"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(seconds: float, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("who", "status"), [("org_owner", 200), ("org_member", 403), ("stranger", 404)])
def test_only_owners_see_the_processes_of_a_place(
    cast: Cast, awsi: Integration, client: Client, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    assert client.get("/tenants/acme/orgs/tnt/activity/processes/").status_code == status


def test_the_activity_of_a_place_lists_the_runs_of_its_own_integrations_only(
    cast: Cast, awsi: Integration, as_tenant_owner: Client
) -> None:
    run = finish(cast, awsi)
    with isolation.as_tenant(cast.acme.pk):
        above = factories.finished_run(factories.integration(cast.at_tenant, "above", by=cast.tenant_owner))
    at_org = get(as_tenant_owner, "/tenants/acme/orgs/tnt/activity/processes/")
    at_tenant = get(as_tenant_owner, "/tenants/acme/activity/processes/")
    assert (run.number, above.number) == (1, 1)
    assert ("awsi/processes/1/" in at_org, "above/processes/1/" in at_org) == (True, False)
    assert ("awsi/processes/1/" in at_tenant, "above/processes/1/" in at_tenant) == (False, True)


def test_processes_take_the_same_number_of_queries_however_many_there_are(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            get(as_org_owner, "/tenants/acme/orgs/tnt/activity/processes/")
        return len(captured)

    finish(cast, awsi)
    count()
    few = count()
    for number in range(20):
        with isolation.as_tenant(cast.acme.pk):
            factories.finished_run(factories.integration(cast.at_org, f"more-{number}", by=cast.org_owner))
    assert count() == few <= 16


def test_every_state_has_its_look_and_only_what_waits_for_somebody_warns() -> None:
    looks = {state: (SyncRun(state=state).tone, SyncRun(state=state).icon) for state in SyncRun.State}
    assert [state for state, look in looks.items() if look == ("amber", "triangle-alert")] == ["needs_approval"]

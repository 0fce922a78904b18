"""The list of integrations."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Draft, SyncRun, SyncSchedule
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Plan, Tenant

ORG = "/tenants/acme/orgs/tnt/integrations/"
TENANT = "/tenants/acme/integrations/"


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers or None)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def make(cast: Cast, scope: Scope, *handles: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for handle in handles:
            factories.integration(scope, handle, by=cast.tenant_owner)


@pytest.mark.parametrize(
    ("url", "who", "status"),
    [
        (ORG, "tenant_owner", 200),
        (ORG, "org_owner", 200),
        (ORG, "org_member", 403),
        (ORG, "reader", 403),
        (ORG, "tenant_member", 404),
        (ORG, "stranger", 404),
        (TENANT, "tenant_owner", 200),
        (TENANT, "org_owner", 403),
        (TENANT, "tenant_member", 403),
        (TENANT, "stranger", 404),
    ],
)
def test_only_owners_of_the_scope_see_its_integrations(
    cast: Cast, client: Client, url: str, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(url).status_code == status


def test_a_tenant_lists_those_of_its_organizations_too_and_an_organization_its_own_only(
    cast: Cast, as_tenant_owner: Client
) -> None:
    make(cast, cast.at_tenant, "of-the-tenant")
    make(cast, cast.at_org, "of-the-org")
    tenant, org = get(as_tenant_owner, TENANT), get(as_tenant_owner, ORG)
    assert ("of-the-tenant" in tenant, "of-the-org" in tenant) == (True, True)
    assert ("of-the-tenant" in org, "of-the-org" in org) == (False, True)


def test_a_row_leads_to_the_integration_its_last_run_and_its_config(cast: Cast, as_org_owner: Client) -> None:
    make(cast, cast.at_org, "awsi")
    with isolation.as_tenant(cast.acme.pk):
        run = SyncRun.objects.get()
    html = get(as_org_owner, ORG)
    for name, arguments in (
        ("integration_detail", {}),
        ("integration_config", {}),
        ("run_detail", {"run": run.number}),
    ):
        assert f'href="{cast.at_org.url(name, integration="awsi", **arguments)}"' in html
    assert "Waiting" in html
    assert 'aria-label="Config of awsi"' in html


@pytest.mark.parametrize(("state", "word"), [("succeeded", "Synced"), ("failed", "Failed")])
def test_the_last_sync_is_shown_with_its_state_and_time(
    cast: Cast, as_org_owner: Client, state: str, word: str
) -> None:
    make(cast, cast.at_org, "awsi")
    with isolation.as_tenant(cast.acme.pk):
        integration = SyncRun.objects.get().integration
        factories.finished_run(integration, state="failed" if state == "succeeded" else "succeeded")
        factories.finished_run(integration, state=state, finished_at=timezone.now() - timedelta(hours=2))
    html = get(as_org_owner, ORG)
    assert word in html
    assert "2 hours ago" in html


def test_an_integration_whose_sync_failed_says_the_reason_and_the_next_try(cast: Cast, as_org_owner: Client) -> None:
    make(cast, cast.at_org, "awsi")
    with isolation.as_tenant(cast.acme.pk):
        integration = SyncRun.objects.get().integration
        factories.finished_run(integration, state="failed", error="AWS said <no>.")
    in_two_hours = timezone.now() + timedelta(hours=2, minutes=1)
    SyncSchedule.objects.update(lasting_failures=1, next_due_at=in_two_hours)
    html = " ".join(get(as_org_owner, ORG).split())
    assert '<span class="chip chip-red">Failed</span>' in html
    assert "AWS said &lt;no&gt;." in html
    assert "in 2 hours</time>." in html
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(integration)  # somebody asked for one, and it went well
    assert "Failed" not in get(as_org_owner, ORG)


def test_the_search_box_filters_by_handle_and_keeps_what_was_typed(cast: Cast, as_org_owner: Client) -> None:
    make(cast, cast.at_org, "production", "staging")
    html = get(as_org_owner, ORG + "?q=PROD")
    assert ">production</a>" in html
    assert ">staging</a>" not in html
    assert 'value="PROD"' in html
    assert "Find an integration…" in html
    assert "No integration here has this" in get(as_org_owner, ORG + "?q=nothing")


def test_the_search_as_one_types_gets_the_list_only(cast: Cast, as_org_owner: Client) -> None:
    make(cast, cast.at_org, "production")
    response = as_org_owner.get(ORG + "?q=prod", headers={"HX-Request": "true", "HX-Target": "list"})
    html = response.content.decode()
    assert html.lstrip().startswith('<div id="list"')
    assert ">production</a>" in html
    assert "HX-Target" in response["Vary"]


def test_an_empty_list_says_what_an_integration_is_and_offers_one(cast: Cast, as_org_owner: Client) -> None:
    html = get(as_org_owner, ORG)
    assert "keeps them up to date" in html
    assert html.count("New Integration") == 2


@pytest.mark.parametrize("plan", [Plan.TEAM, Plan.DEVELOPER])
def test_where_the_plan_allows_none_the_page_says_so_instead_of_the_button(
    cast: Cast, as_tenant_owner: Client, plan: Plan
) -> None:
    with isolation.as_operator():
        Tenant.objects.filter(pk=cast.acme.pk).update(plan=plan)
    html = get(as_tenant_owner, TENANT)
    assert "needs the Enterprise plan; acme is on" in html
    assert "New Integration" not in html
    assert ("New Integration" in get(as_tenant_owner, ORG)) == (plan == Plan.TEAM)


def test_unfinished_drafts_can_be_continued_and_discarded_until_they_expire(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "half-made", by=cast.org_owner)
        factories.draft(cast.at_tenant, "of-the-tenant", by=cast.tenant_owner)
    html = get(as_org_owner, ORG)
    assert "half-made" in html
    assert "of-the-tenant" not in html
    assert f'href="{ORG}drafts/{draft.uid}/cancel/"' in html
    assert f'href="{ORG}drafts/{draft.uid}/' in html
    with isolation.as_tenant(cast.acme.pk):
        Draft.objects.filter(pk=draft.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "half-made" not in get(as_org_owner, ORG)


def test_the_list_asks_as_many_queries_for_forty_integrations_as_for_two(cast: Cast, as_org_owner: Client) -> None:
    def queries() -> int:
        get(as_org_owner, ORG)
        with CaptureQueriesContext(connection) as captured:
            get(as_org_owner, ORG)
        return len(captured)

    def add(*numbers: int) -> None:
        make(cast, cast.at_org, *(f"awsi-{number}" for number in numbers))
        with isolation.as_tenant(cast.acme.pk):
            for number in numbers:
                factories.draft(cast.at_org, f"draft-{number}", by=cast.org_owner)

    add(1, 2)
    few = queries()
    add(*range(3, 41))
    assert queries() == few


def test_a_list_that_looks_for_news_hears_of_a_new_run_only(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        awsi = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
    page = as_org_owner.get(ORG).content.decode()
    seen = page.partition('id="list" data-live="')[2].partition('"')[0]
    look = {"HX-Request": "true", "HX-Target": "list", "X-Seen": seen}
    assert as_org_owner.get(ORG, headers=look).status_code == 204
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
    news = as_org_owner.get(ORG, headers=look)
    assert (news.status_code, f'data-live="{seen}"' in news.content.decode()) == (200, False)

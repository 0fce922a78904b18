"""When a tenant's plan ends, its integrations are kept as they are; see workspaces.access.why_only_kept."""

from collections.abc import Callable

import pytest
from django.test import Client

from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import MAIN, hidden, text_of
from workspaces import isolation
from workspaces.access import Scope, why_only_kept
from workspaces.models import Plan, Tenant

CONNECTION = {
    "version": "1",
    "handle_prefix": "acme_",
    "role_name": "pipes",
    "all_regions": "all",
    "max_error_retry_attempts": "9",
    "min_error_retry_delay": "25",
}
CHANGES = {
    "config/connection/": CONNECTION,
    "config/accounts/": {"version": "1", "do": "start"},
    "advanced/": {"version": "1", "handle": "other"},
    "advanced/schedule/": {"version": "1", "minutes": "30"},
}


@pytest.fixture
def ended(in_use: Synced, cast: Cast) -> None:
    with isolation.as_operator():
        Tenant.objects.filter(pk=cast.acme.pk).update(plan=Plan.DEVELOPER)


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("page", ["config/", "advanced/"])
def test_the_page_says_so_and_what_to_do(as_org_owner: Client, page: str) -> None:
    html = as_org_owner.get(MAIN + page).content.decode()
    text = text_of(html)
    assert "needs the Team or Enterprise plan to be changed; acme is on Developer. It keeps being synced" in text
    assert "Ask the operator of this installation to change the plan." in text
    assert '<fieldset class="stack" disabled>' in html


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("page", CHANGES)
def test_a_hand_written_request_changes_nothing(
    as_org_owner: Client, fresh: Callable[[], Integration], page: str
) -> None:
    before = fresh()
    refused = as_org_owner.post(MAIN + page, CHANGES[page])
    assert refused.status_code == 403
    assert "Ask the operator of this installation to change the plan." in refused.content.decode()
    after = fresh()
    assert (after.version, after.handle, after.next_discovery_external_id) == (before.version, before.handle, "")


@pytest.mark.usefixtures("ended")
def test_credentials_and_external_ids_that_are_in_use_may_be_rotated(
    as_org_owner: Client, cast: Cast, in_use: Synced, fresh: Callable[[], Integration]
) -> None:
    page = as_org_owner.get(MAIN + "config/").content.decode()
    assert "its credentials and external ids can be replaced" in text_of(page)
    disabled = page.partition('<fieldset class="stack" disabled>')[2].partition("</fieldset>")[0]
    assert [name for name in ("discovery", "accounts", "connection") if f'id="{name}"' in disabled] == ["accounts"]
    for kind in ("discovery", "connection"):
        assert as_org_owner.post(f"{MAIN}config/rotate/{kind}/").status_code == 302
    rotated = fresh()
    assert rotated.next_discovery_external_id
    assert rotated.next_connection_external_id
    # The role requires the new one: it is tried, and takes over.
    in_use.aws.roles.create_discovery(rotated.next_discovery_external_id, name="pipes-main")
    values = {"version": str(rotated.version), "access_mode": "role", "role_arn": rotated.role_arn}
    assert as_org_owner.post(MAIN + "config/discovery/", values)["Location"] == MAIN + "config/trial/"
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    page = as_org_owner.get(MAIN + "config/trial/").content.decode()
    seen = {name: hidden(page, name) for name in ("version", "seen")}
    assert as_org_owner.post(MAIN + "config/trial/", seen | {"do": "save"}).status_code == 302
    assert fresh().discovery_external_id == rotated.next_discovery_external_id


@pytest.mark.usefixtures("ended")
def test_it_is_synced_looked_at_and_deleted_all_the_same(cast: Cast, in_use: Synced, as_org_owner: Client) -> None:
    in_use.aws.organization.create_account("Late", parent=in_use.aws.organization.root_id)
    assert as_org_owner.post(MAIN + "sync/").status_code == 302
    assert in_use.work().state == SyncRun.State.SUCCEEDED
    assert "late" in as_org_owner.get(MAIN).content.decode()
    assert as_org_owner.post(MAIN + "preview/")["Location"] == MAIN + "preview/"
    assert as_org_owner.post(MAIN + "delete/", {"handle": "main"}).status_code == 302
    assert as_org_owner.get(MAIN).status_code == 404


@pytest.mark.parametrize(
    ("plan", "of_tenant", "of_org"),
    [(Plan.ENTERPRISE, False, False), (Plan.TEAM, True, False), (Plan.DEVELOPER, True, True)],
)
def test_what_a_plan_allows_at_each_level(plan: Plan, of_tenant: bool, of_org: bool, cast: Cast) -> None:
    cast.acme.plan = plan
    assert bool(why_only_kept(Scope(cast.acme))) == of_tenant
    assert bool(why_only_kept(Scope(cast.acme, cast.tnt))) == of_org

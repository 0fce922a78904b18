"""Step 1, who gets there, and where the plan allows no integration."""

import pytest
from django.test import Client

from integrations.models import Draft
from tests.conftest import Cast
from tests.integrations.wizard.conftest import Walk
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Plan, Tenant


def test_aws_is_chosen_already_and_next_begins_a_draft(in_org: Walk) -> None:
    in_org.answer = in_org.client.get(in_org.scope.url("integration_new"))
    assert "<h1>Choose integration type</h1>" in in_org.html
    assert "AWS Import the accounts" in in_org.page
    in_org.start()
    draft = in_org.draft()
    assert (draft.organization, draft.steps_done) == (in_org.scope.organization, 1)
    assert draft.discovery_external_id.startswith(f"{draft.organization.public_id}:")  # type: ignore[union-attr]
    assert draft.discovery_external_id != draft.connection_external_id


def test_a_draft_of_a_tenant_has_external_ids_of_the_tenant(in_tenant: Walk) -> None:
    draft = in_tenant.start().draft()
    assert draft.organization is None
    assert draft.connection_external_id.startswith(f"{draft.tenant.public_id}:")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [({}, "Select an integration to create."), ({"type": "gcp"}, "There is no such type of integration.")],
)
def test_no_type_or_an_unknown_one_makes_no_draft(in_org: Walk, data: dict[str, str], sentence: str) -> None:
    in_org.answer = in_org.client.post(in_org.scope.url("integration_new"), data)
    assert sentence in in_org.page
    with isolation.as_tenant(in_org.tenant.pk):
        assert not Draft.objects.exists()


def test_the_beginning_of_a_draft_is_recorded(in_org: Walk) -> None:
    event = in_org.start().audit()[-1]
    assert (event.action, event.actor, event.details) == ("draft.created", "org-owner@example.com", {})


@pytest.mark.parametrize("person", ["org_member", "workspace_owner", "reader"])
def test_members_are_told_that_owners_do_this(cast: Cast, in_org: Walk, person: str) -> None:
    in_org.start()
    in_org.client.force_login(getattr(cast, person))
    in_org.answer = in_org.client.get(in_org.scope.url("integration_new"))
    assert in_org.answer.status_code in (403, 404)
    if person == "org_member":
        assert "You need to be an owner of acme/tnt" in in_org.page
    assert in_org.get("handle").status_code == in_org.answer.status_code
    assert in_org.post("handle", handle="mine").status_code == in_org.answer.status_code


def test_strangers_find_nothing(cast: Cast, in_org: Walk) -> None:
    in_org.to("permissions")
    in_org.client.force_login(cast.stranger)
    for step in ("type", "handle", "discovery", "connection", "permissions"):
        assert in_org.get(step).status_code == 404
        assert in_org.post(step).status_code == 404
    draft = in_org.draft()
    for name, more in (("integration_draft_cancel", {}), ("integration_draft_download", {"file": "discovery.tf"})):
        url = in_org.scope.url(name, draft=draft.uid, **more)
        assert in_org.client.get(url).status_code == in_org.client.post(url).status_code == 404


def test_who_is_not_signed_in_is_asked_to(in_org: Walk) -> None:
    in_org.start().client.logout()
    assert in_org.get("handle").status_code == 302
    assert in_org.answer.headers["Location"].startswith("/account/login/?next=")


@pytest.mark.parametrize(
    ("plan", "at_org", "sentence"),
    [
        (Plan.TEAM, False, "A tenant-level integration needs the Enterprise plan; acme is on Team."),
        (Plan.DEVELOPER, False, "A tenant-level integration needs the Enterprise plan; acme is on Developer."),
        (Plan.DEVELOPER, True, "Integrations need the Team or Enterprise plan; acme is on Developer."),
    ],
)
def test_a_plan_without_integrations_is_named_at_the_start(
    cast: Cast, in_tenant: Walk, plan: Plan, at_org: bool, sentence: str
) -> None:
    scope = Scope(cast.acme, cast.tnt if at_org else None)
    _set_plan(cast.acme, plan)
    for answer in (
        in_tenant.client.get(scope.url("integration_new")),
        in_tenant.client.post(scope.url("integration_new"), {"type": "aws"}),
    ):
        in_tenant.answer = answer
        assert sentence in in_tenant.page
        assert "Next" not in in_tenant.page
    with isolation.as_tenant(cast.acme.pk):
        assert not Draft.objects.exists()


def test_an_organization_of_a_team_tenant_may_have_an_integration(cast: Cast, client: Client) -> None:
    client.force_login(cast.stranger)
    Walk(client, Scope(cast.globex, cast.globex_org)).start()


def test_a_draft_whose_plan_was_taken_away_leads_to_the_reason(cast: Cast, in_org: Walk) -> None:
    in_org.to("permissions")
    _set_plan(cast.acme, Plan.DEVELOPER)
    in_org.post("permissions", choice="all")
    assert in_org.at == "new"


def test_a_draft_whose_plan_was_taken_away_can_be_discarded(cast: Cast, in_org: Walk) -> None:
    url = in_org.scope.url("integration_draft_cancel", draft=in_org.start().draft().uid)
    _set_plan(cast.acme, Plan.DEVELOPER)
    assert in_org.client.post(url).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        assert not Draft.objects.exists()


def test_another_organization_of_the_tenant_does_not_see_a_draft(cast: Cast, in_org: Walk) -> None:
    in_org.start()
    in_org.client.force_login(cast.tenant_owner)
    for scope in (Scope(cast.acme), Scope(cast.acme, cast.ops)):
        url = scope.url("integration_draft", draft=in_org.draft().uid, step="handle")
        assert in_org.client.get(url).status_code == 404


def _set_plan(tenant: Tenant, plan: Plan) -> None:
    with isolation.as_operator():
        Tenant.objects.filter(pk=tenant.pk).update(plan=plan)

"""Step 5: Permissions, and Create Integration."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connections import sharing
from integrations.models import Draft, SyncRun
from tests import factories
from tests.conftest import Cast
from tests.integrations.wizard.conftest import BY_KEY, CONNECTION, ROLE_ARN, Walk
from workspaces import isolation
from workspaces.access import Scope


def shared_with(walk: Walk) -> set[str]:
    """The audiences of the root folder, as places; "everybody" is the tenant."""
    with isolation.as_tenant(walk.tenant.pk):
        grants = sharing.grants_on(walk.integration().root_folder)
        return {"/".join(p.handle for p in (g.organization, g.workspace) if p) or "everybody" for g in grants}


def test_an_organization_has_its_own_choices(in_org: Walk) -> None:
    page = in_org.to("permissions").page
    assert "<h1>Permissions</h1>" in in_org.html
    labels = ("All Workspaces", "Specific Workspaces", "No Permissions", "fireworks", "rockets", "Create Integration")
    for label in labels:
        assert label in page
    assert "pager" not in page
    assert "checked" not in in_org.html


def test_a_tenant_has_its_own_choices(in_tenant: Walk) -> None:
    page = in_tenant.to("permissions").page
    for label in (
        "All Organizations and their Workspaces",
        "Specific Organizations and Workspaces",
        "No Permissions",
        "ops all its workspaces",
        "pager",
        "tnt all its workspaces",
        "fireworks",
    ):
        assert label in page


@pytest.mark.parametrize(
    ("choice", "audiences"),
    [("all", {"tnt"}), ("some", {"tnt/fireworks"}), ("none", set())],
)
def test_what_is_chosen_in_an_organization_is_granted_on_the_root_folder(
    cast: Cast, in_org: Walk, choice: str, audiences: set[str]
) -> None:
    in_org.to("permissions").post("permissions", choice=choice, workspaces=[cast.fireworks.pk])
    assert shared_with(in_org) == audiences


def test_all_of_a_tenant_is_one_grant(in_tenant: Walk) -> None:
    in_tenant.to("permissions").post("permissions", choice="all")
    assert shared_with(in_tenant) == {"everybody"}


def test_an_organization_stands_for_all_its_workspaces(cast: Cast, in_tenant: Walk) -> None:
    in_tenant.to("permissions").post(
        "permissions", choice="some", organizations=[cast.tnt.pk], workspaces=[cast.fireworks.pk, cast.pager.pk]
    )
    assert shared_with(in_tenant) == {"tnt", "ops/pager"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Select who may use what this integration discovers."),
        ({"choice": "everyone"}, "Select who may use what this integration discovers."),
        ({"choice": "some"}, "Select at least one of them, or No Permissions."),
    ],
)
def test_no_choice_makes_no_integration(in_org: Walk, data: dict[str, Any], sentence: str) -> None:
    in_org.to("permissions").post("permissions", **data)
    assert sentence in in_org.page
    assert in_org.draft().steps_done == 4


@pytest.mark.parametrize("place", ["pager", "garbage"])
def test_a_workspace_outside_the_scope_is_refused(cast: Cast, in_org: Walk, place: str) -> None:
    posted = cast.pager.pk if place == "pager" else "x"
    in_org.to("permissions").post("permissions", choice="some", workspaces=[posted])
    assert "This belongs to acme/tnt and can only be shared within it. Select from the list." in in_org.page
    in_org.draft()


def test_places_of_another_tenant_are_refused(cast: Cast, in_tenant: Walk) -> None:
    in_tenant.to("permissions").post("permissions", choice="some", organizations=[cast.globex_org.pk])
    assert "This belongs to acme and can only be shared within it. Select from the list." in in_tenant.page


def test_previous_keeps_the_choice(cast: Cast, in_org: Walk) -> None:
    in_org.to("permissions").post("permissions", do="previous", choice="some", workspaces=[cast.rockets.pk])
    assert in_org.at == "connection"
    in_org.get("permissions")
    assert f'name="workspaces" value="{cast.rockets.pk}" checked' in in_org.html
    assert 'value="some" id="id_choice_1" checked' in in_org.html
    assert f'value="{cast.fireworks.pk}" checked' not in in_org.html


def test_create_integration_makes_it_of_the_draft_and_starts_the_first_sync(in_org: Walk) -> None:
    draft = in_org.to("permissions").draft()
    in_org.post("permissions", choice="all")
    integration = in_org.integration()
    assert in_org.answer.headers["Location"] == in_org.scope.url("integration_detail", integration="awsi")
    assert (integration.uid, integration.handle, integration.role_arn) == (draft.uid, "awsi", ROLE_ARN)
    assert integration.organization == in_org.scope.organization
    assert (integration.handle_prefix, integration.discovery_external_id) == ("acme_", draft.discovery_external_id)
    with isolation.as_tenant(in_org.tenant.pk):
        assert not Draft.objects.exists()
        run = SyncRun.objects.get()
    assert (run.trigger, run.state, run.started_by.handle) == ("created", "queued", "org-owner")  # type: ignore[union-attr]
    event = in_org.audit()[-1]
    assert (event.action, event.details) == ("integration.created", {"shared_with": ["acme/tnt"]})


def test_a_key_pair_goes_over_to_the_integration(in_tenant: Walk) -> None:
    in_tenant.to("connection", discovery=BY_KEY).post("connection", **CONNECTION)
    in_tenant.post("permissions", choice="none")
    integration = in_tenant.integration()
    assert (integration.access_mode, integration.secret_key) == ("key", BY_KEY["secret_key"])
    assert integration.organization is None


def test_the_page_costs_the_same_with_many_workspaces(cast: Cast, in_tenant: Walk) -> None:
    in_tenant.to("permissions")
    with CaptureQueriesContext(connection) as few:
        in_tenant.get("permissions")
    with isolation.as_tenant(cast.acme.pk):
        for number in range(5):
            organization = factories.organization(cast.at_tenant, f"org-{number}", owner=cast.tenant_owner)
            factories.workspace(Scope(cast.acme, organization), f"ws-{number}", owner=cast.tenant_owner)
    with CaptureQueriesContext(connection) as many:
        in_tenant.get("permissions")
    assert "ws-4" in in_tenant.page
    assert len(many) == len(few)

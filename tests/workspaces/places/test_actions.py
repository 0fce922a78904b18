"""What people do to places."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Power, Scope, power_in
from workspaces.models import AuditEvent, Membership, Organization, Plan, Role, Tenant, User, Workspace
from workspaces.places import actions, members


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-id")[0]


def power_of(user: User, scope: Scope) -> Power:
    return power_in(scope, Membership.objects.filter(user=user))


def test_who_creates_an_organization_owns_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = actions.create_organization(scope=cast.at_tenant, handle="new-one", name="New", by=cast.tenant_member)
        assert power_of(cast.tenant_member, Scope(cast.acme, made)) == Power.OWNER
        event = last_event()
    assert (event.action, event.actor, event.object_label) == (
        "organization.created",
        "tenant-member@example.com",
        "new-one",
    )
    assert event.organization_id == made.pk


def test_who_creates_a_workspace_owns_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = actions.create_workspace(scope=cast.at_org, handle="new-one", name="New", by=cast.org_owner)
        assert Membership.objects.get(user=cast.org_owner, workspace=made).role == Role.OWNER
        assert last_event().action == "workspace.created"


def test_a_handle_that_is_taken_leaves_nothing_behind(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        before = AuditEvent.objects.count()
        with pytest.raises(IntegrityError):
            actions.create_organization(scope=cast.at_tenant, handle="tnt", name="Again", by=cast.tenant_owner)
        assert AuditEvent.objects.count() == before


def test_the_same_handle_may_be_used_in_another_place(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        actions.create_organization(scope=Scope(cast.globex), handle="tnt", name="Theirs", by=cast.stranger)
        assert set(Organization.objects.values_list("handle", "name")) == {("main", "MAIN"), ("tnt", "Theirs")}
    with isolation.as_tenant(cast.acme.pk):
        in_ops = Scope(cast.acme, cast.ops)
        actions.create_workspace(scope=in_ops, handle="fireworks", name="Theirs", by=cast.tenant_owner)
        same = Workspace.objects.filter(handle="fireworks").values_list("organization_id", "name")
        assert set(same) == {(cast.tnt.pk, cast.fireworks.name), (cast.ops.pk, "Theirs")}


def test_changing_a_place_records_what_it_was_before(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        actions.change_place(scope=cast.at_org, handle="dynamite", name="Dynamite", by=cast.org_owner)
        event = last_event()
        assert Organization.objects.filter(handle="dynamite", name="Dynamite").exists()
    assert event.action == "organization.changed"
    assert event.details["before"] == {"handle": "tnt", "name": "TNT"}
    assert event.details["after"] == {"handle": "dynamite", "name": "Dynamite"}


def test_a_new_member_of_a_workspace_can_walk_to_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        members.add_member(scope=cast.at_workspace, user=cast.stranger, role=Role.READER, by=cast.workspace_owner)
        powers = [power_of(cast.stranger, scope) for scope in (cast.at_tenant, cast.at_org, cast.at_workspace)]
        assert powers == [Power.MEMBER] * 3
        assert power_of(cast.stranger, Scope(cast.acme, cast.tnt, cast.rockets)) == Power.NONE


def test_a_role_that_does_not_fit_the_place_is_refused(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for scope, role in ((cast.at_org, Role.READER), (cast.at_workspace, Role.MEMBER)):
            with pytest.raises(IntegrityError), transaction.atomic():
                members.add_member(scope=scope, user=cast.stranger, role=role, by=None)


def test_adding_a_member_again_is_refused_and_changes_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        with pytest.raises(members.AlreadyMemberError):
            members.add_member(scope=cast.at_org, user=cast.org_member, role=Role.OWNER, by=cast.org_owner)
        assert power_of(cast.org_member, cast.at_org) == Power.MEMBER


@pytest.mark.django_db
@pytest.mark.parametrize("handle", ["Acme", "1st", "a" * 40, "a_b", "", "new", "settings"])
def test_a_tenant_gets_no_malformed_or_reserved_handle(handle: str) -> None:
    owner = User.objects.create_user(email="o@example.com", handle="o")
    with pytest.raises(ValidationError):
        actions.create_tenant(handle=handle, name="X", plan=Plan.TEAM, owner=owner, by=None)
    with isolation.as_operator():
        assert not Tenant.objects.filter(name="X").exists()


def test_two_tenants_never_share_a_handle(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        actions.create_tenant(handle="acme", name="Other", plan=Plan.TEAM, owner=cast.stranger, by=None)

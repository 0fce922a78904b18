"""Who belongs to a place, and what happens when that changes."""

import pytest
from django.utils import timezone

from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import meeting
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Plan, Role, User
from workspaces.people import invitations
from workspaces.places import members


def member(scope: Scope, user: User) -> Membership:
    return members.members_of(scope).get(user=user)


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-id")[0]


def places_of(user: User) -> set[tuple[int | None, int | None]]:
    return set(Membership.objects.filter(user=user).values_list("organization_id", "workspace_id"))


def test_a_changed_role_is_recorded_with_what_it_was(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        reader = member(cast.at_workspace, cast.reader)
        members.change_role(scope=cast.at_workspace, member=reader, role=Role.OPERATOR, by=cast.workspace_owner)
        event = last_event()
        assert member(cast.at_workspace, cast.reader).role == Role.OPERATOR
    assert (event.action, event.actor, event.object_label) == (
        "member.role_changed",
        "workspace-owner@example.com",
        "reader",
    )
    assert event.details == {"before": "reader", "after": "operator"}
    assert event.workspace_id == cast.fireworks.pk


def test_the_same_role_again_records_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        before = AuditEvent.objects.count()
        reader = member(cast.at_workspace, cast.reader)
        members.change_role(scope=cast.at_workspace, member=reader, role=Role.READER, by=cast.workspace_owner)
        assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("level", ["at_tenant", "at_org", "at_workspace"])
def test_the_last_owner_of_a_place_cannot_be_demoted_or_removed_or_leave(cast: Cast, level: str) -> None:
    scope: Scope = getattr(cast, level)
    with isolation.as_tenant(cast.acme.pk):
        (owner,) = members.members_of(scope).filter(role=Role.OWNER)
        before = AuditEvent.objects.count()
        lesser = members.roles_in(scope)[-1]
        with pytest.raises(
            members.LastOwnerError, match=f"is the only active owner of {scope}. Make somebody else an owner"
        ):
            members.change_role(scope=scope, member=owner, role=lesser, by=cast.tenant_owner)
        with pytest.raises(members.LastOwnerError):
            members.remove_member(scope=scope, member=owner, by=cast.tenant_owner)
        with pytest.raises(members.LastOwnerError):
            members.leave(scope=scope, member=owner)
        assert members.owners_of(scope).get() == owner
        assert AuditEvent.objects.count() == before


def test_an_owner_may_go_once_there_is_another(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        promoted = member(cast.at_org, cast.org_member)
        members.change_role(scope=cast.at_org, member=promoted, role=Role.OWNER, by=cast.org_owner)
        members.leave(scope=cast.at_org, member=member(cast.at_org, cast.org_owner))
        assert members.owners_of(cast.at_org).get().user == cast.org_member
        assert last_event().action == "member.left"


def test_who_is_removed_from_an_organization_is_removed_from_its_workspaces(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        loss = members.remove_member(
            scope=cast.at_org, member=member(cast.at_org, cast.workspace_owner), by=cast.org_owner
        )
        assert [str(scope) for scope in loss.places] == ["acme/tnt/fireworks"]
        assert places_of(cast.workspace_owner) == {(None, None)}
        event = last_event()
    assert event.action == "member.removed"
    assert event.details == {"role": "member", "also_from": ["acme/tnt/fireworks"], "withdrawn_invitations": []}


def test_who_is_removed_from_the_tenant_is_removed_from_everything_in_it_and_from_nothing_else(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        members.add_member(scope=Scope(cast.globex), user=cast.org_owner, role=Role.MEMBER, by=cast.stranger)
    with isolation.as_tenant(cast.acme.pk):
        removed = member(cast.at_tenant, cast.org_owner)
        members.remove_member(scope=cast.at_tenant, member=removed, by=cast.tenant_owner)
        assert places_of(cast.org_owner) == set()
    with isolation.as_tenant(cast.globex.pk):
        assert places_of(cast.org_owner) == {(None, None)}


def test_outside_enterprise_nobody_is_left_in_a_tenant_that_nobody_sees(cast: Cast) -> None:
    guest = factories.user("guest")
    with isolation.as_tenant(cast.globex.pk):
        main = Scope(cast.globex, cast.globex_org)
        members.add_member(scope=main, user=guest, role=Role.MEMBER, by=cast.stranger)
        members.remove_member(scope=main, member=member(main, guest), by=cast.stranger)
        assert places_of(guest) == set()


def test_in_a_custom_tenant_who_is_removed_from_an_organization_stays_in_the_tenant(cast: Cast) -> None:
    assert cast.acme.plan == Plan.ENTERPRISE
    with isolation.as_tenant(cast.acme.pk):
        members.remove_member(scope=cast.at_org, member=member(cast.at_org, cast.org_member), by=cast.org_owner)
        assert places_of(cast.org_member) == {(None, None)}


def test_whoever_is_removed_cannot_come_back_by_an_old_invitation(cast: Cast) -> None:
    rockets = Scope(cast.acme, cast.tnt, cast.rockets)
    with isolation.as_tenant(cast.acme.pk):
        for email in (cast.org_member.email, "somebody-else@example.com"):
            invitations.send_invitation(
                scope=rockets, email=email, role=Role.OWNER, by=cast.org_owner, now=timezone.now()
            )
        members.remove_member(scope=cast.at_org, member=member(cast.at_org, cast.org_member), by=cast.org_owner)
        assert Invitation.objects.open().get().email == "somebody-else@example.com"


def test_an_owner_of_an_outer_place_stays_one_whatever_the_inner_says(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        assert members.outer_ownership(cast.at_workspace, cast.tenant_owner) == cast.at_tenant
        assert members.outer_ownership(cast.at_workspace, cast.org_owner) == cast.at_org
        assert members.outer_ownership(cast.at_org, cast.org_owner) is None
        assert members.outer_ownership(cast.at_tenant, cast.tenant_owner) is None


def test_a_member_that_is_gone_by_now_cannot_be_changed(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        gone = member(cast.at_workspace, cast.reader)
        members.leave(scope=cast.at_workspace, member=gone)
        with pytest.raises(Membership.DoesNotExist):
            members.change_role(scope=cast.at_workspace, member=gone, role=Role.OWNER, by=cast.org_owner)


def test_people_of_the_tenant_are_found_by_handle_or_email_only_there(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        assert members.find_in_tenant(cast.acme, "reader") == cast.reader
        assert members.find_in_tenant(cast.acme, "reader@example.com") == cast.reader
        assert members.find_in_tenant(cast.acme, "stranger") is None
        assert members.find_in_tenant(cast.acme, "read") is None


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_leave_one() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        second = member(cast.at_org, cast.org_member)
        members.change_role(scope=cast.at_org, member=second, role=Role.OWNER, by=cast.org_owner)
        first = member(cast.at_org, cast.org_owner)

    def demote(victim: Membership, by: User) -> bool:
        try:
            with isolation.as_tenant(cast.acme.pk):
                members.change_role(scope=cast.at_org, member=victim, role=Role.MEMBER, by=by)
        except members.LastOwnerError:
            return False
        return True

    outcomes = meeting(
        members.owners_of(cast.at_org),
        lambda: demote(first, cast.org_member),
        lambda: demote(second, cast.org_owner),
        tenant_id=cast.acme.pk,
    )
    assert sorted(outcomes) == [False, True]
    with isolation.as_tenant(cast.acme.pk):
        assert members.owners_of(cast.at_org).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        second = member(cast.at_org, cast.org_member)
        members.change_role(scope=cast.at_org, member=second, role=Role.OWNER, by=cast.org_owner)
        first = member(cast.at_org, cast.org_owner)

    def go(owner: Membership) -> bool:
        try:
            with isolation.as_tenant(cast.acme.pk):
                members.leave(scope=cast.at_org, member=owner)
        except members.LastOwnerError:
            return False
        return True

    outcomes = meeting(members.owners_of(cast.at_org), lambda: go(first), lambda: go(second), tenant_id=cast.acme.pk)
    assert sorted(outcomes) == [False, True]
    with isolation.as_tenant(cast.acme.pk):
        assert members.owners_of(cast.at_org).count() == 1

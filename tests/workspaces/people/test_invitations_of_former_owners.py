"""Invitations stand on the word of an owner: they are withdrawn when whoever sent them is none any more."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import in_thread, wait_until_waiting
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Role, User
from workspaces.people import accounts, invitations
from workspaces.places import members


def invite(scope: Scope, name: str, *, by: User, role: Role = Role.OWNER) -> None:
    email = f"{name}@example.com"
    with isolation.as_tenant(scope.tenant.pk):
        invitations.send_invitation(scope=scope, email=email, role=role, by=by, now=timezone.now())


def still_open(cast: Cast) -> set[str]:
    with isolation.as_tenant(cast.acme.pk):
        return {email.partition("@")[0] for email in Invitation.objects.open().values_list("email", flat=True)}


def membership(scope: Scope, user: User) -> Membership:
    with isolation.as_tenant(scope.tenant.pk):
        return Membership.objects.get(**scope.keys, user=user)


def last_event(cast: Cast) -> AuditEvent:
    with isolation.as_tenant(cast.acme.pk):
        return AuditEvent.objects.order_by("-id")[0]


@pytest.fixture
def invited(cast: Cast) -> Cast:
    """Three invitations by the second owner of tnt, one by its first, one by the tenant's."""
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_org, user=cast.org_member, by=cast.org_owner)
    invite(cast.at_org, "a", by=cast.org_member)
    invite(cast.at_workspace, "b", by=cast.org_member)
    invite(cast.at_org, "c", by=cast.org_member, role=Role.MEMBER)
    invite(cast.at_org, "kept", by=cast.org_owner)
    invite(cast.at_org, "kept-too", by=cast.tenant_owner)
    return cast


def test_those_of_an_owner_who_is_removed_go_with_them(invited: Cast, as_org_owner: Client) -> None:
    url = f"{invited.at_org.url('people')}{membership(invited.at_org, invited.org_member).pk}/remove/"
    asked = as_org_owner.get(url).content.decode()
    assert "3 open invitations that they sent will be withdrawn: a@example.com, b@example.com, c@example.com." in asked
    page = as_org_owner.post(url, follow=True).content.decode()
    assert "Removed org-member from acme/tnt. 3 open invitations that they sent were withdrawn." in page
    assert still_open(invited) == {"kept", "kept-too"}
    assert last_event(invited).details["withdrawn_invitations"] == [f"{name}@example.com" for name in "abc"]


def test_those_of_an_owner_who_becomes_less_go_too(invited: Cast, as_org_owner: Client) -> None:
    url = f"{invited.at_org.url('people')}{membership(invited.at_org, invited.org_member).pk}/role/"
    page = as_org_owner.post(url, {"role": "member"}, follow=True).content.decode()
    assert "is now Member of acme/tnt. 3 open invitations that they sent were withdrawn." in page
    assert still_open(invited) == {"kept", "kept-too"}
    assert len(last_event(invited).details["withdrawn_invitations"]) == 3


def test_those_of_an_owner_who_leaves_go_too(invited: Cast, client: Client) -> None:
    client.force_login(invited.org_member)
    url = f"{invited.at_org.url('people')}leave/"
    assert "3 open invitations that you sent will be withdrawn" in client.get(url).content.decode()
    page = client.post(url, follow=True).content.decode()
    assert "You have left acme/tnt. 3 open invitations that you sent were withdrawn." in page
    assert still_open(invited) == {"kept", "kept-too"}


def test_those_of_an_owner_who_is_deactivated_go_too(invited: Cast, installer: User) -> None:
    accounts.deactivate(person=invited.org_member, by=installer)
    assert still_open(invited) == {"kept", "kept-too"}
    assert len(last_event(invited).details["withdrawn_invitations"]) == 3


def test_what_somebody_may_still_ask_others_to_stays(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_org, user=cast.tenant_owner, by=cast.org_owner)
        members.make_owner(scope=cast.at_workspace, user=cast.org_owner, by=cast.org_owner)
    invite(cast.at_org, "a", by=cast.tenant_owner)
    invite(cast.at_workspace, "b", by=cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        members.remove_member(
            scope=cast.at_org, member=membership(cast.at_org, cast.tenant_owner), by=cast.org_owner
        )  # who owns the tenant, and so this organization, all the same
        members.remove_member(
            scope=cast.at_workspace, member=membership(cast.at_workspace, cast.org_owner), by=cast.org_owner
        )
    assert still_open(cast) == {"a", "b"}


def test_an_owner_who_changed_their_address_is_known_all_the_same(invited: Cast, installer: User) -> None:
    accounts.set_address(person=invited.org_member, email="other@example.com", by=installer)
    with isolation.as_tenant(invited.acme.pk):
        member = membership(invited.at_org, invited.org_member)
        loss = members.remove_member(scope=invited.at_org, member=member, by=invited.org_owner)
    assert len(loss.invitations) == 3


def test_invitations_of_before_senders_were_kept_are_known_by_the_address(invited: Cast) -> None:
    with isolation.as_tenant(invited.acme.pk):
        Invitation.objects.update(sender=None)
        member = membership(invited.at_org, invited.org_member)
        loss = members.remove_member(scope=invited.at_org, member=member, by=invited.org_owner)
    assert len(loss.invitations) == 3


def test_who_is_no_owner_any_more_sends_none(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        invite(cast.at_org, "late", by=cast.org_member)
    assert still_open(cast) == set()


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_is_sent_while_its_sender_is_removed_does_not_outlive_them() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_org, user=cast.org_member, by=cast.org_owner)

    def remove() -> None:
        with isolation.as_tenant(cast.acme.pk):
            member = Membership.objects.get(**cast.at_org.keys, user=cast.org_member)
            members.remove_member(scope=cast.at_org, member=member, by=cast.org_owner)

    with isolation.as_tenant(cast.acme.pk):
        invite(cast.at_org, "late", by=cast.org_member)
        removing = in_thread(remove)
        wait_until_waiting()
    removing.join()
    assert still_open(cast) == set()


def test_an_owner_of_a_workspace_takes_only_their_own_along(cast: Cast) -> None:
    invite(cast.at_workspace, "mine", by=cast.workspace_owner, role=Role.READER)
    invite(cast.at_workspace, "theirs", by=cast.org_owner, role=Role.READER)
    with isolation.as_tenant(cast.acme.pk):
        factories.member(cast.at_workspace, cast.org_owner, Role.OWNER)
        member = membership(cast.at_workspace, cast.workspace_owner)
        members.remove_member(scope=cast.at_workspace, member=member, by=cast.org_owner)
    assert still_open(cast) == {"theirs"}

"""Whoever is no member any more comes back by no old invitation, whichever of their addresses it was sent to."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from tests.conftest import Cast
from tests.workspaces.people.inviting import NEW_ACCOUNT, invite, link, role_of
from workspaces import isolation
from workspaces.models import Membership, Role, User
from workspaces.people import accounts
from workspaces.people.invitations import InvitationEmail
from workspaces.places import members

OTHER, CLAIMED = "other@example.com", "claimed@example.com"


@pytest.fixture
def letter(cast: Cast) -> InvitationEmail:
    """An invitation to another address that a member has confirmed."""
    EmailAddress.objects.create(user=cast.org_member, email=cast.org_member.email, verified=True, primary=True)
    EmailAddress.objects.create(user=cast.org_member, email=OTHER, verified=True)
    EmailAddress.objects.create(user=cast.org_member, email=CLAIMED)
    return invite(cast, cast.at_workspace, email=OTHER, role=Role.OWNER)


def come_back(person: User, letter: InvitationEmail) -> int:
    """Make the other address the one to sign in with, follow the old link, and give the answer's status."""
    person.email = OTHER
    person.save(update_fields=["email"])
    browser = Client()
    browser.force_login(person)
    return browser.post(link(letter)).status_code


def member_of_org(cast: Cast) -> Membership:
    with isolation.as_tenant(cast.acme.pk):
        return Membership.objects.get(**cast.at_org.keys, user=cast.org_member)


def test_who_was_removed_does_not_come_back_by_another_address(
    cast: Cast, as_org_owner: Client, letter: InvitationEmail
) -> None:
    as_org_owner.post(f"{cast.at_org.url('people')}{member_of_org(cast).pk}/remove/")
    assert come_back(cast.org_member, letter) == 404
    assert role_of(cast, cast.org_member, cast.at_workspace) is None


def test_who_left_does_not_come_back_by_another_address(cast: Cast, client: Client, letter: InvitationEmail) -> None:
    client.force_login(cast.org_member)
    client.post(f"{cast.at_org.url('people')}leave/")
    assert come_back(cast.org_member, letter) == 404
    assert role_of(cast, cast.org_member, cast.at_workspace) is None


def test_an_address_that_somebody_only_claims_keeps_its_invitation(
    cast: Cast, as_org_owner: Client, letter: InvitationEmail
) -> None:
    of_another = invite(cast, cast.at_org, email=CLAIMED)
    as_org_owner.post(f"{cast.at_org.url('people')}{member_of_org(cast).pk}/remove/")
    assert Client().get(link(of_another)).status_code == 200


def test_who_is_added_directly_needs_none_to_another_address(
    cast: Cast, client: Client, letter: InvitationEmail
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        members.add_member(scope=cast.at_workspace, user=cast.org_member, role=Role.READER, by=cast.org_owner)
    assert client.get(link(letter)).status_code == 404


@pytest.mark.parametrize("end", ["deactivate", "erase"])
def test_who_may_not_sign_in_gets_no_second_account_for_another_address(
    cast: Cast, client: Client, installer: User, letter: InvitationEmail, end: str
) -> None:
    if end == "deactivate":
        accounts.deactivate(person=cast.org_member, by=installer)
    else:
        accounts.erase(person=cast.org_member, by=installer, now=timezone.now())
    page = client.post(link(letter), NEW_ACCOUNT)
    assert not User.objects.filter(email=OTHER).exists()
    assert page.status_code == (404 if end == "erase" else 200)


def test_an_address_that_is_confirmed_is_not_asked_for_a_second_account(
    client: Client, letter: InvitationEmail
) -> None:
    page = client.post(link(letter), NEW_ACCOUNT).content.decode()
    assert "is taken" not in page
    assert "/account/login/" in page


def test_who_has_confirmed_the_address_but_signs_in_with_another_is_told_how_to_join(
    cast: Cast, client: Client, letter: InvitationEmail
) -> None:
    client.force_login(cast.org_member)
    page = client.post(link(letter)).content.decode()
    assert f"This invitation is for {OTHER}, and you sign in as org-member@example.com." in page
    assert "Make it the address that you sign in with, then open the link in the email again." in page
    assert 'href="/account/email/"' in page
    assert role_of(cast, cast.org_member, cast.at_workspace) is None

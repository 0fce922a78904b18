"""An address that nobody has confirmed stands for nobody: it brings no invitation and no membership."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.conftest import Cast
from tests.workspaces.people.inviting import invite, link, role_of
from tests.workspaces.sign_in.signing_in import link_in_letter, prove, sign_in, told
from workspaces import isolation
from workspaces.places import members

VICTIM = "victim@example.com"


@pytest.fixture
def squatter(cast: Cast, client: Client) -> Client:
    """A plain member of acme, signed in through the form, who says that somebody else's address is theirs."""
    sign_in(client, cast.tenant_member)
    prove(client)
    client.post(reverse("account_email"), {"action_add": "", "email": VICTIM})
    assert EmailAddress.objects.get(user=cast.tenant_member, email=VICTIM).verified is False
    return client


def test_who_is_asked_to_confirm_it_reads_whose_account_it_would_open(cast: Cast, squatter: Client) -> None:
    page = squatter.get(link_in_letter(VICTIM)).content.decode()
    assert f"who signs in as {cast.tenant_member.email}." in page


def test_nobody_signs_in_with_an_address_that_is_not_confirmed(cast: Cast, squatter: Client) -> None:
    page = squatter.post(reverse("account_email"), {"action_primary": "", "email": VICTIM}, follow=True)
    assert f"{VICTIM} is not confirmed yet" in page.content.decode()
    cast.tenant_member.refresh_from_db()
    assert cast.tenant_member.email == "tenant-member@example.com"


def test_the_password_opens_nothing_with_an_address_that_is_not_confirmed_yet(cast: Cast, squatter: Client) -> None:
    door = Client()
    for is_confirmed in (False, True):
        EmailAddress.objects.filter(email=VICTIM).update(verified=is_confirmed)
        door.post(reverse("account_login"), {"login": VICTIM.upper(), "password": factories.PASSWORD})
        assert ("_auth_user_id" in door.session) is is_confirmed
    assert told(cast.acme).count("user.signed_in") == 2  # the other was the squatter's own


def test_the_invitation_of_somebody_else_is_not_theirs(cast: Cast, squatter: Client) -> None:
    squatter.post(reverse("account_email"), {"action_primary": "", "email": VICTIM})
    letter = invite(cast, cast.at_org, email=VICTIM)
    squatter.post(link(letter))
    assert role_of(cast, cast.tenant_member, cast.at_org) is None
    assert "Create" in Client().get(link(letter)).content.decode()  # their own account is still to be had


def test_an_owner_who_adds_the_address_does_not_add_them(cast: Cast, squatter: Client) -> None:
    squatter.post(reverse("account_email"), {"action_primary": "", "email": VICTIM})
    with isolation.as_tenant(cast.acme.pk):
        assert members.find_in_tenant(cast.acme, VICTIM) is None


def test_a_confirmed_address_can_be_signed_in_with(cast: Cast, squatter: Client) -> None:
    EmailAddress.objects.filter(email=VICTIM).update(verified=True)
    squatter.post(reverse("account_email"), {"action_primary": "", "email": VICTIM})
    cast.tenant_member.refresh_from_db()
    assert cast.tenant_member.email == VICTIM


def test_an_address_that_somebody_else_signs_in_with_stays_theirs(cast: Cast, squatter: Client) -> None:
    EmailAddress.objects.filter(email=VICTIM).update(email=cast.org_member.email, verified=True)
    page = squatter.post(
        reverse("account_email"), {"action_primary": "", "email": cast.org_member.email.upper()}, follow=True
    )
    assert f"Somebody else signs in with {cast.org_member.email}." in page.content.decode()
    cast.tenant_member.refresh_from_db()
    assert cast.tenant_member.email == "tenant-member@example.com"

"""What somebody can do with a borrowed session, and what its owner and their tenants learn of it."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import (
    enter_code,
    letters,
    link_in_letter,
    prove,
    sign_in,
    told,
    turn_on_second_factor,
)
from workspaces.models import User

THIEF = "thief@elsewhere.example"
NEW = "correct-horse-42"
OWN = "tenant-owner@example.com"
SENSITIVE = [
    ("account_email", {"action_add": "", "email": THIEF}),
    ("account_email", {"action_primary": "", "email": "second@example.com"}),
    ("account_email", {"action_remove": "", "email": "second@example.com"}),
    (
        "account_change_password",
        {"oldpassword": factories.PASSWORD, "password1": "a-new-one-1", "password2": "a-new-one-1"},
    ),
    ("mfa_activate_totp", {"code": "123456"}),
    ("usersessions_list", {}),
]


def state_of(user: User) -> tuple[object, ...]:
    user.refresh_from_db()
    addresses = EmailAddress.objects.filter(user=user).exclude(email=OWN).values_list("email", "verified", "primary")
    return user.email, user.password, sorted(addresses), Authenticator.objects.filter(user=user).count()


@pytest.fixture
def borrowed(cast: Cast, client: Client) -> Client:
    """The browser of acme's owner, signed in a while ago, in other hands."""
    EmailAddress.objects.create(user=cast.tenant_owner, email="second@example.com", verified=True)
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        sign_in(client, cast.tenant_owner)
        prove(client)
    return client


@pytest.mark.parametrize(("name", "form"), SENSITIVE)
def test_a_borrowed_session_changes_nothing_without_the_password(
    cast: Cast, borrowed: Client, name: str, form: dict[str, str]
) -> None:
    elsewhere = Client()
    sign_in(elsewhere, cast.tenant_owner)
    before = state_of(cast.tenant_owner)
    refused = borrowed.post(reverse(name), form)
    assert refused["Location"].startswith(reverse("account_reauthenticate"))
    assert "Is it you?" in borrowed.get(refused["Location"]).content.decode()
    assert state_of(cast.tenant_owner) == before
    assert elsewhere.get(reverse("profile")).status_code == 200


def test_the_page_of_the_password_asks_first_and_keeps_no_password_meanwhile(cast: Cast, borrowed: Client) -> None:
    page = reverse("account_change_password")
    assert borrowed.get(page)["Location"] == f"{reverse('account_reauthenticate')}?next={page}"
    borrowed.post(page, SENSITIVE[3][1])
    assert factories.PASSWORD not in str(dict(borrowed.session))


def test_a_password_is_not_enough_where_there_is_a_second_factor(cast: Cast, borrowed: Client) -> None:
    prove(borrowed)
    secret = turn_on_second_factor(borrowed)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        refused = borrowed.post(reverse("account_email"), {"action_add": "", "email": THIEF})
        asked = borrowed.get(refused["Location"], follow=True)
        assert "a code from your authenticator app" in asked.content.decode()
        tried = borrowed.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
        assert tried["Location"].startswith(reverse("mfa_reauthenticate"))
        borrowed.post(reverse("account_email"), {"action_add": "", "email": THIEF})
        assert not EmailAddress.objects.filter(email=THIEF).exists()
        enter_code(borrowed, "mfa_reauthenticate", secret)
        borrowed.post(reverse("account_email"), {"action_add": "", "email": THIEF})
        assert EmailAddress.objects.filter(email=THIEF).exists()


def test_who_proves_who_they_are_goes_on_where_they_were(cast: Cast, borrowed: Client) -> None:
    asked = borrowed.post(reverse("account_email"), {"action_add": "", "email": "mine@example.com"})
    done = borrowed.post(asked["Location"], {"password": factories.PASSWORD})
    assert done["Location"] == reverse("account_email")
    assert EmailAddress.objects.filter(user=cast.tenant_owner, email="mine@example.com").exists()


def test_a_takeover_by_somebody_who_knows_the_password_is_told_at_every_step(cast: Cast, client: Client) -> None:
    sign_in(client, cast.tenant_owner)
    prove(client)
    mail.outbox.clear()
    page = reverse("account_email")

    client.post(page, {"action_add": "", "email": THIEF})
    assert letters() == [
        (THIEF, "Confirm your email address for Pipes"),
        (OWN, "An email address was added to your account on Pipes"),
    ]
    assert THIEF in str(mail.outbox[1].body)
    assert "127.0.0.1" in str(mail.outbox[1].body)

    client.post(link_in_letter(THIEF))
    assert letters()[2:] == [(OWN, "You can now sign in to Pipes with another email address")]
    cast.tenant_owner.refresh_from_db()
    assert cast.tenant_owner.email == OWN  # confirming changes nothing else

    client.post(page, {"action_primary": "", "email": THIEF})
    assert letters()[3:] == [(OWN, "You sign in to Pipes with another email address now")]

    client.post(page, {"action_remove": "", "email": OWN})
    assert letters()[4:] == [
        (OWN, "An email address was removed from your account on Pipes"),
        (THIEF, "An email address was removed from your account on Pipes"),
    ]
    assert list(EmailAddress.objects.filter(user=cast.tenant_owner).values_list("email", flat=True)) == [THIEF]

    client.post(reverse("account_logout"))
    client.post(reverse("account_reset_password"), {"email": THIEF})
    form = client.get(link_in_letter(THIEF))["Location"]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert letters()[6:] == [
        (THIEF, "Choose a new password for Pipes"),
        (THIEF, "Your password on Pipes was changed"),
    ]
    changes = ["user.address_added", "user.address_confirmed", "user.address_changed", "user.address_removed"]
    assert told(cast.acme, [*changes, "user.password"]) == [*changes, "user.password_reset"]
    assert told(cast.globex) == []

"""Signing in and what belongs to it, in our frame and words."""

import re
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import enter_code, letters, prove, sign_in, turn_on_second_factor
from workspaces.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_attempts_from_earlier_tests() -> None:
    cache.clear()


def test_one_signs_in_by_email_however_it_is_typed(cast: Cast, client: Client) -> None:
    form = {"login": "Tenant-Owner@Example.com", "password": factories.PASSWORD}
    assert client.post(reverse("account_login"), form)["Location"] == "/"
    assert client.get("/")["Location"] == "/tenants/acme/"


def test_signing_in_leads_to_the_page_that_was_asked_for(cast: Cast, client: Client) -> None:
    asked = client.get("/tenants/acme/orgs/tnt/")
    form = {"login": "org-owner@example.com", "password": factories.PASSWORD}
    assert client.post(asked["Location"], form)["Location"] == "/tenants/acme/orgs/tnt/"


def test_a_wrong_password_is_said_and_the_address_is_kept(cast: Cast, client: Client) -> None:
    page = client.post(
        reverse("account_login"), {"login": "org-owner@example.com", "password": "wrong"}
    ).content.decode()
    assert "are not correct" in page
    assert 'value="org-owner@example.com"' in page


def test_too_many_wrong_passwords_lock_the_door_for_a_while(cast: Cast, client: Client) -> None:
    form = {"login": "org-owner@example.com", "password": "wrong"}
    for _ in range(10):
        client.post(reverse("account_login"), form)
    page = client.post(reverse("account_login"), form | {"password": factories.PASSWORD}).content.decode()
    assert "Too many failed login attempts" in page


def test_the_page_of_too_many_requests_is_in_our_frame(client: Client) -> None:
    for _ in range(30):
        response = client.post(reverse("account_reset_password"), {"email": "somebody@example.com"})
    assert response.status_code == 429
    assert "Wait a few minutes, then try again." in response.content.decode()
    assert "Back to sign in" in response.content.decode()


def test_who_is_signed_in_is_not_sent_to_sign_in_by_too_many_requests(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    for _ in range(11):
        response = client.post(reverse("account_email"), {"action_add": "", "email": "half@"})
    assert response.status_code == 429
    assert "Go to your home page" in response.content.decode()
    assert "Back to sign in" not in response.content.decode()


def test_nobody_signs_up_by_themselves(client: Client) -> None:
    page = client.get(reverse("account_signup"))
    assert "Nobody signs up by themselves here" in page.content.decode()
    form = {"email": "new@example.com", "password1": factories.PASSWORD, "password2": factories.PASSWORD}
    client.post(reverse("account_signup"), form)
    assert not User.objects.filter(email="new@example.com").exists()


def test_the_first_owner_chooses_a_password_by_email(client: Client) -> None:
    owner = User.objects.create_user(email="owner@example.com", handle="owner")
    client.post(reverse("account_reset_password"), {"email": "owner@example.com"})
    (sent,) = mail.outbox
    assert sent.subject == "Choose a new password for Pipes"
    assert sent.alternatives == []  # type: ignore[attr-defined]  # plain text only
    link = re.search(r"http://localhost:8000(/account\S+)", str(sent.body))
    assert link
    form_url = client.get(link[1])["Location"]
    new = {"password1": "tunnel-painter-7", "password2": "tunnel-painter-7"}
    assert client.post(form_url, new).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password("tunnel-painter-7")
    assert "This link no longer works" in client.get(link[1]).content.decode()


def test_an_unknown_address_gets_no_letter_and_the_page_tells_nothing(client: Client) -> None:
    factories.user("known")
    pages = [
        client.post(reverse("account_reset_password"), {"email": address}, follow=True).content
        for address in ("known@example.com", "unknown@example.com")
    ]
    assert re.sub(rb'"[A-Za-z0-9]{64}"', b"", pages[0]) == re.sub(rb'"[A-Za-z0-9]{64}"', b"", pages[1])
    assert letters() == [("known@example.com", "Choose a new password for Pipes")]


def test_signing_out_needs_a_confirmation_or_the_menu(cast: Cast, as_org_owner: Client) -> None:
    assert "Stay signed in" in as_org_owner.get(reverse("account_logout")).content.decode()
    as_org_owner.post(reverse("account_logout"))
    assert as_org_owner.get("/").status_code == 302


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mfa_index", "Authenticator app"),
        ("account_change_password", "Change your password"),
        ("account_email", "Add an address"),
        ("account_reauthenticate", "Is it you?"),
        ("usersessions_list", "Where you are signed in"),
    ],
)
def test_each_account_page_stands_in_our_frame(cast: Cast, client: Client, name: str, words: str) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    page = client.get(reverse(name)).content.decode()
    assert words in page
    assert page.count("<h1>") == 1
    assert "css/tokens.css" in page


def test_the_second_factor_can_be_turned_on_used_and_turned_off(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    assert 'src="data:image/svg+xml' in client.get(reverse("mfa_activate_totp")).content.decode()
    secret = turn_on_second_factor(client)
    assert "Recovery codes" in client.get(reverse("mfa_index")).content.decode()
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200
    assert client.get(reverse("mfa_generate_recovery_codes")).status_code == 200

    client.post(reverse("account_logout"))
    assert sign_in(client, cast.org_owner)["Location"] == reverse("mfa_authenticate")
    assert "Enter your code" in client.get(reverse("mfa_authenticate")).content.decode()
    enter_code(client, "mfa_authenticate", secret)
    assert client.get("/tenants/acme/orgs/tnt/").status_code == 200

    enter_code(client, "mfa_reauthenticate", secret)
    assert "Turn off the authenticator app" in client.get(reverse("mfa_deactivate_totp")).content.decode()
    client.post(reverse("mfa_deactivate_totp"))
    assert "Recovery codes" not in client.get(reverse("mfa_index")).content.decode()


def test_who_was_signed_out_meanwhile_comes_back_to_the_page_of_the_form(client: Client, cast: Cast) -> None:
    people = reverse("people", kwargs={"tenant": "acme"})
    target = reverse("organization_create", kwargs={"tenant": "acme"})
    for page, back in (
        (f"http://testserver{people}?q=a&page=2", f"{people}?q=a&page=2"),
        (f"http://testserver{people}", people),
        ("http://elsewhere.example/x/", "/"),
        ("", "/"),
    ):
        asked = client.post(target, {"handle": "late"}, headers={"Referer": page})
        assert asked["Location"] == f"{reverse('account_login')}?{urlencode({'next': back}, safe='/')}"

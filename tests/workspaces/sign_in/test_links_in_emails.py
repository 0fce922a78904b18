"""Links in letters lead to where the operator says that people find us, whatever name a request was made by."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests import factories
from tests.conftest import Cast

EVIL = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


@pytest.fixture(autouse=True)
def _any_name(settings: Settings, own_cache: None) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://pipes.example.com/"


def links() -> list[str]:
    """Give every address in the letters that were sent."""
    text = "\n".join(f"{letter.subject}\n{letter.body}" for letter in mail.outbox)
    assert "evil" not in text
    return re.findall(r"\w+://\S+", text)


@pytest.mark.parametrize("address", ["org-owner@example.com", "nobody@example.com"])
def test_a_password_reset(cast: Cast, client: Client, address: str) -> None:
    client.post(reverse("account_reset_password"), {"email": address}, headers=EVIL)
    assert all(link.startswith("https://pipes.example.com/") for link in links())


def test_the_link_of_a_password_reset_works(cast: Cast, client: Client) -> None:
    client.post(reverse("account_reset_password"), {"email": "org-owner@example.com"}, headers=EVIL)
    (link,) = (link for link in links() if "/reset/key/" in link)
    page = client.get(link.removeprefix("https://pipes.example.com"), follow=True)
    assert "Choose a new password" in page.content.decode()


def test_a_confirmation_of_an_address(cast: Cast, client: Client) -> None:
    client.post(reverse("account_login"), {"login": "org-owner@example.com", "password": factories.PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    form = {"email": "another@example.com", "action_add": ""}
    client.post(reverse("account_email"), form, headers=EVIL)
    assert mail.outbox != []
    (link,) = (link for link in links() if "confirm" in link)
    assert link.startswith("https://pipes.example.com/account/confirm-email/")


def test_an_invitation(
    cast: Cast, as_org_owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    cast.org_owner.name = "Your account is locked: http://evil.example"
    cast.org_owner.save(update_fields=["name"])
    with django_capture_on_commit_callbacks(execute=True):
        as_org_owner.post(cast.at_org.url("person_add"), {"who": "new@example.com", "role": "member"}, headers=EVIL)
    (link,) = links()
    assert link.startswith("https://pipes.example.com/invitations/")
    assert mail.outbox[0].subject == "org-owner@example.com invites you to acme/tnt on Pipes"

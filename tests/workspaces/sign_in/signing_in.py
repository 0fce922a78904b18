"""What tests of accounts share: signing in through the form, proving that it is oneself, second factors."""

import re
from collections.abc import Iterable

import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from workspaces import isolation
from workspaces.models import AuditEvent, Tenant, User


def sign_in(client: Client, person: User, password: str = factories.PASSWORD) -> HttpResponse:
    response = client.post(reverse("account_login"), {"login": person.email, "password": password})
    assert isinstance(response, HttpResponse)
    return response


def prove(client: Client) -> None:
    """Enter the password again, as the page asks before what is sensitive."""
    response = client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    assert response.status_code == 302


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def enter_code(client: Client, page: str, secret: str) -> HttpResponse:
    cache.clear()  # a code counts once; in tests the same one has to do several times
    with time_machine.travel(timezone.now(), tick=False):  # it must not grow old on the way
        response = client.post(reverse(page), {"code": code_of(secret)})
    assert isinstance(response, HttpResponse)
    return response


def turn_on_second_factor(client: Client) -> str:
    """Turn it on for whoever is signed in and has just proved who they are; give the secret."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'data-copy="([A-Z2-7]+)"', page)
    assert secret
    assert enter_code(client, "mfa_activate_totp", secret[1]).status_code == 302
    return secret[1]


def link_in_letter(to: str) -> str:
    """Give the path of the link in the last letter to this address."""
    letter = next(letter for letter in reversed(mail.outbox) if letter.to == [to])
    found = re.search(r"https?://[^/\s]+(/account/\S+)", str(letter.body))
    assert found
    return found[1]


def letters() -> list[tuple[str, str]]:
    """Every letter since the test began: to whom, and its subject."""
    return [(letter.to[0], str(letter.subject)) for letter in mail.outbox]


def told(tenant: Tenant, actions: Iterable[str] = ("user.",)) -> list[str]:
    """Actions in the tenant's audit log that begin like this, oldest first."""
    with isolation.as_tenant(tenant.pk):
        found = AuditEvent.objects.order_by("id").values_list("action", flat=True)
        return [action for action in found if action.startswith(tuple(actions))]

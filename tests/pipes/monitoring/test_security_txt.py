"""Whoever finds a hole learns whom to tell."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

ADDRESS = "/.well-known/security.txt"


def test_there_is_nothing_where_the_operator_names_nobody(db: None, client: Client, settings: Settings) -> None:
    settings.PIPES_SECURITY_CONTACT = ""
    assert client.get(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("security@example.com", "mailto:security@example.com"),
        ("mailto:security@example.com", "mailto:security@example.com"),
        ("https://example.com/report", "https://example.com/report"),
    ],
)
def test_the_contact_stands_there_and_expires(client: Client, settings: Settings, contact: str, shown: str) -> None:
    settings.PIPES_SECURITY_CONTACT = contact
    settings.BASE_URL = "https://pipes.example.com/"
    answer = client.get(ADDRESS)
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert (fields["Contact"], fields["Canonical"]) == (shown, f"https://pipes.example.com{ADDRESS}")
    ends_at = datetime.fromisoformat(fields["Expires"])
    assert timezone.now() < ends_at < timezone.now() + timedelta(days=365)

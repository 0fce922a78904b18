"""Where a request comes from: believed of as many proxies as the operator says stand in front, and of nobody else."""

from collections.abc import Mapping

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.conftest import Cast
from tests.signed_in import sign_in_anew
from workspaces import isolation
from workspaces.models import AuditEvent

PEER = "198.51.100.1"  # who is connected to us: a proxy, or whoever came past it
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "Client-IP": "203.0.113.9",
}

# How many proxies are trusted, what X-Forwarded-For says, and who it was.
CHAINS = [
    (0, "203.0.113.9", PEER),
    (1, "203.0.113.9", "203.0.113.9"),
    (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
    (1, "10.9.9.9,,nonsense ,203.0.113.9", "203.0.113.9"),
    (2, "10.9.9.9, 203.0.113.9, 192.0.2.4", "203.0.113.9"),
    (2, "203.0.113.9", "203.0.113.9"),  # one of the two was gone round
    (1, "", PEER),
    (1, "203.0.113.9, nonsense", PEER),
    (1, "203.0.113.9, ", PEER),
    (1, "unknown", PEER),
    (1, "203.0.113.9:51234", "203.0.113.9"),
    (1, "2001:db8::17", "2001:db8::17"),
    (1, "2001:DB8:0::17", "2001:db8::17"),
    (1, "[2001:db8::17]:443", "2001:db8::17"),
    (1, "[2001:db8::17]", "2001:db8::17"),
    (1, "::ffff:203.0.113.9", "203.0.113.9"),
    (1, "fe80::1%eth0", "fe80::1"),
]


def rename(client: Client, cast: Cast, name: str, headers: Mapping[str, str]) -> AuditEvent:
    """Rename the workspace, and give what the audit log has of it."""
    url = cast.at_workspace.url("workspace_advanced")
    client.post(url, {"handle": "fireworks", "name": name}, headers=headers, REMOTE_ADDR=PEER)
    with isolation.as_tenant(cast.acme.pk):
        return AuditEvent.objects.order_by("-pk")[0]


@pytest.mark.parametrize(("proxies", "chain", "address"), CHAINS)
def test_the_audit_log_and_the_sessions_have_the_address_that_the_trusted_proxy_saw(
    cast: Cast, own_cache: None, client: Client, settings: Settings, proxies: int, chain: str, address: str
) -> None:
    sign_in_anew(client, cast.org_owner)
    settings.PIPES_TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": chain} if chain else {}
    assert rename(client, cast, "Bang", headers).remote_address == address
    assert [str(session.ip) for session in UserSession.objects.filter(user=cast.org_owner)] == [address]


@pytest.mark.parametrize("proxies", [0, 1])
def test_no_other_header_says_where_a_request_comes_from(
    cast: Cast,
    own_cache: None,
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    proxies: int,
) -> None:
    sign_in_anew(client, cast.org_owner)
    settings.PIPES_TRUSTED_PROXIES = proxies
    headers = FORGED | {"X-Forwarded-For": f"{FORGED['X-Forwarded-For']}, 192.0.2.4"}
    expected = "192.0.2.4" if proxies else PEER
    assert rename(client, cast, "Boom", headers).remote_address == expected
    assert [str(session.ip) for session in UserSession.objects.filter(user=cast.org_owner)] == [expected]
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert {(line["event"], line["ip"]) for line in lines} >= {("request_finished", expected)}
    assert {line["ip"] for line in lines} == {expected}


def sign_in(client: Client, password: str, chain: str, who: str) -> bool:
    form = {"login": f"{who}@example.com", "password": password}
    return client.post(
        reverse("account_login"), form, headers={"X-Forwarded-For": chain}, REMOTE_ADDR=PEER
    ).status_code in (301, 302)


def test_wrong_passwords_of_one_address_keep_nobody_else_from_signing_in(
    cast: Cast, own_cache: None, settings: Settings
) -> None:
    settings.PIPES_TRUSTED_PROXIES = 1
    for number in range(12):
        sign_in(Client(), "wrong", "192.0.2.66", f"nobody-{number}")
    assert not sign_in(Client(), factories.PASSWORD, "192.0.2.66", "org-owner")
    assert sign_in(Client(), factories.PASSWORD, "203.0.113.9", "org-owner")


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forged_address_in_front_gives_no_further_attempts(
    cast: Cast, own_cache: None, settings: Settings, proxies: int
) -> None:
    settings.PIPES_TRUSTED_PROXIES = proxies
    real = ", 192.0.2.66" if proxies else ""
    for number in range(12):
        sign_in(Client(), "wrong", f"203.0.113.{number}{real}", f"nobody-{number}")
    assert not sign_in(Client(), factories.PASSWORD, f"203.0.113.77{real}", "org-owner")


@pytest.mark.parametrize(
    ("proxies", "scheme", "is_secure"),
    [
        (0, "https", False),
        (1, "https", True),
        (1, "http", False),
        (1, "https, http", False),  # the first is what the client sent
        (2, "https, http", True),
        (1, "", False),
        (1, "HTTPS", False),
    ],
)
def test_https_is_believed_of_trusted_proxies_only(
    client: Client, settings: Settings, proxies: int, scheme: str, is_secure: bool
) -> None:
    settings.PIPES_TRUSTED_PROXIES = proxies
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/theme/", headers={"X-Forwarded-Proto": scheme} if scheme else {})
    assert (response.status_code == 405) is is_secure

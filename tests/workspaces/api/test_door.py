"""How a program gets in, and that whatever it sends it is answered in JSON."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.conftest import Cast
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.api import door
from workspaces.models import Tenant, Token


def problem(answer: Any, status: int) -> dict[str, Any]:
    """What an answer says; it has everything that the published clients decode."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "instance", "detail"} <= set(said)
    assert (said["status"], bool(said["detail"])) == (status, True)
    return said


@pytest.mark.parametrize("sent", ["", "Basic b2xpdmlh", "Bearer", "Bearer tpt_x", "Bearer " + "x" * 5000, "tpt_1"])
def test_without_a_token_nothing_is_told(client: Client, cast: Cast, sent: str) -> None:
    for path in ("/actor", "/org/tnt", "/no/such/thing", ""):
        answer = client.get(f"/api/v0{path}", headers={"Authorization": sent} if sent else {})
        problem(answer, 401)
        assert answer["WWW-Authenticate"] == "Bearer"


def test_somebody_signed_in_by_cookie_is_nobody_here(client: Client, cast: Cast) -> None:
    client.force_login(cast.org_owner)
    problem(client.get("/api/latest/actor"), 401)


def test_both_names_are_the_same_thing(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    headers = {"Authorization": f"Bearer {ours.token}"}
    answers = [ours.client.get(f"/api/{name}/actor", headers=headers) for name in ("v0", "latest")]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("GET", "/nothing", "", 404, None),
        ("GET", "/actor/", "", 404, None),
        ("GET", "/org/nobodys", "", 404, None),
        ("PUT", "/actor", "{}", 405, None),
        ("DELETE", "/actor", "", 405, None),
        ("POST", "/org", "{", 400, None),
        ("POST", "/org", "[]", 400, None),
        ("POST", "/org", "{}", 400, "handle"),
        ("POST", "/org", '{"handle": 5}', 400, "handle"),
        ("POST", "/org", '{"handle": "Not One"}', 400, "handle"),
        ("GET", "/org?limit=0", "", 400, "limit"),
        ("GET", "/org?limit=101", "", 400, "limit"),
        ("GET", "/org?limit=many", "", 400, "limit"),
        ("GET", "/org?next_token=made-up", "", 400, "next_token"),
        ("GET", "/identity?q=%00", "", 400, None),
        ("POST", "/org", '{"handle": "a\\u0000"}', 400, None),
        ("POST", "/org", '{"handle": "a", "display_name": "\\ud800"}', 400, None),
    ],
)
def test_what_is_wrong_is_said_with_its_field(
    program: ProgramOf, cast: Cast, method: str, path: str, body: str, status: int, field: str | None
) -> None:
    ours = program(cast.tenant_owner)
    headers = {"Authorization": f"Bearer {ours.token}"}
    answer = ours.client.generic(method, f"/api/latest{path}", body, content_type="application/json", headers=headers)
    said = problem(answer, status)
    assert [one["location"] for one in said.get("validation_errors", [])] == ([field] if field else [])


def test_a_large_body_is_refused_in_json(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    problem(ours("POST", "/org", {"handle": "x" * 3_000_000}), 413)


def test_a_token_that_gets_refusals_alone_is_used_too(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    problem(ours("GET", "/org/nobodys"), 404)
    with isolation.as_tenant(cast.acme.pk):
        assert Token.objects.get().last_used_at is not None


def test_what_a_refused_request_has_written_is_undone(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    # The first is kept, and then the second is refused.
    refused = ours("PATCH", "/settings", {"max_token_expiration": 86400, "personal_workspaces": "enabled"})
    assert problem(refused, 400)["validation_errors"][0]["location"] == "personal_workspaces"
    with isolation.as_operator():
        assert Tenant.objects.get(pk=cast.acme.pk).token_max_days is None


def test_a_token_signs_in_with_two_statements(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    ours.get("/actor")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        ours.get("/actor")
    statements = [one["sql"] for one in asked.captured_queries if "SAVEPOINT" not in one["sql"]]
    own = [sql for sql in statements if "WITH before AS MATERIALIZED" not in sql]
    assert len(own) == 2, own


def test_who_asks_too_often_is_told_when_to_come_back(
    program: ProgramOf, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = program(cast.org_owner), program(cast.tenant_owner)
    monkeypatch.setattr(door, "PER_TOKEN", 2)
    answers = [ours("GET", "/actor") for _ in range(6)]  # over a minute's end, too, some are too many
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 0 < int(refused[0]["Retry-After"]) <= 60
    problem(refused[0], 429)
    other.get("/actor")


def test_pages_of_a_list_follow_each_other_and_are_nobody_elses(program: ProgramOf, cast: Cast) -> None:
    ours, other = program(cast.tenant_owner), program(cast.org_owner)
    first = ours.get("/org?limit=1")
    second = ours.get(f"/org?limit=1&next_token={first['next_token']}")
    assert [one["items"][0]["handle"] for one in (first, second)] == ["tnt", "ops"]
    assert "next_token" not in second
    for stolen in (
        other("GET", f"/org?next_token={first['next_token']}"),
        ours("GET", f"/actor/org?next_token={first['next_token']}"),
    ):
        assert problem(stolen, 400)["validation_errors"][0]["location"] == "next_token"


def test_a_token_that_is_over_signs_nobody_in(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    problem(ours("GET", "/actor"), 401)


def test_a_token_in_the_clear_is_refused_and_not_led_elsewhere(
    program: ProgramOf, cast: Cast, settings: Settings
) -> None:
    ours = program(cast.org_owner)
    settings.SECURE_SSL_REDIRECT = True
    assert "make another one" in problem(ours("GET", "/actor"), 403)["detail"]
    headers = {"Authorization": f"Bearer {ours.token}"}
    assert ours.client.get("/api/latest/actor", headers=headers, secure=True).status_code == 200

"""Notifications by program: who gets them, and secrets that are in one answer each."""

from typing import Any

import pytest

from integrations.models import Delivery, DeliveryDue, EmailNotifications, Webhook
from integrations.notifications import webhooks
from tests import factories
from tests.conftest import Cast
from tests.integrations.api.test_integrations import problem
from tests.programs import Program, ProgramOf
from workspaces import isolation

AT = "/org/tnt/integration/main/notification"
URL = "https://hooks.example.com/in?token=sesame"


@pytest.fixture
def ours(program: ProgramOf, cast: Cast) -> Program:
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_org, "main", by=cast.org_owner)
    return program(cast.org_owner)


def sent(program: Program, method: str, path: str, body: Any = None, **headers: str) -> Any:
    answer = program(method, path, body, **headers)
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def test_emails_are_read_and_changed_and_addresses_asked(ours: Program, cast: Cast) -> None:
    before = ours.get(f"{AT}/email")
    assert (before["topics"], before["to_owners"], before["addresses"]) == (["approval", "trouble"], True, [])
    after = sent(ours, "PATCH", f"{AT}/email", {"addresses": ["Ops@Example.com"]}, **{"If-Match": "1"})
    assert (after["addresses"], after["unconfirmed"]) == (["ops@example.com"], ["ops@example.com"])
    assert (after["topics"], after["version_id"]) == (before["topics"], 2)
    assert ours("PATCH", f"{AT}/email", {"to_owners": False}, **{"If-Match": "1"}).status_code == 412
    assert "is no email address" in problem(ours("PATCH", f"{AT}/email", {"addresses": ["x"]}), 400, "addresses")
    sent(ours, "POST", f"{AT}/email/ask", {"address": "ops@example.com"})
    assert "needs no confirmation" in problem(ours("POST", f"{AT}/email/ask", {"address": "a@b.example"}), 409)
    assert sent(ours, "POST", f"{AT}/email/test") == {"sent": 1}
    deliveries = ours.get(f"{AT}/delivery")["items"]
    assert [one["event"] for one in deliveries] == ["test", "address.question", "address.question"]
    sent(ours, "PATCH", f"{AT}/email", {"topics": [], "to_owners": False})
    assert problem(ours("POST", f"{AT}/email/test"), 409) == webhooks.NOBODY
    with isolation.as_tenant(cast.acme.pk):
        assert EmailNotifications.objects.get().facts["to_owners"] is False


def test_a_webhook_lives_and_its_secret_is_in_two_answers(ours: Program, cast: Cast) -> None:
    refused = ours("POST", f"{AT}/webhook", {"name": "chat", "url": "http://127.0.0.1/"})
    assert problem(refused, 400, "url")
    made = sent(ours, "POST", f"{AT}/webhook", {"name": " chat ", "url": URL})
    secret, one = made["secret"], f"{AT}/webhook/{made['id']}"
    assert (made["name"], made["origin"]) == ("chat", "https://hooks.example.com")
    assert made["topics"] == ["changes", "approval", "trouble"]
    assert problem(ours("POST", f"{AT}/webhook", {"name": "again", "url": URL}), 400, "url")
    changed = sent(ours, "PATCH", one, {"topics": ["trouble"], "is_on": False}, **{"If-Match": "1"})
    assert (changed["topics"], changed["is_on"], changed["version_id"]) == (["trouble"], False, 2)
    assert ours("PATCH", one, {"is_on": True}, **{"If-Match": "1"}).status_code == 412
    rotated = sent(ours, "POST", f"{one}/rotate", {"former_secret_until": ""})
    assert rotated["secret"] not in (secret, "")
    # Sent twice it rotates once.
    assert problem(ours("POST", f"{one}/rotate", {"former_secret_until": ""}), 409) == webhooks.ROTATED_ALREADY
    again = sent(ours, "POST", f"{one}/rotate", {"former_secret_until": rotated["former_secret_until"]})
    assert "former_secret_until" not in sent(ours, "POST", f"{one}/end_former_secret")
    # As the webhook has it: none, once the former secret is over.
    last = sent(ours, "POST", f"{one}/rotate", {"former_secret_until": ""})
    assert problem(ours("POST", f"{one}/rotate", {"former_secret_until": ""}), 409) == webhooks.ROTATED_ALREADY
    assert sent(ours, "POST", f"{one}/test") == {"sent": 1}
    (delivery,) = ours.get(f"{AT}/delivery")["items"]
    assert (delivery["webhook_id"], delivery["state"], delivery["event"]) == (made["id"], "waiting", "test")
    with isolation.as_tenant(cast.acme.pk):
        DeliveryDue.objects.all().delete()
        Delivery.objects.update(state=Delivery.State.FAILED, error="It answered 500.", status=500)
    failed = ours.get(f"{AT}/delivery")["items"][0]
    assert (failed["state"], failed["reason"], failed["status"]) == ("failed", "It answered 500.", 500)
    assert sent(ours, "POST", f"{AT}/delivery/{delivery['id']}/send")["state"] == "waiting"
    said = "".join(
        ours("GET", path).content.decode() for path in (f"{AT}/webhook", one, f"{AT}/delivery", "/org/tnt/audit_log")
    )
    for kept in (secret, rotated["secret"], again["secret"], last["secret"], "sesame"):
        assert kept not in said
    assert ours("GET", f"{AT}/webhook/none").status_code == 404
    sent(ours, "DELETE", one)
    with isolation.as_tenant(cast.acme.pk):
        assert not Webhook.objects.exists()

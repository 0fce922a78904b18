"""The sender: claims, attempts, what ends them, and that no tenant waits for another."""

import json
import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import clean_up, retention
from integrations.jobs.outcome import Outcome
from integrations.models import Delivery, DeliveryDue, Integration, SyncRun, Topic, Webhook
from integrations.notifications import delivery as notifications_delivery
from integrations.notifications import http_client, outbox, signing, webhooks
from integrations.notifications.delivery import AT_ONCE, AT_ONCE_OF_ONE, CLAIM_LIFETIME, MOST_ATTEMPTS
from integrations.notifications.http_client import Answer
from tests import factories
from tests.conftest import Cast
from tests.integrations.notifications.conftest import CREATED, MOVED, REMOVED, Received, Receiver, Told, answer
from tests.threads import at_once
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent


def verified(received: Received, secret: str) -> bool:
    """Check a signature by the very code that the documentation gives to receivers, which is none of ours."""
    text = (Path(project.BASE_DIR) / "docs" / "notifications.md").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], namespace)
    headers = {name.lower(): value for name, value in received.headers.items()}
    found: bool = namespace["is_from_pipes"](headers, received.body, secret)
    return found


def secret_of(told: Told, hook: Webhook) -> str:
    with isolation.as_tenant(told.cast.acme.pk):
        return Webhook.objects.get(pk=hook.pk).secret


def age(**by: int) -> None:
    """Have everything been due for longer."""
    for due in DeliveryDue.objects.all():
        DeliveryDue.objects.filter(pk=due.pk).update(due_at=due.due_at - timedelta(**by))


def test_a_webhook_gets_signed_json_that_says_what_changed(told: Told, receiver: Receiver) -> None:
    hook = told.hook(receiver.url)
    run = told.changes(CREATED, MOVED)
    (delivery,) = told.deliver()
    (got,) = receiver.got
    assert verified(got, secret_of(told, hook))
    assert not verified(Received(got.path, got.headers, got.body + b" "), secret_of(told, hook))
    assert (got.path, got.headers["Content-Type"]) == ("/in/sesame-path?token=sesame", "application/json")
    old = got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 600)}
    assert not verified(Received(got.path, old, got.body), secret_of(told, hook))
    body = json.loads(got.body)
    assert body["id"] == got.headers["webhook-id"] == f"msg_{delivery.uid.hex}"
    assert abs(int(got.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    expected = {"type": "sync.changed", "tenant": "acme", "organization": "tnt", "integration": "awsi"}
    assert expected.items() <= body.items()
    assert body["url"].endswith(f"/tenants/acme/orgs/tnt/integrations/awsi/processes/{run.number}/")
    assert body["counts"] == {"create": 1, "move": 1}
    assert body["changes"][0] == {
        "kind": "create",
        "node": "connection",
        "id": "111122223333",
        "name": "card <vault>",
        "before": "",
        "after": "Root / Prod",
    }
    assert (body["changes_left_out"], len(body["changes"])) == (0, 2)
    assert (delivery.state, delivery.status, delivery.attempts, delivery.next_try_at) == ("delivered", 204, 1, None)
    assert not DeliveryDue.objects.exists()


def test_a_known_message_has_a_known_signature() -> None:
    """The example of the Standard Webhooks specification."""
    made = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        keys=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_is_told_why_something_was_removed(told: Told, receiver: Receiver) -> None:
    told.wants(Topic.CHANGES)
    told.hook(receiver.url)
    told.changes([*REMOVED[:5], "closed in AWS"], REMOVED)
    told.deliver()
    changes = json.loads(receiver.got[0].body)["changes"]
    assert [(one["after"], one["reason"]) for one in changes] == [("", "closed in AWS"), ("", "")]
    assert "gone (777788889999) from Root / Prod: closed in AWS" in mail.outbox[0].body


def test_many_changes_are_cut_for_webhooks_and_summed_up_in_emails(told: Told, receiver: Receiver) -> None:
    told.wants(Topic.CHANGES)
    told.hook(receiver.url)
    told.changes(*[CREATED] * 1000)
    told.deliver()
    body = json.loads(receiver.got[0].body)
    assert (len(body["changes"]), body["changes_left_out"]) == (100, 900)
    assert len(receiver.got[0].body) < 30_000
    assert "1,000 created" in mail.outbox[0].body
    assert "… and 975 more" in mail.outbox[0].body


def test_after_a_rotation_both_secrets_sign_for_a_day(told: Told, receiver: Receiver) -> None:
    hook = told.hook(receiver.url)
    former = secret_of(told, hook)
    now = timezone.now()
    with isolation.as_tenant(told.cast.acme.pk):
        rotated = webhooks.rotate_secret(webhook=hook, former_until="", by=told.cast.org_owner, now=now).secret
    assert rotated != former
    told.changes()
    told.deliver()
    with isolation.as_tenant(told.cast.acme.pk):
        Webhook.objects.update(former_secret_until=now)
    told.changes()
    told.deliver()
    checks = [(verified(got, rotated), verified(got, former)) for got in receiver.got]
    assert checks == [(True, True), (True, False)]


def test_an_old_secret_whose_day_is_over_is_forgotten(told: Told, cast: Cast) -> None:
    hook, now = told.hook(), timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        webhooks.rotate_secret(webhook=hook, former_until="", by=cast.org_owner, now=now)
        for moment, is_kept in ((now, True), (now + retention.FORMER_SECRET, False)):
            notifications_delivery.forget_former_secrets(moment)
            assert bool(Webhook.objects.get(pk=hook.pk).sealed_former_secret) == is_kept


def test_an_old_secret_that_was_ended_signs_no_more_and_is_forgotten(told: Told, receiver: Receiver) -> None:
    hook = told.hook(receiver.url)
    former, now, by = secret_of(told, hook), timezone.now(), told.cast.org_owner
    with isolation.as_tenant(told.cast.acme.pk):
        webhooks.end_former_secret(webhook=hook, by=by, now=now)  # there is none, and nothing to end
        rotated = webhooks.rotate_secret(webhook=hook, former_until="", by=by, now=now).secret
        for _ in range(2):
            webhooks.end_former_secret(webhook=hook, by=by, now=now + timedelta(minutes=1))
        assert Webhook.objects.get(pk=hook.pk).sealed_former_secret == ""
        assert AuditEvent.objects.filter(action="webhook.former_secret_ended").count() == 1
    told.changes()
    told.deliver()
    assert (verified(receiver.got[0], rotated), verified(receiver.got[0], former)) == (True, False)
    assert " " not in receiver.got[0].headers["webhook-signature"]


def test_what_was_not_taken_is_sent_again_with_the_same_id_and_ever_longer_waits(
    told: Told, receiver: Receiver
) -> None:
    told.hook(receiver.url)
    told.changes()
    receiver.respond = answer(500)
    waits = []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        (delivery,) = told.deliver()
        assert (delivery.attempts, delivery.status) == (attempt, 500)
        assert delivery.error == "The endpoint answered 500 Internal Server Error."
        if delivery.next_try_at and delivery.tried_at:
            waits.append(delivery.next_try_at - delivery.tried_at)
            assert told.deliver()[0].attempts == attempt  # not before its time
        age(hours=5)
    assert delivery.state == "failed"
    assert told.deliver()[0].attempts == MOST_ATTEMPTS
    assert {got.headers["webhook-id"] for got in receiver.got} == {f"msg_{delivery.uid.hex}"}
    assert timedelta(seconds=27) <= waits[0] <= timedelta(seconds=33)
    assert waits[:9] == sorted(waits[:9])
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)


def test_gone_switches_the_webhook_off_and_what_waits_for_it_fails(told: Told, receiver: Receiver) -> None:
    hook = told.hook(receiver.url)
    receiver.respond = answer(500)
    told.changes()
    told.deliver()
    receiver.respond = answer(410)
    told.changes()
    told.deliver()
    age(hours=1)
    first, second = told.deliver()
    assert (second.state, second.status) == ("failed", 410)
    assert (first.state, first.error) == ("failed", "The webhook is switched off.")
    told.changes()
    assert len(told.deliveries()) == 2
    with isolation.as_tenant(told.cast.acme.pk):
        stored = Webhook.objects.get(pk=hook.pk)
        assert (stored.is_on, "410" in stored.off_reason) == (False, True)
        event = AuditEvent.objects.get(action="webhook.switched_off")
        assert (event.actor, event.object_label) == ("system", "hook")


def test_a_worker_that_dies_before_it_records_leaves_the_message_to_the_next_with_the_same_id(
    told: Told, receiver: Receiver
) -> None:
    told.hook(receiver.url)
    told.changes()

    class PowerCutError(BaseException):
        pass

    def post_and_die(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        http_client.post(url, body, headers)
        raise PowerCutError

    (claim,) = notifications_delivery.take_due(now=timezone.now())
    for send in notifications_delivery._prepare(claim, post_and_die):
        with pytest.raises(PowerCutError):
            send()
    assert told.deliver()[0].attempts == 0  # it might only be slow
    DeliveryDue.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    (delivery,) = told.deliver()
    assert (delivery.state, len(receiver.got)) == ("delivered", 2)
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    notifications_delivery.record(claim, Answer("Too late."), now=timezone.now())
    assert told.deliveries()[0].state == "delivered"


def test_a_worker_that_was_only_slow_does_not_overwrite_what_the_next_one_noted(told: Told) -> None:
    told.hook()
    told.changes()
    (slow,) = notifications_delivery.take_due(now=timezone.now())
    later = timezone.now() + CLAIM_LIFETIME + timedelta(seconds=1)
    (second,) = notifications_delivery.take_due(now=later)
    notifications_delivery.record(slow, Answer("Too late."), now=later)
    assert told.deliveries()[0].attempts == 0
    notifications_delivery.record(second, Answer(status=204), now=later)
    notifications_delivery.record(slow, Answer("Too late."), now=later)
    (delivery,) = told.deliveries()
    assert (delivery.state, delivery.attempts, delivery.error) == ("delivered", 1, "")


def test_a_stumble_over_one_message_does_not_stop_the_others(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.hook("https://bad.example.com/")
    told.hook("https://good.example.com/")
    told.changes()

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        if "bad" in url:
            raise ZeroDivisionError
        return Answer(status=200)

    notifications_delivery.deliver_due(post=post)
    bad, good = told.deliveries()
    assert (good.state, bad.state) == ("delivered", "waiting")
    assert bad.error == "An unexpected error (ZeroDivisionError) stopped this attempt."
    assert "delivery_stumbled" in caplog.text


def test_what_was_sent_is_recorded_whatever_hinders_the_record_of_another(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL stores no zero byte; what is not recorded is sent again when its claim is over."""
    told.hook("https://bad.example.com/")
    told.hook("https://good.example.com/")
    told.changes()
    bad_is_over = threading.Event()

    def tell(record: logging.LogRecord) -> bool:
        if "delivery_not_recorded" in record.getMessage():
            bad_is_over.set()
        return True

    caplog.handler.addFilter(tell)

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        if "bad" in url:
            return Answer("\x00")
        bad_is_over.wait(60)
        return Answer(status=200)

    notifications_delivery.deliver_due(post=post)
    bad, good = told.deliveries()
    assert (good.state, bad.state, bad.attempts) == ("delivered", "waiting", 0)
    assert bad_is_over.is_set()
    later = timezone.now() + CLAIM_LIFETIME + timedelta(seconds=1)
    assert [claim.delivery_id for claim in notifications_delivery.take_due(now=later)] == [bad.pk]


def test_nothing_is_sent_for_an_integration_that_is_being_deleted(told: Told, receiver: Receiver) -> None:
    told.hook(receiver.url)
    told.changes()
    with isolation.as_tenant(told.cast.acme.pk):
        Integration.objects.update(state=Integration.State.DELETING)
    assert (told.deliver()[0].state, receiver.got) == ("failed", [])


def test_a_secret_that_cannot_be_read_is_said_and_nothing_is_posted(told: Told, receiver: Receiver) -> None:
    told.hook(receiver.url)
    with isolation.as_tenant(told.cast.acme.pk):
        Webhook.objects.update(sealed_secret="gone.AAAA")
    told.changes()
    (delivery,) = told.deliver()
    assert delivery.error == "The stored URL or secret cannot be read. Delete the webhook and make it anew."
    assert receiver.got == []


def test_an_email_that_the_mail_server_refuses_is_tried_again(told: Told, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    told.fails()
    (delivery,) = told.deliver()
    assert delivery.error == "The mail server did not take it (ConnectionRefusedError)."
    assert delivery.next_try_at is not None


def test_nothing_secret_is_logged_or_stored_in_the_clear(
    told: Told, receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    hook = told.hook(receiver.url)
    receiver.respond = answer(302, Location="http://127.0.0.1/sesame")
    told.changes()
    told.deliver()
    told.hook("http://no-such-host.invalid/sesame-path?token=sesame")
    told.changes()
    told.deliver()
    with isolation.as_tenant(told.cast.acme.pk):
        rows = [*Webhook.objects.values(), *Delivery.objects.values(), *AuditEvent.objects.values()]
    written = "".join(capsys.readouterr()) + caplog.text + repr(rows)
    assert [delivery.state for delivery in told.deliveries()] == ["waiting"] * 3
    assert [received.path for received in receiver.got] == ["/in/sesame-path?token=sesame"] * 2
    for seen in ("http://no-such-host.invalid", "302 Found", "webhook.created"):  # all that may be seen is in it
        assert seen in written
    assert "sesame" not in written
    assert secret_of(told, hook) not in written


# --- Sharing the sender -------------------------------------------------------------------------------------------


def waiting(scope: Scope, integration: Integration, number: int) -> None:
    """Have so many deliveries wait."""
    now = timezone.now() - timedelta(minutes=number)
    with isolation.as_tenant(scope.tenant.pk):
        made = Delivery.objects.bulk_create(
            Delivery(tenant=scope.tenant, integration=integration, event="test", email=f"a{n}@example.com")
            for n in range(number)
        )
        DeliveryDue.objects.bulk_create(
            DeliveryDue(delivery=each, tenant_id=scope.tenant.pk, due_at=now) for each in made
        )


@pytest.fixture
def globex(cast: Cast) -> tuple[Scope, Integration]:
    scope = Scope(cast.globex, cast.globex_org)
    with isolation.as_tenant(cast.globex.pk):
        return scope, factories.integration(scope, "theirs", by=cast.stranger)


def test_a_tenant_with_many_does_not_keep_another_waiting(told: Told, globex: tuple[Scope, Integration]) -> None:
    waiting(told.integration.scope, told.integration, 500)
    waiting(*globex, 2)
    taken = notifications_delivery.take_due(now=timezone.now())
    by_tenant = [claim.tenant_id for claim in taken]
    assert by_tenant.count(told.cast.acme.pk) == AT_ONCE_OF_ONE
    assert by_tenant.count(told.cast.globex.pk) == 2
    assert notifications_delivery.take_due(now=timezone.now()) == []  # its places are taken until something comes back
    later = timezone.now() + CLAIM_LIFETIME + timedelta(seconds=1)
    assert len(notifications_delivery.take_due(now=later)) == AT_ONCE_OF_ONE + 2


def test_what_is_under_way_at_once_is_bounded_and_the_oldest_of_each_tenant_come_first(
    told: Told, monkeypatch: pytest.MonkeyPatch, globex: tuple[Scope, Integration]
) -> None:
    waiting(told.integration.scope, told.integration, 6)
    waiting(*globex, 1)
    monkeypatch.setattr(notifications_delivery, "AT_ONCE", 2)
    assert AT_ONCE > 2
    taken = notifications_delivery.take_due(now=timezone.now())
    assert sorted(claim.tenant_id for claim in taken) == [told.cast.acme.pk, told.cast.globex.pk]
    assert notifications_delivery.take_due(now=timezone.now()) == []


@pytest.mark.django_db(transaction=True)
def test_racing_senders_share_out_what_is_due(integration: Integration) -> None:
    waiting(integration.scope, integration, 8)

    def take() -> list[int]:
        return [claim.delivery_id for claim in notifications_delivery.take_due(now=timezone.now())]

    with transaction.atomic():
        first = take()
        (second,) = at_once(take)  # before ours is over
    assert len(first) == AT_ONCE_OF_ONE
    assert not set(first) & set(second)


def test_no_transaction_is_open_while_a_webhook_is_posted_to(told: Told) -> None:
    told.hook()
    told.changes()
    depth = len(connection.savepoint_ids)
    found = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        found.append(len(connection.savepoint_ids))
        return Answer(status=200)

    (claim,) = notifications_delivery.take_due(now=timezone.now())
    for send in notifications_delivery._prepare(claim, post):
        send()
    assert found == [depth]


def test_what_is_long_over_is_forgotten_and_what_waits_is_not(told: Told, cast: Cast) -> None:
    told.fails()
    told.run(Outcome())
    told.deliver()
    told.fails()
    later = timezone.now() + retention.DELIVERY + timedelta(days=1)
    with isolation.as_tenant(cast.acme.pk):
        notifications_delivery.forget_old(later - retention.DELIVERY)
    assert [delivery.state for delivery in told.deliveries()] == ["waiting"]
    clean_up.run(now=later)
    assert len(told.deliveries()) == 1
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.count() == 3


def test_an_email_that_waits_is_not_sent_to_who_is_off_the_list_by_then(told: Told) -> None:
    told.wants(Topic.CHANGES, addresses=("ops@example.com",))
    told.changes()
    told.wants(Topic.CHANGES)
    sent = {delivery.email: (delivery.state, delivery.error) for delivery in told.deliver()}
    assert sent["ops@example.com"] == ("failed", "This address is not to get this email, or not any more.")
    assert [sent.to for sent in mail.outbox] == [[told.cast.org_owner.email]]


def test_emails_about_changes_are_bounded_whatever_happens_in_aws(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "EMAILS_PER_HOUR", 3)
    told.wants(Topic.CHANGES, addresses=("ops@example.com",))
    for _ in range(3):
        told.changes()
    assert len(told.deliveries()) == 3

"""Emptying the outbox: claim → read → send → record, with the network outside of any transaction.

A delivery is sent at least once: a worker that dies between sending and recording leaves a claim that expires, and the
same message, with the same id, is sent again. Tenants share the sender fairly: what one of them has waiting, or has at
an endpoint that does not answer, takes a few places and no more.
"""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from integrations.jobs import lease
from integrations.models import Delivery, DeliveryDue, EmailNotifications, Event, Integration, Webhook
from integrations.notifications import http_client, messages, recipients, signing
from integrations.notifications.http_client import Answer
from workspaces import audit, database, isolation
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

AT_ONCE: Final = 32  # deliveries that are under way, of all tenants
AT_ONCE_OF_ONE: Final = 4  # and of one tenant
_THREADS: Final = 16
# Longer than all that are under way can take together.
CLAIM_LIFETIME: Final = timedelta(minutes=5)
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=4)
MOST_ATTEMPTS: Final = 15  # a day in all
_SWITCHED_OFF: Final = Answer("The webhook is switched off.", is_hopeless=True)
_UNLISTED: Final = Answer("This address is not to get this email, or not any more.", is_hopeless=True)
_DELETED: Final = Answer("The integration is being deleted.", is_hopeless=True)

# Of each tenant the first few that are due, less those under way; then by turns: each tenant's first, second, …
_TAKE_DUE: Final = """
    WITH under_way AS (
        SELECT tenant_id, count(*) AS number FROM integrations_deliverydue
        WHERE claim_expires_at >= %(now)s GROUP BY tenant_id
    ), tenants AS (
        SELECT tenant_id FROM integrations_deliverydue
        WHERE due_at <= %(now)s AND (claim_expires_at IS NULL OR claim_expires_at < %(now)s) GROUP BY tenant_id
    ), chosen AS (
        SELECT ready.delivery_id
        FROM tenants LEFT JOIN under_way USING (tenant_id)
        CROSS JOIN LATERAL (
            SELECT delivery_id, due_at FROM integrations_deliverydue due
            WHERE due.tenant_id = tenants.tenant_id AND due_at <= %(now)s
                AND (claim_expires_at IS NULL OR claim_expires_at < %(now)s)
            ORDER BY due_at LIMIT GREATEST(%(of_one)s - COALESCE(under_way.number, 0), 0) FOR UPDATE SKIP LOCKED
        ) ready
        ORDER BY row_number() OVER (PARTITION BY tenants.tenant_id ORDER BY ready.due_at), ready.due_at
        LIMIT GREATEST(%(of_all)s - (SELECT COALESCE(sum(number), 0) FROM under_way), 0)
    )
    UPDATE integrations_deliverydue taken
    SET claim = %(claim)s, claim_expires_at = %(expires)s, attempts = attempts + 1
    FROM chosen WHERE taken.delivery_id = chosen.delivery_id
    RETURNING taken.tenant_id, taken.delivery_id, taken.attempts
"""

Post = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that is ours to send, for the n-th time."""

    token: uuid.UUID
    tenant_id: int
    delivery_id: int
    attempts: int


def take_due(*, now: datetime) -> list[Claim]:
    """Claim what is due; racing callers share it out. A claim that nobody gave back in time counts no more."""
    token = lease.new_claim()
    parameters: dict[str, Any] = {
        "now": now,
        "claim": token,
        "expires": now + CLAIM_LIFETIME,
        "of_one": AT_ONCE_OF_ONE,
        "of_all": AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DUE, parameters)
        return [Claim(token, *row) for row in cursor.fetchall()]


def deliver_due(*, post: Post = http_client.post) -> int:
    """Send what is due; returns how many deliveries that were."""
    claims = take_due(now=timezone.now())
    database.release()
    if not claims:
        return 0
    # All is read before anything is sent: what then goes wrong with one leaves nothing that was sent unrecorded.
    prepared = [(claim, send) for claim in claims for send in _prepare(claim, post)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="deliveries") as pool:
        under_way = {pool.submit(send): claim for claim, send in prepared}
        for done in as_completed(under_way):
            try:
                record(under_way[done], _answer(done), now=timezone.now())
            except DatabaseError:  # it is sent again when its claim is over; the others need not be
                log.exception("delivery_not_recorded")
    return len(claims)


def _answer(done: Future[Answer]) -> Answer:
    error = done.exception()
    if error is None:
        return done.result()
    log.error("delivery_stumbled", exc_info=error)
    return Answer(f"An unexpected error ({type(error).__name__}) stopped this attempt.")


def _prepare(claim: Claim, post: Post) -> Iterator[Callable[[], Answer]]:
    """Read what is to be sent, and give the sending of it; nothing when there is nothing to send any more."""
    with isolation.as_tenant(claim.tenant_id):
        waiting = Delivery.objects.select_related("run", "webhook").filter(pk=claim.delivery_id)
        delivery = database.at_most_one(waiting)
        active = Integration.objects.select_related("tenant", "organization").filter(state=Integration.State.ACTIVE)
        integration = database.at_most_one(active.filter(pk=delivery.integration_id)) if delivery else None
        token = _token(delivery, integration) if delivery and integration else None
    if delivery is None:
        return
    if integration is None:
        yield lambda: _DELETED
    elif (hook := delivery.webhook) is None:
        yield lambda: _UNLISTED if token is None else _mail(delivery, integration, token)
    elif not hook.is_on:
        yield lambda: _SWITCHED_OFF
    else:
        yield lambda: _post(delivery, integration, hook, post)


def _token(delivery: Delivery, integration: Integration) -> str | None:
    """Give what the links of an email hold: nothing for owners, and None when the address is not to get it."""
    emails = EmailNotifications.of(integration)
    if delivery.event == Event.QUESTION:
        is_for_it = delivery.email in recipients.unconfirmed(emails)
    else:
        is_for_it = delivery.email in recipients.of(emails)
    if not is_for_it:
        return None
    return "" if delivery.email in recipients.owners(emails) else recipients.token_for(integration, delivery.email)


def _mail(delivery: Delivery, integration: Integration, token: str) -> Answer:
    email = messages.email(delivery, integration, token)
    headers = {"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"}
    if email.stop_url:  # RFC 8058: mail programs then show a button of their own
        headers |= {"List-Unsubscribe": f"<{email.stop_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    try:
        EmailMessage(email.subject, email.text, to=[email.to], headers=headers).send()
    except OSError as error:  # smtplib's errors are such
        return Answer(f"The mail server did not take it ({type(error).__name__}).")
    return Answer()


def _post(delivery: Delivery, integration: Integration, hook: Webhook, post: Post) -> Answer:
    now = timezone.now()
    try:
        keys = [hook.secret]
        if hook.has_former_secret(now):
            keys.append(hook.former_secret)
        url = hook.url
    except SecretUnreadableError:
        return Answer("The stored URL or secret cannot be read. Delete the webhook and make it anew.")
    body = json.dumps(messages.payload(delivery, integration), ensure_ascii=False).encode()
    signed = signing.headers(messages.message_id(delivery), int(now.timestamp()), body, keys=keys)
    return post(url, body, {"Content-Type": "application/json", "User-Agent": "Pipes-Webhook/1"} | signed)


def record(claim: Claim, answer: Answer, *, now: datetime) -> None:
    """Write what became of an attempt, unless the claim is not ours any more: then somebody else does."""
    is_final = not answer.error or answer.is_gone or answer.is_hopeless or claim.attempts >= MOST_ATTEMPTS
    next_try_at = None if is_final else now + wait_after(claim.attempts)
    with isolation.as_tenant(claim.tenant_id):
        due = DeliveryDue.objects.filter(pk=claim.delivery_id)
        if is_final:
            is_ours = bool(lease.ours(due, claim.token).delete()[0])
        else:
            is_ours = lease.release(due, claim.token, due_at=next_try_at)
        if not is_ours:
            return
        state = Delivery.State.WAITING if not is_final else Delivery.State.FAILED
        Delivery.objects.filter(pk=claim.delivery_id).update(
            state=state if answer.error else Delivery.State.DELIVERED,
            attempts=F("attempts") + 1,
            status=answer.status,
            error=answer.error,
            tried_at=now,
            next_try_at=next_try_at,
        )
        if answer.is_gone:
            _switch_off(claim)


def wait_after(attempts: int) -> timedelta:
    """Give the time to the next attempt: doubling up to a limit, with jitter so that what failed together drifts."""
    wait: timedelta = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return wait * random.uniform(0.9, 1.1)  # noqa: S311  no secret


def _switch_off(claim: Claim) -> None:
    of_delivery = Delivery.objects.filter(pk=claim.delivery_id).values("webhook")
    hook = Webhook.objects.select_for_update().filter(pk__in=of_delivery, is_on=True).first()
    if hook is None:
        return
    before: dict[str, Any] = hook.facts
    hook.is_on, hook.version = False, hook.version + 1
    hook.off_reason = "The endpoint answered 410 Gone: nobody should send anything there any more."
    hook.save(update_fields=["is_on", "version", "off_reason"])
    integration = Integration.objects.select_related("tenant", "organization").get(pk=hook.integration_id)
    audit.record("webhook.switched_off", scope=integration.scope, by=None, target=hook, before=before, after=hook.facts)


def forget_old(before: datetime) -> None:
    """Delete what was queued before this and is over, of the tenant that the transaction is bound to."""
    Delivery.objects.filter(created_at__lte=before).exclude(state=Delivery.State.WAITING).delete()


def forget_former_secrets(before: datetime) -> None:
    """Forget the secrets that signed until then, after a rotation; of the same tenant."""
    Webhook.objects.filter(former_secret_until__lte=before).update(sealed_former_secret="")

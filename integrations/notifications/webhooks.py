"""What owners set about webhooks, and have sent: each function is one transaction and writes one audit event.

``version`` is the one that the person's page was made from; ChangedMeanwhileError is raised when there is a
newer one, and when somebody deleted the webhook or the integration meanwhile.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from django.db import transaction

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.edit_conflicts import who_changed
from integrations.models import Delivery, DeliveryDue, EmailNotifications, Event, Integration, Webhook
from integrations.notifications import outbox, rate_limit, recipients, signing, url_guard
from integrations.notifications.emails import lock
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.encryption import SecretUnreadableError
from workspaces.models import User
from workspaces.wording.names import isolated

MOST_WEBHOOKS: Final = 10
NOBODY: Final = "Nobody gets emails. Choose the owners, or an address that is confirmed, and save."
ROTATED_ALREADY: Final = (
    "The secret was rotated already, and was left as it is now. Rotate it again if nobody copied the new one."
)


class WebhookRefusedError(Exception):
    """The webhook cannot be made so; the text is a sentence that says why."""


@transaction.atomic
def create_webhook(*, integration: Integration, name: str, url: str, topics: Sequence[str], by: User) -> Webhook:
    """Make a webhook and its secret. Raises WebhookRefusedError."""
    lock(integration)
    _check_url_is_new(integration, url)
    if Webhook.objects.filter(integration=integration).count() >= MOST_WEBHOOKS:
        raise WebhookRefusedError(f"An integration has {MOST_WEBHOOKS} webhooks at most. Delete one first.")
    made = Webhook(tenant_id=integration.tenant_id, integration=integration, name=name, topics=list(topics))
    made.url, made.origin, made.secret = url, url_guard.parse(url).origin, signing.new_secret()
    made.save()
    audit.record("webhook.created", scope=integration.scope, by=by, target=made, **made.facts)
    return made


@transaction.atomic
def change_webhook(
    *, webhook: Webhook, name: str, url: str, topics: Sequence[str], is_on: bool, version: str, by: User
) -> Webhook:
    """Change a webhook; without a URL the one it has stays. Raises WebhookRefusedError."""
    integration = webhook.integration
    current = _lock_webhook(webhook)
    if str(current.version) != version:
        raise ChangedMeanwhileError(who_changed(current))
    before = current.facts
    current.name, current.topics, current.is_on = name, list(topics), is_on
    if url:
        _check_url_is_new(integration, url, but=current)
        current.url, current.origin = url, url_guard.parse(url).origin
    if current.facts == before and not url:
        return current
    current.off_reason = "" if is_on else current.off_reason
    current.version += 1
    current.save()
    facts = {"url": "replaced"} if url else {}
    audit.record(
        "webhook.changed", scope=integration.scope, by=by, target=current, before=before, after=current.facts, **facts
    )
    return current


@transaction.atomic
def rotate_secret(*, webhook: Webhook, former_until: str, by: User, now: datetime) -> Webhook:
    """Make a new secret; the former one signs too for a day.

    ``former_until`` is that of the page that the person saw: a form that is sent twice rotates once, or the secret that
    the receiver knows would be gone already.
    """
    current = _lock_webhook(webhook)
    if current.former_until != former_until:
        raise ChangedMeanwhileError(ROTATED_ALREADY)
    current.former_secret, current.former_secret_until = current.secret, now + retention.FORMER_SECRET
    current.secret = signing.new_secret()
    current.save(update_fields=["sealed_secret", "sealed_former_secret", "former_secret_until"])
    audit.record("webhook.secret_rotated", scope=webhook.integration.scope, by=by, target=current)
    return current


@transaction.atomic
def end_former_secret(*, webhook: Webhook, by: User, now: datetime) -> None:
    """Let the secret before the last rotation sign no more, and forget it; quiet when it does not sign by now."""
    current = _lock_webhook(webhook)
    if not current.has_former_secret(now):
        return
    current.sealed_former_secret, current.former_secret_until = "", now
    current.save(update_fields=["sealed_former_secret", "former_secret_until"])
    audit.record("webhook.former_secret_ended", scope=webhook.integration.scope, by=by, target=current)


@transaction.atomic
def delete_webhook(*, webhook: Webhook, by: User) -> None:
    """Delete a webhook with what waits for it and what it was sent; quiet when it is gone."""
    if Webhook.objects.select_for_update().filter(pk=webhook.pk).exists():
        audit.record("webhook.deleted", scope=webhook.integration.scope, by=by, target=webhook, **webhook.facts)
        webhook.delete()


@transaction.atomic
def send_test(*, integration: Integration, webhook: Webhook | None, by: User, now: datetime) -> int:
    """Send a test to a webhook, or to all who get emails; returns to how many. Raises LimitReachedError."""
    rate_limit.count(by, now)
    addresses, hooks = [], []
    if webhook is not None:
        hooks = [_lock_webhook(webhook)]
    else:
        lock(integration)
        addresses = recipients.of(EmailNotifications.of(integration))
    outbox.queue(integration, Event.TEST, emails=addresses, webhooks=hooks, now=now)
    to = str(webhook) if webhook else "email"
    audit.record("integration.notification_tested", scope=integration.scope, by=by, target=integration, to=to)
    return len(addresses) + len(hooks)


@transaction.atomic
def send_again(*, delivery: Delivery, by: User, now: datetime) -> None:
    """Send a notification once more, with its id; one that waits for its next attempt is sent now.

    Raises LimitReachedError.
    """
    rate_limit.count(by, now)
    if delivery.event == Event.QUESTION:
        rate_limit.count_question(delivery.tenant_id, delivery.email, now)
    there = Delivery.objects.filter(pk=delivery.pk)
    if there.exclude(state=Delivery.State.WAITING).update(
        state=Delivery.State.WAITING, attempts=0, status=None, error="", next_try_at=now
    ):
        DeliveryDue.objects.create(delivery=delivery, tenant_id=delivery.tenant_id, due_at=now)
    elif DeliveryDue.objects.filter(pk=delivery.pk, claim=None).update(due_at=now):
        there.update(next_try_at=now)
    integration = delivery.integration
    audit.record(
        "integration.notification_sent_again", scope=integration.scope, by=by, target=integration, to=str(delivery)
    )


def _lock_webhook(webhook: Webhook) -> Webhook:
    """Lock a webhook's integration, and give the webhook as it is now."""
    lock(webhook.integration)
    current = at_most_one(Webhook.objects.select_for_update().filter(pk=webhook.pk))
    if current is None:
        raise ChangedMeanwhileError(f"Somebody deleted the webhook {isolated(webhook)} meanwhile.")
    return current


def _check_url_is_new(integration: Integration, url: str, *, but: Webhook | None = None) -> None:
    for other in Webhook.objects.filter(integration=integration):
        with suppress(SecretUnreadableError):  # that one is to be deleted and made anew
            if other != but and other.url == url:
                raise WebhookRefusedError("This integration has a webhook with this URL already. Change that instead.")

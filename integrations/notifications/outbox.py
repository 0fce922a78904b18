"""The outbox: a notification is written in the transaction in which its event happens, one row for each destination.

A run that is rolled back notifies nobody, and one that has ended is reported whatever crashes afterwards.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from integrations.jobs.outcome import Outcome
from integrations.models import (
    Delivery,
    DeliveryDue,
    EmailNotifications,
    Event,
    Integration,
    SyncRun,
    SyncSchedule,
    Webhook,
)
from integrations.models.notifications import TOPIC_OF
from integrations.notifications import recipients

# A passing fault is reported when a second run in a row has failed.
_LASTING = 2
EMAILS_PER_HOUR = 120  # about changes, of one integration: changes in AWS must not flood anybody with emails


def run_ended(run: SyncRun, outcome: Outcome, *, failing_since: datetime | None, now: datetime) -> None:
    """Write the notifications of a run's end; the caller has counted it in the schedule, whose row it has locked.

    ``failing_since`` is what that row says. Where there is nothing to report, the database is asked nothing.

    A fault of our own is not reported: the page shows it, and the operator of this installation reads it in the log. A
    lasting one of the customer's is reported once, by the run that makes it clear, and once more when a run succeeds
    again. A question is reported once, however many runs ask it.
    """
    schedule = SyncSchedule.objects.filter(pk=run.integration_id)
    if outcome.is_ours:
        return
    if outcome.state == SyncRun.State.FAILED:
        is_clear = Q(failures__gte=_LASTING) if outcome.is_transient else Q()
        if failing_since is None and schedule.filter(is_clear).update(failing_since=now):
            _notify(run, Event.FAILING, now=now)
        return
    if failing_since is not None and run.kind == SyncRun.Kind.FULL:  # others would not have met the fault
        schedule.update(failing_since=None)
        _notify(run, Event.RECOVERED, now=now, failing_since=failing_since)
    if outcome.removals:
        if set(outcome.removals) != _asked_before(run):
            _notify(run, Event.ASKS, now=now)
    elif outcome.changes:
        _notify(run, Event.CHANGED, now=now)


def _asked_before(run: SyncRun) -> set[str]:
    """Give what the last run that read everything asked to remove; nothing when it did not have to ask."""
    earlier = SyncRun.objects.filter(integration_id=run.integration_id, pk__lt=run.pk, kind=SyncRun.Kind.FULL)
    earlier = earlier.exclude(state=SyncRun.State.FAILED).order_by("-pk")
    return set(earlier.values_list("removals", flat=True).first() or ())


def _notify(run: SyncRun, event: Event, *, now: datetime, failing_since: datetime | None = None) -> None:
    integration = Integration.objects.select_related("tenant", "organization").get(pk=run.integration_id)
    topic = TOPIC_OF[event]
    emails = EmailNotifications.of(integration)
    addresses = recipients.of(emails) if topic in emails.topics else []
    switched_on = Webhook.objects.filter(integration=integration, is_on=True).order_by("pk")
    hooks = [hook for hook in switched_on if topic in hook.topics]
    if event == Event.CHANGED and addresses:  # anyone who makes changes in AWS decides what these say
        lately = Delivery.objects.filter(integration=integration, event=event, created_at__gt=now - timedelta(hours=1))
        addresses = addresses[: max(0, EMAILS_PER_HOUR - lately.exclude(email="").count())]
    queue(integration, event, emails=addresses, webhooks=hooks, now=now, run=run, failing_since=failing_since)


def queue(
    integration: Integration,
    event: Event,
    *,
    now: datetime,
    emails: Iterable[str] = (),
    webhooks: Iterable[Webhook] = (),
    **facts: Any,
) -> None:
    """Write one delivery for each destination, due now, in the caller's transaction; ``facts`` are further fields."""
    facts |= {"tenant_id": integration.tenant_id, "integration": integration, "event": event}
    facts |= {"created_at": now, "next_try_at": now}
    made = [Delivery(email=address, **facts) for address in emails]
    made += [Delivery(webhook=hook, **facts) for hook in webhooks]
    Delivery.objects.bulk_create(made)
    DeliveryDue.objects.bulk_create(DeliveryDue(delivery=each, tenant_id=each.tenant_id, due_at=now) for each in made)

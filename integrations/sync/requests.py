"""Asking for a sync: it is queued, or follows the one that is running, which may have read past what people mean.

Only one run of an integration is open at a time. What is asked for while it runs waits in the schedule's row, so it is
one more run however often somebody asks.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, Value, When
from django.db.models.functions import Least, Now

from integrations.access import known_snapshot
from integrations.jobs.sending import TAKEN_LATER, Task, send_on_commit
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.models.sync_run import OPEN_STATES
from workspaces import audit, isolation
from workspaces.database import at_most_one
from workspaces.models import User

_AFRESH: Final = {"failures": 0, "lasting_failures": 0, "takeovers": 0}
_DOUBLE_CLICK: Final = timedelta(seconds=2)
_ATTENDED: Final = (SyncRun.Trigger.MANUAL, SyncRun.Trigger.COMMAND)


class IntegrationGoneError(Exception):
    """Somebody deleted the integration meanwhile; the text is a sentence that says so."""


@transaction.atomic
def request_sync(
    *,
    integration: Integration,
    by: User | None,
    now: datetime,
    trigger: SyncRun.Trigger = SyncRun.Trigger.MANUAL,
) -> SyncRun:
    """Start a sync now; one that is under way already is given, and followed by one more if it may have read past."""
    run = queue_sync(integration, trigger, by, now)
    audit.record("integration.sync_requested", scope=integration.scope, by=by, target=integration, run=run.number)
    return run


def queue_sync(integration: Integration, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> SyncRun:
    """Ask for a run and send for a worker once the transaction is committed; a run under way is given instead."""
    run = request(integration, trigger=trigger, by=by, now=now)
    # Should the broker be away, the dispatcher starts the run as soon as it is back: the schedule says that it is due.
    later = partial(say_why_it_waits, run, TAKEN_LATER)
    send_on_commit(Task.SYNC, integration.tenant_id, integration.pk, otherwise=later)
    return run


def request(integration: Integration, *, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> SyncRun:
    """Queue a run, or give the one that is queued already; one that runs is given too, and followed by one more.

    A double click gets the same one, and so does a person who asks before it reads. Raises IntegrationGoneError when
    somebody deleted the integration meanwhile.
    """
    schedule = SyncSchedule.objects.filter(pk=integration.pk)
    if not schedule.update(**_AFRESH):  # that locks it: no run of this integration starts or ends meanwhile
        raise IntegrationGoneError(f"Somebody deleted the integration {integration} meanwhile.")
    if trigger not in known_snapshot.KNOWING:
        known_snapshot.forget(integration)
    run = at_most_one(SyncRun.objects.filter(integration=integration, state__in=OPEN_STATES))
    if run is not None and run.state == SyncRun.State.QUEUED and run.kind == SyncRun.Kind.TARGETED:
        _read_all_instead(run, trigger, by, now)
        schedule.update(next_due_at=Least(F("next_due_at"), Value(now)), asked_at=now)
        return run
    if run is not None and run.state == SyncRun.State.QUEUED and _is_held_back(run.trigger, trigger):
        run.trigger, run.started_by, run.queued_at = trigger, by, now
        run.save(update_fields=["trigger", "started_by", "queued_at"])
    if run is not None and _does_it(run, trigger, by, now):
        return run
    # Due now, so that the dispatcher starts it even when the message that is sent at once gets lost.
    due = Least(F("next_due_at"), Value(now))
    if run is None:
        schedule.update(next_due_at=due, asked_at=now)
        return SyncRun.objects.create(
            tenant_id=integration.tenant_id, integration=integration, trigger=trigger, started_by=by, queued_at=now
        )
    schedule.update(next_due_at=due)
    follows = schedule.values_list("asked_trigger", flat=True).get()
    if follows is None or _is_held_back(follows, trigger):
        schedule.update(asked_at=now, asked_trigger=trigger, asked_by=by)
    return run


def _is_held_back(trigger: str, wanted: SyncRun.Trigger) -> bool:
    """Whether the deletion limit holds a run which is to begin, and not the one that somebody wants now.

    A delegate has asked for it who may not approve removals; who may gets what they ask for, and never the reverse.
    """
    return trigger == SyncRun.Trigger.SCHEDULED and wanted in _ATTENDED


def _does_it(run: SyncRun, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> bool:
    """Whether a run that is open sees and does all that is asked for now."""
    has_not_read = run.phase == SyncRun.Phase.CHECKING and not run.read_by
    if run.state == SyncRun.State.QUEUED or (run.is_attended and has_not_read):
        return True
    is_same = (run.trigger, run.started_by_id) == (trigger, by.pk if by else None)
    return is_same and now - run.queued_at < _DOUBLE_CLICK


def _read_all_instead(run: SyncRun, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> None:
    """Have a run that waits until AWS shows a change do what a person asks for: that sees it too, if it can be seen."""
    run.kind, run.trigger, run.started_by, run.queued_at = SyncRun.Kind.FULL, trigger, by, now
    run.phase = run.error = ""
    run.save(update_fields=["kind", "trigger", "started_by", "queued_at", "phase", "error"])


def say_why_it_waits(run: SyncRun, sentence: str) -> None:
    """Show on a run's page why it has not begun; its start takes that back."""
    with isolation.as_tenant(run.tenant_id):
        SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED).update(error=sentence)


def forget_failures(integration: Integration) -> None:
    """Go back to the interval, as after a change of the settings: it may have mended what was wrong."""
    interval = ExpressionWrapper(F("interval_seconds") * Value(timedelta(seconds=1)), DurationField())
    by_interval = ExpressionWrapper(Now() + interval, DateTimeField())
    there = SyncSchedule.objects.filter(pk=integration.pk)
    # What has failed since it was read whole is not rested from.
    read_all_at = Case(When(failures=0, then=F("read_all_at")), default=None)
    full_due_at = Least(F("full_due_at"), by_interval)
    there.update(
        **_AFRESH, read_all_at=read_all_at, full_due_at=full_due_at, next_due_at=Least(F("next_due_at"), by_interval)
    )

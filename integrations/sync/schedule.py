"""When syncs start, and that each integration has one at a time, whatever crashes.

``sync_schedule`` holds one row for each integration. The dispatcher takes what is due in one statement and sends a
message for each (``dispatcher``); the worker that gets it claims the row. A claim expires unless the running sync
keeps pushing it, so a sync whose worker died is started again; a message that comes twice, or late, finds nothing to
do. How long one waits that fails, or kills its worker each time, is in ``backoff``.

Lock order: the schedule's row before rows of runs and before anything of the tree, so that nobody deadlocks; a claim
is looked at under that lock, or in the WHERE of an UPDATE whose row count says whether it still held.
"""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.types.json import Jsonb

from integrations.jobs import lease
from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.models.sync_run import OPEN_STATES
from integrations.notifications import outbox
from integrations.sync import backoff
from integrations.sync.targeted import pending
from integrations.sync.targeted.choice import Choice, again, asked, choose
from integrations.sync.targeted.rest import EVENTS_REST, SHOWN_WITHIN, rest_after
from workspaces import isolation, metrics
from workspaces.database import at_most_one

_RUN_FIELDS = (*("kind", "trigger", "why_full", "events"), *("state", "phase", "started_at", "claim", "error"))
_STARTED_FIELDS = (
    "claim",
    "claim_expires_at",
    "dispatched_at",
    "asked_at",
    "asked_trigger",
    "asked_by",
    "event_at",
    "events_synced_at",
    "full_due_at",
    "why_full",
    "next_due_at",
    "planned_at",
    "failures",
    "takeovers",
)
_TIMES = {2: "twice", 3: "three times"}

# The claim is given back and the run's end written in one statement: no row of the run is touched without the claim.
# One that read everything also answers what an earlier one asked: it did it, need not ask any more, or asks anew.
_FINISH = f"""
    WITH freed AS (
        UPDATE integrations_syncschedule SET claim = NULL, claim_expires_at = NULL,
            takeovers = 0, planned_at = GREATEST(planned_at, %(now)s),
            events_synced_at = CASE WHEN %(is_by_event)s AND %(is_full)s THEN %(now)s ELSE events_synced_at END,
            events_rest_until = CASE WHEN %(is_by_event)s THEN %(now)s + %(rest)s ELSE events_rest_until END,
            read_all_at = CASE WHEN %(has_read_all)s THEN %(started_at)s ELSE read_all_at END,
            missed_at = CASE WHEN %(has_missed)s THEN %(now)s ELSE missed_at END,
            untold_at = CASE WHEN %(has_read_all)s AND untold_at + %(shown_within)s < %(started_at)s THEN NULL
                ELSE untold_at END,
            failures = CASE %(ended)s WHEN 'well' THEN 0 ELSE failures + 1 END,
            lasting_failures = CASE %(ended)s WHEN 'well' THEN 0 WHEN 'passing' THEN lasting_failures
                ELSE lasting_failures + 1 END,
            next_due_at = CASE %(ended)s
                WHEN 'well' THEN LEAST(CASE
                    WHEN %(is_by_event)s AND event_at IS NOT NULL AND asked_at IS NULL  -- nobody but events waits
                    THEN GREATEST(next_due_at, %(now)s + CASE WHEN %(is_full)s AND why_full <> ''
                        THEN %(events_rest)s ELSE %(rest)s END) ELSE next_due_at END,
                    -- what came as this run began, and what it has not seen, whoever started it
                    (SELECT GREATEST(LEAST(look_at, %(now)s + %(shown_within)s), %(now)s + %(rest)s)
                        FROM integrations_awsevent  -- as pending.waiting finds them
                        WHERE integration_id = %(integration)s AND last_event_at IS NOT NULL
                        ORDER BY look_at LIMIT 1))
                WHEN 'passing' THEN {backoff.AFTER_PASSING_FAULT}
                -- the person who asked meanwhile may have mended it
                ELSE CASE WHEN asked_at IS NOT NULL THEN next_due_at ELSE {backoff.AFTER_LASTING_FAULT} END
                END
        WHERE integration_id = %(integration)s AND claim = %(claim)s
        RETURNING integration_id, failing_since
    ), answered AS (  -- one question of an integration at a time: a constraint holds that
        UPDATE integrations_syncrun asked
        SET state = CASE WHEN state = 'approved' AND %(state)s = 'succeeded' THEN 'applied' ELSE 'superseded' END
        FROM freed
        WHERE %(state)s <> 'failed' AND %(is_full)s AND asked.integration_id = freed.integration_id
            AND asked.state IN ('needs_approval', 'approved')
        RETURNING 1
    )
    UPDATE integrations_syncrun run SET state = %(state)s, error = %(error)s, phase = '', finished_at = %(now)s,
        folders_read = %(folders)s, accounts_read = %(accounts)s, aws_calls = %(calls)s,
        changes = %(changes)s, counts = %(counts)s, removals = %(removals)s, impact = %(impact)s,
        is_about_access = %(is_about_access)s, covered = %(covered)s, lag_seconds = %(lag_seconds)s,
        differing = %(differing)s, unreported = %(unreported)s
    FROM freed, (SELECT count(*) FROM answered) AS all_answered  -- the count has the old question closed first
    WHERE run.id = %(run)s AND run.integration_id = freed.integration_id
    RETURNING freed.failing_since
"""  # noqa: S608  nothing but the constants of backoff


class ClaimLostError(Exception):
    """The run is not ours any more: its claim expired and another worker has it, or its integration is gone."""


def create(integration: Integration, *, now: datetime) -> SyncSchedule:
    """Give a new integration its schedule; due at once."""
    return SyncSchedule.objects.create(integration=integration, tenant_id=integration.tenant_id, next_due_at=now)


def start(tenant_id: int, integration_id: int, *, now: datetime) -> SyncRun | None:
    """Claim an integration and give the run to work on, with its integration as it is now.

    None when nothing is to do, somebody else is at it, or the tenant has too much under way: then the dispatcher sends
    for it when that has ended.
    """
    with isolation.as_tenant(tenant_id):
        # Of two workers with one message the second waits here, and then finds the claim of the first.
        row = at_most_one(SyncSchedule.objects.select_for_update().filter(pk=integration_id, tenant_id=tenant_id))
        if row is None or row.is_taken(now):
            return None
        row.dispatched_at = None
        if _is_crowded(row, now):
            row.save(update_fields=["dispatched_at"])
            return None
        row.set_free()
        run = _next_run(row, now)
        if run is not None:
            run.integration = Integration.objects.select_related("tenant", "organization").get(pk=integration_id)
            _begin(row, run, now)
        row.save(update_fields=_STARTED_FIELDS)
        return run


def _begin(row: SyncSchedule, run: SyncRun, now: datetime) -> None:
    """Note in the schedule that a run has begun, which will see what happened until now."""
    row.claim, row.claim_expires_at = run.claim, now + claim_lifetime()
    row.asked_at = row.asked_trigger = row.asked_by_id = row.event_at = None
    row.planned_at = now
    if run.kind == SyncRun.Kind.TARGETED:
        row.next_due_at = row.full_due_at = row.full_due_at or row.next_due_at
        return
    row.why_full = ""
    row.events_synced_at = now if run.trigger == SyncRun.Trigger.EVENT else row.events_synced_at
    row.next_due_at = row.full_due_at = now + _interval(row)


def most_of_one() -> int:
    """Say how many syncs of one tenant run at most: its share, and a few for which people wait."""
    share: int = settings.PIPES_SYNCS_PER_TENANT
    return share + max(1, share // 4)


def _is_crowded(row: SyncSchedule, now: datetime) -> bool:
    """Whether the tenant has all the syncs under way that it may have; a person at a command line may always.

    For those that events bring, which do not come by the dispatcher, the places of people are not taken.
    """
    is_by_events = row.event_at is not None and row.asked_at is None
    under_way = SyncSchedule.objects.filter(lease.taken(now), tenant_id=row.tenant_id)
    if under_way.count() < (settings.PIPES_SYNCS_PER_TENANT if is_by_events else most_of_one()):
        return False
    by_command = SyncRun.objects.filter(integration_id=row.pk, state__in=OPEN_STATES, trigger=SyncRun.Trigger.COMMAND)
    return not by_command.exists()


def _next_run(row: SyncSchedule, now: datetime) -> SyncRun | None:
    """Find the queued run, replace the lost one, or make one of what is due; whichever it is now runs."""
    run = at_most_one(SyncRun.objects.filter(integration_id=row.pk, state__in=OPEN_STATES))
    choice: Choice | None = None
    if run is not None and run.state == SyncRun.State.RUNNING:
        _record_loss(run, row, now)
        if row.takeovers > 1:
            return None
        choice, run = asked(row) or again(run, row), None
    elif run is None or run.kind == SyncRun.Kind.TARGETED:  # such a one waits until AWS shows a change
        choice = (asked(row) or choose(row, now)) if row.next_due_at <= now else None
        if choice is None:
            return None
    run = run or SyncRun(tenant_id=row.tenant_id, integration_id=row.pk, queued_at=now)
    if choice is not None:
        choice.put_on(run)
    run.state, run.phase, run.started_at = SyncRun.State.RUNNING, SyncRun.Phase.CHECKING, now
    run.claim, run.error = lease.new_claim(), ""
    pending.record(run, choice.events if choice else pending.waiting(row))
    run.save(update_fields=_RUN_FIELDS if run.pk else None)
    return run


def _record_loss(run: SyncRun, row: SyncSchedule, now: datetime) -> None:
    """End a run whose worker died. The first is replaced at once; a sync that kills each of its workers must wait."""
    row.takeovers, row.failures = row.takeovers + 1, row.failures + 1
    run.state, run.phase, run.finished_at = SyncRun.State.FAILED, "", now
    run.error = "The worker that ran this stopped in the middle. Nothing was changed; the sync was started again."
    if row.takeovers > 1:
        row.next_due_at, row.planned_at = now + backoff.after_lost_workers(row.takeovers, _interval(row)), now
        run.error = (
            f"The worker stopped {_TIMES.get(row.takeovers, f'{row.takeovers} times')} in the middle of this sync, one"
            " after the other. Nothing was changed. It is tried again later, less and less often; ask the operator of"
            " this installation what stops the worker. Often it is too little memory."
        )
    run.save(update_fields=["state", "phase", "finished_at", "error"])
    row.save(update_fields=["failures"])
    outbox.run_ended(run, Outcome(run.error, is_transient=True), failing_since=row.failing_since, now=now)


def claim_lifetime() -> timedelta:
    """Say how long a claim counts that nobody pushes."""
    return timedelta(seconds=settings.PIPES_SYNC_CLAIM_SECONDS)


def _interval(row: SyncSchedule) -> timedelta:
    """Give the time to the next scheduled run, with jitter so that integrations made together drift apart."""
    return timedelta(seconds=row.interval_seconds * random.uniform(0.9, 1.1))  # noqa: S311  no secret


def report(run: SyncRun) -> None:
    """Write how far a run is. Raises ClaimLostError when it is not ours any more, so that it stops early."""
    with isolation.as_tenant(run.tenant_id):
        # Without a lock, as often as this is: a worker that took over has ended this run, and then no row counts.
        ours = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
        if not ours.update(
            phase=run.phase, folders_read=run.folders_read, accounts_read=run.accounts_read, aws_calls=run.aws_calls
        ):
            raise ClaimLostError


def hold(run: SyncRun) -> SyncSchedule:
    """Lock the schedule's row until the caller's transaction ends, and give it; writers to the tree do that first.

    Raises ClaimLostError when the claim is not ours any more, as it is once somebody deleted the integration.
    """
    locked = SyncSchedule.objects.select_for_update().filter(pk=run.integration_id)
    row = at_most_one(lease.ours(locked, run.claim))
    if row is None:
        raise ClaimLostError
    return row


def finish(run: SyncRun, outcome: Outcome, *, now: datetime) -> None:
    """Write a run's end and its notifications, and give its claim back, in the caller's transaction.

    Raises ClaimLostError when the claim is not ours any more: the caller's transaction must then not be committed.
    """
    has_failed = outcome.state == SyncRun.State.FAILED
    is_full = run.kind == SyncRun.Kind.FULL
    was_set_back = run.started_at is not None and run.started_at > now  # the clock: nobody knows when it began
    ended = ("passing" if outcome.is_transient else "badly") if has_failed else "well"
    parameters: dict[str, Any] = {
        "run": run.pk,
        "integration": run.integration_id,
        "claim": run.claim,
        "now": now,
        "ended": ended,
        "is_by_event": run.trigger == SyncRun.Trigger.EVENT,
        "is_full": is_full,
        "has_read_all": is_full and outcome.state == SyncRun.State.SUCCEEDED and not run.read_by and not was_set_back,
        "started_at": run.started_at,
        "has_missed": bool(outcome.unreported),
        "shown_within": SHOWN_WITHIN,
        "events_rest": EVENTS_REST,
        "rest": rest_after(0 if is_full else outcome.aws_calls - outcome.aws_calls_before),
        **backoff.parameters(jitter=random.uniform(0.8, 1.2)),  # noqa: S311  no secret
        **_columns(outcome),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, parameters)
        finished = cursor.fetchone()
    if finished is None:  # neither row was written
        raise ClaimLostError
    outbox.run_ended(run, outcome, failing_since=finished[0], now=now)
    kind = f"_{'passing' if outcome.is_transient else 'lasting'}" if has_failed else ""
    metrics.count("syncs", outcome=f"{outcome.state.value}{kind}")


def _columns(outcome: Outcome) -> dict[str, Any]:
    """What a run's row gets of how it ended."""
    return {
        "state": outcome.state.value,
        "error": outcome.error,
        "is_about_access": outcome.is_about_access,
        "removals": Jsonb(list(outcome.removals)),
        "changes": Jsonb([list(change) for change in outcome.changes]),
        "impact": Jsonb(list(outcome.impact)) if outcome.impact else None,
        "counts": Jsonb(Counter(change[0] for change in outcome.changes)),
        "folders": outcome.folders_read,
        "accounts": outcome.accounts_read,
        "calls": outcome.aws_calls,
        "covered": None if outcome.covered is None else Jsonb(list(outcome.covered)),
        "lag_seconds": outcome.lag_seconds,
        "differing": outcome.differing,
        "unreported": outcome.unreported,
    }

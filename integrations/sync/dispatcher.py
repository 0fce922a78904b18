"""Whose sync starts next: fair to tenants, and not to be stopped by a broker that is away or a clock that jumps.

The dispatcher asks every two seconds. A tenant has only so many syncs under way; what else of it is due waits in the
table, not in the broker's queue, so that whose turn it is is decided here and each time anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from integrations.jobs.lease import FREED
from integrations.jobs.sending import Key
from integrations.models import SyncSchedule
from integrations.models.schedules import CLOCK_SLACK
from integrations.sync.schedule import most_of_one

# How long a message may stay unanswered before the dispatcher sends another. Where none waits any more it got lost,
# with a broker that was emptied or a worker that was killed: see jobs.redelivery.
PATIENCE = timedelta(minutes=5)
# So many messages may wait for a worker; more would only make a queue that nobody can jump.
MOST_WAITING = 1_000
# Of a claim that is found expired for longer than this, nobody knows whether its worker died or the clock jumped.
_CLAIM_SLACK = timedelta(seconds=30)

_IS_READY = """
    (next_due_at <= %(now)s OR claim IS NOT NULL)
    AND (claim IS NULL OR claim_expires_at < %(now)s)
    AND (dispatched_at IS NULL OR dispatched_at < %(dispatched_before)s)
"""
_IS_WAITING = "claim IS NULL AND dispatched_at >= %(dispatched_before)s"

# A row that somebody else took since the statement began is looked at again when it is locked, hence _IS_READY twice.
# A sync whose worker died had its turn: it goes on before what else of its tenant is due, whose times are all earlier.
_TAKE_DUE = f"""
    WITH busy AS (
        SELECT tenant_id, count(*) AS syncs, count(*) FILTER (WHERE {_IS_WAITING}) AS waiting
        FROM integrations_syncschedule WHERE (dispatched_at IS NOT NULL OR claim IS NOT NULL)
            AND (claim_expires_at >= %(now)s OR {_IS_WAITING})
        GROUP BY tenant_id
    ), ready AS (
        SELECT integration_id, tenant_id, row_number() OVER (
            PARTITION BY tenant_id ORDER BY asked_at, claim IS NULL, next_due_at, integration_id
        ) AS number FROM integrations_syncschedule WHERE {_IS_READY}
    ), turns AS (
        SELECT integration_id, number + COALESCE(busy.syncs, 0) AS turn FROM ready LEFT JOIN busy USING (tenant_id)
    ), taken AS (
        SELECT integration_id, turn FROM turns JOIN integrations_syncschedule row USING (integration_id)
        WHERE turn <= CASE WHEN row.asked_at IS NULL THEN %(share)s ELSE %(most_of_one)s END AND {_IS_READY}
        ORDER BY row.asked_at, turn, row.next_due_at
        LIMIT GREATEST(%(most)s - (SELECT COALESCE(sum(waiting), 0) FROM busy), 0) FOR UPDATE OF row SKIP LOCKED
    )
    UPDATE integrations_syncschedule row SET dispatched_at = %(now)s FROM taken
    WHERE row.integration_id = taken.integration_id
    RETURNING row.tenant_id, row.integration_id, row.asked_at, taken.turn, row.next_due_at
"""  # noqa: S608  nothing but the constants above

# What is to come, and what was, by a clock that has been set back since. What was may have been noted before the clock
# went wrong, which nobody can tell: where it has more read that something was longer ago, it was.
_TO_COME = ("next_due_at", "full_due_at", "events_rest_until")
_WAS = ("planned_at", "read_all_at", "heard_at", "event_at", "events_synced_at")
_WAS_LATELY = ("last_event_at", "missed_at", "untold_at", "asked_at", "failing_since")
_MENDED = ",\n".join(
    [f"{name} = {name} - ahead" for name in _TO_COME]
    + [f"{name} = {name} - GREATEST(ahead, {name} - %(now)s)" for name in _WAS]  # NULL stays NULL
    + [f"{name} = {name} - GREATEST(INTERVAL '0', {name} - %(now)s)" for name in _WAS_LATELY]
)

# What was reckoned with a clock that has been set back since keeps its distance from now. A claim that seems to have
# expired long ago gets the time of two heartbeats: if its worker lives, then it was the clock.
# A row that somebody holds is mended two seconds later, rather than waited for.
_MEND = f"""
    WITH wrong AS (
        SELECT integration_id,
            CASE WHEN planned_at > %(future)s THEN planned_at - %(now)s ELSE INTERVAL '0' END AS ahead
        FROM integrations_syncschedule
        WHERE planned_at > %(future)s
            OR ((dispatched_at IS NOT NULL OR claim IS NOT NULL) AND (
                dispatched_at > %(future)s OR claim_expires_at > %(future)s + %(lifetime)s
                OR (dispatched_at IS NULL AND claim_expires_at < %(past)s AND claim_expires_at > %(freed)s)))
        FOR UPDATE SKIP LOCKED
    )
    UPDATE integrations_syncschedule row SET
        {_MENDED},
        dispatched_at = CASE WHEN dispatched_at > %(future)s THEN NULL ELSE dispatched_at END,
        claim_expires_at = CASE
            WHEN claim_expires_at > %(future)s + %(lifetime)s THEN %(now)s + %(lifetime)s
            WHEN dispatched_at IS NULL AND claim_expires_at < %(past)s AND claim_expires_at > %(freed)s
            THEN %(now)s + %(lifetime)s / 3
            ELSE claim_expires_at END
    FROM wrong WHERE row.integration_id = wrong.integration_id
"""  # noqa: S608  nothing but the constants above


def send_due(send: Callable[[Key], object], *, now: datetime, patience: timedelta = PATIENCE) -> None:
    """Send a message for each integration whose turn it is; what could not be sent is due as before."""
    mend_clock(now=now)
    taken = take_due(now=now, patience=patience)
    for number, key in enumerate(taken):
        try:
            send(key)
        except BaseException:
            _give_back(taken[number:])
            raise


def take_due(*, now: datetime, patience: timedelta = PATIENCE) -> list[Key]:
    """Take the integrations that are due, or whose sync died: those that people wait for first, then tenants in turn.

    Racing callers share them out: none is given to two.
    """
    parameters: dict[str, Any] = {
        "now": now,
        "dispatched_before": now - patience,
        "share": settings.PIPES_SYNCS_PER_TENANT,
        "most_of_one": most_of_one(),
        "most": MOST_WAITING,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DUE, parameters)
        taken = cursor.fetchall()
    # PostgreSQL gives updated rows in any order.
    taken.sort(key=lambda row: (row[2] is None, row[2] or now, row[3], row[4]))
    return [(tenant_id, integration_id) for tenant_id, integration_id, *_ in taken]


def mend_clock(*, now: datetime) -> None:
    """Put right what the schedule holds from before the clock jumped, back or forward."""
    parameters: dict[str, Any] = {
        "now": now,
        "future": now + CLOCK_SLACK,
        "past": now - _CLAIM_SLACK,
        "freed": FREED,
        "lifetime": timedelta(seconds=settings.PIPES_SYNC_CLAIM_SECONDS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEND, parameters)


def _give_back(keys: Sequence[Key]) -> None:
    SyncSchedule.objects.filter(pk__in=[integration_id for _, integration_id in keys]).update(dispatched_at=None)

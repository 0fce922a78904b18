"""When the connections of a tenant are tested, and that no two workers are at it.

``health_schedule`` holds one row for each tenant; which of its connections are due, their own rows say. So each tenant
has one batch of tests at a time, however many connections it has, and as many tenants have theirs at once as workers
have threads for them; who has waited longest is first. A claim expires some time after any batch must have ended: a
worker that was killed loses the tests that were under way, and those are still due.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Now

from connections.models import Connection, ConnectionState, Health
from integrations.jobs import lease
from integrations.models import HealthSchedule
from workspaces import isolation
from workspaces.database import at_most_one

# The time for one batch, that of calls which hang when it is over, and some more.
BATCH_SECONDS: Final = 45.0
CLAIM_LIFETIME: Final = timedelta(minutes=3)
# How long a message may stay unanswered before the dispatcher sends another.
DISPATCH_PATIENCE: Final = timedelta(minutes=2)
# So many messages may wait for a worker; how many tenants are tested at once, the number of workers says.
_MOST_WAITING: Final = 500
# A batch is not worth its while for each single connection.
_REST: Final = timedelta(seconds=30)
# Should a wake-up ever get lost, a tenant finds its new connections after this time.
_LONGEST_REST: Final = timedelta(hours=1)

_TAKE_DUE: Final = """
    UPDATE integrations_healthschedule SET dispatched_at = %(now)s
    WHERE tenant_id IN (
        SELECT tenant_id FROM integrations_healthschedule
        WHERE next_due_at <= %(now)s AND (claim IS NULL OR claim_expires_at < %(now)s)
            AND (dispatched_at IS NULL OR dispatched_at < %(dispatched_before)s)
        ORDER BY next_due_at
        LIMIT greatest(0, %(most)s - (
            SELECT count(*) FROM integrations_healthschedule WHERE dispatched_at >= %(dispatched_before)s
        ))
        FOR UPDATE SKIP LOCKED
    )
    RETURNING tenant_id, next_due_at
"""
_WAKE: Final = """
    INSERT INTO integrations_healthschedule AS there (tenant_id, next_due_at) VALUES (%s, statement_timestamp())
    ON CONFLICT (tenant_id) DO UPDATE SET next_due_at = least(there.next_due_at, excluded.next_due_at)
"""


def take_due(*, now: datetime) -> list[int]:
    """Take the tenants whose tests are due, or whose worker died, who waits longest first; racing callers share."""
    parameters: dict[str, Any] = {"now": now, "dispatched_before": now - DISPATCH_PATIENCE, "most": _MOST_WAITING}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DUE, parameters)
        taken = cursor.fetchall()
    return [tenant_id for tenant_id, _ in sorted(taken, key=itemgetter(1))]  # PostgreSQL gives them in any order


def wake_on_commit(tenant_id: int) -> None:
    """Have the tenant looked at soon after this transaction: it made connections due."""
    transaction.on_commit(partial(_wake, tenant_id), robust=True)


def _wake(tenant_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, [tenant_id])


def start(tenant_id: int, *, now: datetime) -> uuid.UUID | None:
    """Claim a tenant's tests; None when none are due or somebody else is at them."""
    due = HealthSchedule.objects.filter(pk=tenant_id, next_due_at__lte=now)
    return lease.take(due, now=now, lifetime=CLAIM_LIFETIME, dispatched_at=None)


def tested(tenant_id: int) -> QuerySet[Connection]:
    """List the connections that are tested at all; what is disabled is not."""
    return Connection.objects.filter(tenant=tenant_id, removed_at=None, state=ConnectionState.ACTIVE)


def due(tenant_id: int, *, now: datetime) -> QuerySet[Connection]:
    """List the connections that are due, those first that have been so for longest."""
    return tested(tenant_id).filter(health_due_at__lte=now).order_by("health_due_at", "pk")


def finish(tenant_id: int, claim: uuid.UUID, *, now: datetime, rest: timedelta = timedelta(0)) -> None:
    """Give a claim back; the next batch starts when a connection is due, but not within ``rest``.

    The row is locked before the connections are read: who wakes the tenant meanwhile is either seen or comes after.
    """
    with isolation.as_tenant(tenant_id):
        row = at_most_one(lease.ours(HealthSchedule.objects.select_for_update().filter(pk=tenant_id), claim))
        if row is None:
            return
        first = tested(tenant_id).aggregate(first=Min("health_due_at"))["first"]
        latest = now + _LONGEST_REST
        is_behind = first is not None and first <= now
        row.next_due_at = max(min(first or latest, latest), now + (rest or (timedelta(0) if is_behind else _REST)))
        row.set_free()
        row.dispatched_at = None
        row.save(update_fields=["next_due_at", "claim", "claim_expires_at", "dispatched_at"])


def make_due_now(tenant_id: int, connections: QuerySet[Connection]) -> int:
    """Have these connections tested now; gives how many they are."""
    wake_on_commit(tenant_id)
    return connections.update(health_due_at=Now())


def forget(tenant_id: int, connections: QuerySet[Connection]) -> None:
    """Take back what tests found of these connections, in one statement: how to sign in to them was changed."""
    connections.update(
        health=Health.UNTESTED, health_reason="", health_tested_at=None, health_changed_at=Now(), health_due_at=Now()
    )
    wake_on_commit(tenant_id)

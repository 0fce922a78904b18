"""When syncs start, and that each integration has one at a time, whatever crashes.

``sync_schedule`` holds one row for each integration. The dispatcher takes what is due in one statement and sends a
message for each; the worker that gets it claims the row. A claim expires unless the running sync keeps pushing it, so a
sync whose worker died is started again; a message that comes twice, or late, finds nothing to do.
"""

import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, connection
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils import timezone

from integrations.models import Integration, SyncRun, SyncSchedule
from workspaces import isolation
from workspaces.models import User

log = structlog.get_logger(__name__)

CLAIM_LIFETIME = timedelta(seconds=60)
HEARTBEAT_SECONDS = 10
# How long a message may stay unanswered before the dispatcher sends another.
DISPATCH_PATIENCE = timedelta(minutes=5)
FIRST_RETRY = timedelta(minutes=1)
_DISPATCH_LIMIT = 500

_TAKE_DUE = """
    UPDATE integrations_syncschedule SET dispatched_at = %(now)s
    WHERE integration_id IN (
        SELECT integration_id FROM integrations_syncschedule
        WHERE (next_due_at <= %(now)s OR claim IS NOT NULL)
            AND (claim IS NULL OR claim_expires_at < %(now)s)
            AND (dispatched_at IS NULL OR dispatched_at < %(dispatched_before)s)
        ORDER BY next_due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING tenant_id, integration_id
"""


def take_due(*, now: datetime) -> list[tuple[int, int]]:
    """Take the integrations that are due, or whose sync died, as (tenant id, integration id).

    Racing callers share them out: none is given to two.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DUE, {"now": now, "dispatched_before": now - DISPATCH_PATIENCE, "limit": _DISPATCH_LIMIT})
        return [(tenant_id, integration_id) for tenant_id, integration_id in cursor.fetchall()]


def create(integration: Integration, *, now: datetime) -> SyncSchedule:
    """Give a new integration its schedule; due at once."""
    return SyncSchedule.objects.create(integration=integration, tenant_id=integration.tenant_id, next_due_at=now)


def request(integration: Integration, *, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> SyncRun:
    """Queue a run, or give the one that is queued or running already; a double click gets the same one."""
    run = SyncRun(
        tenant_id=integration.tenant_id, integration=integration, trigger=trigger, started_by=by, queued_at=now
    )
    SyncRun.objects.bulk_create([run], ignore_conflicts=True)
    # Due now, so that the dispatcher starts it even when the message that is sent at once gets lost.
    SyncSchedule.objects.filter(integration=integration).update(next_due_at=Least(F("next_due_at"), Value(now)))
    return SyncRun.objects.get(integration=integration, state__in=_OPEN)


_OPEN = (SyncRun.State.QUEUED, SyncRun.State.RUNNING)


def start(tenant_id: int, integration_id: int, *, now: datetime) -> SyncRun | None:
    """Claim an integration and give the run to work on; None when nothing is to do or somebody else is at it."""
    with isolation.as_tenant(tenant_id):
        row = SyncSchedule.objects.select_for_update().filter(pk=integration_id, tenant_id=tenant_id).first()
        if row is None or (row.claim is not None and row.claim_expires_at and row.claim_expires_at > now):
            return None
        run = _next_run(row, now)
        SyncSchedule.objects.filter(pk=row.pk).update(
            claim=run.claim if run else None,
            claim_expires_at=now + CLAIM_LIFETIME if run else None,
            dispatched_at=None,
            **({"next_due_at": now + _interval(row)} if run else {}),
        )
        return run


def _next_run(row: SyncSchedule, now: datetime) -> SyncRun | None:
    """Find the queued run, replace the lost one, or make a scheduled one if it is time."""
    run = SyncRun.objects.select_for_update(of=("self",)).filter(integration_id=row.pk, state__in=_OPEN).first()
    trigger, by = SyncRun.Trigger.SCHEDULED, None
    if run and run.state == SyncRun.State.RUNNING:
        run.state, run.finished_at = SyncRun.State.FAILED, now
        run.error = "The worker that ran this stopped in the middle. Nothing was changed; the sync was started again."
        run.save(update_fields=["state", "finished_at", "error"])
        trigger, by, run = SyncRun.Trigger(run.trigger), run.started_by, None
    elif run is None and row.next_due_at > now:
        return None
    if run is None:
        run = SyncRun.objects.create(
            tenant_id=row.tenant_id, integration_id=row.pk, trigger=trigger, started_by=by, queued_at=now
        )
    run.state, run.started_at, run.claim = SyncRun.State.RUNNING, now, uuid.uuid4()
    run.phase = SyncRun.Phase.CHECKING
    run.save(update_fields=["state", "phase", "started_at", "claim"])
    return run


def _interval(row: SyncSchedule) -> timedelta:
    """Give the time to the next scheduled run, with jitter so that integrations made together drift apart."""
    return timedelta(seconds=row.interval_seconds * random.uniform(0.9, 1.1))  # noqa: S311  no secret


def holds(run: SyncRun) -> bool:
    """Tell whether the run still has its claim, and lock it until the transaction ends: nobody can take it meanwhile."""
    return SyncSchedule.objects.select_for_update().filter(pk=run.integration_id, claim=run.claim).exists()


def release(run: SyncRun, *, is_transient: bool = False, now: datetime) -> None:
    """Give the claim back after a run; after a passing fault the next try comes sooner than the schedule, backing off."""
    row = SyncSchedule.objects.select_for_update().filter(pk=run.integration_id, claim=run.claim).first()
    if row is None:
        return
    row.claim = row.claim_expires_at = None
    row.failures = 0 if run.state == SyncRun.State.SUCCEEDED else row.failures + 1
    if is_transient:
        retry_at = now + FIRST_RETRY * 2 ** min(row.failures - 1, 10) * random.uniform(0.8, 1.2)  # noqa: S311  no secret
        row.next_due_at = min(row.next_due_at, retry_at)
    row.save(update_fields=["claim", "claim_expires_at", "failures", "next_due_at"])


@contextmanager
def heartbeat(run: SyncRun) -> Iterator[None]:
    """Keep pushing the claim's expiry from a thread of its own while the block runs; it ends with the process."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            expires = timezone.now() + CLAIM_LIFETIME
            try:
                SyncSchedule.objects.filter(pk=run.integration_id, claim=run.claim).update(claim_expires_at=expires)
            except OperationalError as error:  # the database is gone for a moment; the next beat tries again
                log.warning("claim_not_pushed", run=run.pk, error=str(error))
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"claim of {run}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

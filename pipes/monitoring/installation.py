"""How this installation stands, for its operator: in figures, and as findings with what to do.

Nothing of what tenants own is looked at but the schedule, which knows no names. The page of the operator, /metrics,
/readyz and ``manage.py check_installation`` all show the same.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from pipes.cache import FAULTS

# Beat ticks every few seconds, and the worker with it: one that is silent for so long is dead.
SILENCE_SECONDS: Final = 45.0
_LATE_SECONDS: Final = 120.0
_TICK_KEPT: Final = 30 * 24 * 3600
_SCHEDULE: Final = """
    SELECT count(*),
        count(*) FILTER (WHERE next_due_at <= now() AND claim IS NULL),
        coalesce(extract(epoch FROM now() - min(next_due_at) FILTER (WHERE next_due_at <= now() AND claim IS NULL)), 0),
        count(*) FILTER (WHERE dispatched_at IS NOT NULL AND claim IS NULL),
        coalesce(extract(epoch FROM now() - min(dispatched_at)
            FILTER (WHERE dispatched_at IS NOT NULL AND claim IS NULL)), 0),
        count(*) FILTER (WHERE claim IS NOT NULL AND claim_expires_at >= now()),
        count(*) FILTER (WHERE failures > 0),
        count(*) FILTER (WHERE lasting_failures > 0)
    FROM integrations_syncschedule
"""
_SCHEDULE_FIGURES: Final = (
    ("integrations", "Integrations that sync by a schedule"),
    ("integrations_due", "Integrations that are due and not syncing"),
    ("oldest_due_seconds", "For how long the oldest of these has been due"),
    ("queued_syncs", "Syncs that wait in the queue for a worker"),
    ("oldest_queued_seconds", "For how long the oldest of these has waited"),
    ("running_syncs", "Syncs under way"),
    ("integrations_failing", "Integrations whose last sync failed"),
    ("integrations_failing_lastingly", "Integrations that fail for a reason that does not pass by itself"),
)
_FAILING: Final = """
    SELECT schedule.integration_id, tenant.handle, schedule.failing_since, schedule.failures
    FROM integrations_syncschedule schedule JOIN workspaces_tenant tenant ON tenant.id = schedule.tenant_id
    WHERE schedule.failures > 0 ORDER BY schedule.failing_since, schedule.integration_id LIMIT 100
"""
_DELIVERIES: Final = (
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0) FROM integrations_deliverydue"
)

Figures = Mapping[str, tuple[str, float | None]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and in a sentence how it stands and what to do."""

    name: str
    is_good: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Failing:
    """An integration that fails, without its name."""

    integration_id: int
    tenant: str
    since: object
    failures: int


def tick(who: str) -> None:
    """Record that beat, or a worker that dispatches, is alive."""
    cache.set(f"tick:{who}", time.time(), _TICK_KEPT)


def silence(who: str) -> float | None:
    """Say for how many seconds beat or the dispatching worker has been silent; None when it was never heard."""
    ticked_at = cache.get(f"tick:{who}")
    return max(0.0, time.time() - ticked_at) if isinstance(ticked_at, int | float) else None


def figures() -> Figures:
    """Give the figures of this moment; None where what they come from is away."""
    found: dict[str, tuple[str, float | None]] = {}
    try:
        schedule = _row(_SCHEDULE)
        waiting, oldest = _row(_DELIVERIES)
    except DatabaseError:
        schedule, waiting, oldest = (None,) * len(_SCHEDULE_FIGURES), None, None
    found |= {name: (what, _number(value)) for (name, what), value in zip(_SCHEDULE_FIGURES, schedule, strict=True)}
    found["notifications_waiting"] = "Notifications that wait to be sent", _number(waiting)
    found["oldest_notification_seconds"] = "How much the oldest of these is overdue", _number(oldest)
    found["messages_queued"] = "Messages in the broker's queues", _messages()
    found["beat_silent_seconds"] = "Seconds since beat last ticked", silence("beat")
    found["dispatcher_silent_seconds"] = "Seconds since a worker last looked for what is due", silence("dispatcher")
    found["database_up"] = "Whether the database answers", float(schedule[0] is not None)
    found["broker_up"] = "Whether the broker answers", float(found["messages_queued"][1] is not None)
    return found


def findings() -> Iterator[Finding]:
    now = figures()
    yield _about("database", now["database_up"][1], "PostgreSQL answers.", "PostgreSQL does not answer: start it.")
    yield _about("broker", now["broker_up"][1], "Redis answers.", "Redis does not answer: start it.")
    if now["database_up"][1]:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        good, bad = "The schema is up to date.", f"Migrations are missing ({pending}): run manage.py migrate."
        yield _about("schema", not pending, good, bad)
    yield from work_findings(now)


def work_findings(now: Figures | None = None) -> Iterator[Finding]:
    """Say whether background work goes on: beat, the worker, and what is due."""
    now = now or figures()
    yield _heard("beat", now["beat_silent_seconds"][1], "No sync starts by itself: start beat.")
    yield _heard("dispatcher", now["dispatcher_silent_seconds"][1], "Nothing is dispatched: look at the workers' log.")
    late = now["oldest_due_seconds"][1] or 0
    good = f"{now['integrations_due'][1] or 0:.0f} integrations are due, the oldest for {late:.0f} s."
    yield _about("due", late <= _LATE_SECONDS, good, f"{good} Look at beat, then start more workers.")


def failing() -> list[Failing]:
    """List the integrations that fail, those that have failed for longest first; for the operator, who sees tenants."""
    with connection.cursor() as cursor:
        cursor.execute(_FAILING)
        return [Failing(*row) for row in cursor.fetchall()]


def _about(name: str, is_good: object, good: str, bad: str) -> Finding:
    return Finding(name, bool(is_good), good if is_good else bad)


def _heard(who: str, silent: float | None, what_to_do: str) -> Finding:
    if silent is None:
        return Finding(who, False, f"The {who} was never heard. {what_to_do}")
    heard = f"The {who} was last heard {silent:.0f} s ago."
    return _about(who, silent <= SILENCE_SECONDS, heard, f"{heard} {what_to_do}")


def _row(statement: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[object, ...] = cursor.fetchone()
        return row


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _messages() -> float | None:
    """Count what waits in all queues, each of which has a list for each of its priorities."""
    routes: Mapping[str, Mapping[str, str]] = getattr(settings, "CELERY_TASK_ROUTES", {})
    queues = {"celery", *(route["queue"] for route in routes.values())}
    steps = ("", "\x06\x163", "\x06\x166", "\x06\x169")
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS) as server:
            return float(sum(int(str(server.llen(f"{queue}{step}"))) for queue in queues for step in steps))
    except FAULTS:
        return None

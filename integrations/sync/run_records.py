"""In what form the records of syncs are kept: one that changed nothing is folded. ``retention`` says how long.

Most syncs find nothing new. A day later those in a row, without another between them, become one record for each day:
the last one's, which says for how many it stands and since when. What changed something, failed, asked, or was asked
for by a person stays a record of its own. All go when they have been kept for long enough.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection

from integrations import retention
from workspaces import isolation

RUNS_AT_ONCE = 500
_INTEGRATIONS_AT_ONCE = 4  # in one transaction so many times as many runs are folded, which takes about a second

# Written so that only the indexes of each integration's runs give the order that is asked for. With "=" PostgreSQL
# would look through the runs of all, among few integrations, until it meets enough of this: millions, if others ran.
_IS_OF_IT = "run.integration_id BETWEEN integration.id AND integration.id"
# Not folded: a notification is about it.
_IS_KEPT = "EXISTS (SELECT FROM integrations_delivery delivery WHERE delivery.run_id = run.id)"
_IS_ITS_OWN = f"({_IS_KEPT} OR run.started_by_id IS NOT NULL)"  # or a delegate has asked for it
# As in the index run_to_fold.
_IS_QUIET = """
    run.folded_runs IS NULL AND run.state = 'succeeded' AND run.trigger IN ('scheduled', 'event')
    AND run.counts = '{}'::jsonb
"""
_OLDEST_QUIET = f"""
    CROSS JOIN LATERAL (
        SELECT run.id, run.queued_at FROM integrations_syncrun run
        WHERE {_IS_OF_IT} AND {_IS_QUIET} ORDER BY run.integration_id, run.id LIMIT 1
    ) oldest WHERE oldest.queued_at < %(before)s
"""  # noqa: S608  nothing but the constants above
_TO_FOLD = f"SELECT integration.id FROM integrations_integration integration {_OLDEST_QUIET}"  # noqa: S608
_FOLD = f"""
    WITH started AS (
        SELECT integration.id, oldest.id AS first
        FROM unnest(%(integrations)s::bigint[]) integration (id) {_OLDEST_QUIET}
    ), looked_at AS (
        SELECT run.id, run.queued_at, run.is_quiet, run.is_kept, integration.id AS integration_id,
            (run.queued_at AT TIME ZONE 'UTC')::date AS day,
            count(*) FILTER (WHERE NOT is_quiet OR is_kept) OVER (PARTITION BY integration.id ORDER BY run.id) AS others
        FROM started integration CROSS JOIN LATERAL (
            SELECT run.id, run.queued_at, {_IS_QUIET} AS is_quiet, {_IS_ITS_OWN} AS is_kept
            FROM integrations_syncrun run
            WHERE {_IS_OF_IT} AND run.id >= integration.first AND run.queued_at < %(before)s
            ORDER BY run.integration_id DESC, run.id LIMIT %(at_once)s
        ) run
    ), folded AS (
        SELECT max(id) AS last, array_agg(id) AS ids, count(*) AS runs, min(queued_at) AS since
        FROM looked_at WHERE is_quiet AND NOT is_kept GROUP BY integration_id, day, others
        UNION ALL SELECT id, ARRAY[id], 1, queued_at FROM looked_at WHERE is_quiet AND is_kept
    ), gone AS (
        DELETE FROM integrations_syncrun USING (SELECT last, unnest(ids) AS id FROM folded) one
        WHERE integrations_syncrun.id = one.id AND one.id <> one.last
    )
    UPDATE integrations_syncrun run SET folded_runs = runs, folded_since = since FROM folded WHERE run.id = last
"""  # noqa: S608  nothing but the constants above
# Oldest first, by the index of each integration's runs.
_FORGET = f"""
    DELETE FROM integrations_syncrun WHERE id IN (
        SELECT run.id FROM integrations_integration integration
        CROSS JOIN LATERAL (
            SELECT id FROM integrations_syncrun run WHERE {_IS_OF_IT}
            ORDER BY run.integration_id, id DESC OFFSET %(last)s LIMIT 1
        ) newest
        CROSS JOIN LATERAL (
            SELECT queued_at FROM integrations_syncrun run WHERE {_IS_OF_IT}
            ORDER BY run.integration_id DESC, id LIMIT 1
        ) oldest
        CROSS JOIN LATERAL (
            SELECT id, queued_at, state FROM integrations_syncrun run
            WHERE {_IS_OF_IT} AND id <= newest.id ORDER BY run.integration_id DESC, id LIMIT %(at_once)s
        ) run
        WHERE oldest.queued_at < %(before)s AND run.queued_at < %(before)s
            AND run.state NOT IN ('queued', 'running', 'needs_approval', 'approved') AND NOT {_IS_KEPT}
        LIMIT %(at_once)s
    )
"""  # noqa: S608  nothing but the constants above


def fold_quiet_runs(tenant_id: int, *, now: datetime, is_time_up: Callable[[], bool]) -> None:
    """Let one record stand for the runs in a row of a day that changed nothing, once that day is over for a day.

    What is not done when the time is up is done the next time.
    """
    yesterday = (now - retention.QUIET_RUN).replace(hour=0, minute=0, second=0, microsecond=0)
    with isolation.as_tenant(tenant_id), connection.cursor() as cursor:
        cursor.execute(_TO_FOLD, {"before": yesterday})
        integrations = [pk for (pk,) in cursor.fetchall()]
    for start in range(0, len(integrations), _INTEGRATIONS_AT_ONCE):
        some = integrations[start : start + _INTEGRATIONS_AT_ONCE]
        _in_batches(tenant_id, _FOLD, {"before": yesterday, "integrations": some}, is_time_up)


def forget_old_runs(tenant_id: int, *, now: datetime, is_time_up: Callable[[], bool]) -> None:
    """Delete the runs of a tenant that have been kept for long enough; the rest the next time when the time is up.

    The audit log keeps what people did; what a sync changed is known no longer than its run.
    """
    parameters = {"before": now - retention.run(), "last": retention.LAST_RUNS}
    _in_batches(tenant_id, _FORGET, parameters, is_time_up)


def _in_batches(tenant_id: int, statement: str, parameters: dict[str, Any], is_time_up: Callable[[], bool]) -> None:
    """Run a statement until it finds nothing more, a few hundred rows of each in a transaction."""
    done = 1
    while done and not is_time_up():
        with isolation.as_tenant(tenant_id), connection.cursor() as cursor:
            cursor.execute(statement, {**parameters, "at_once": RUNS_AT_ONCE})
            done = cursor.rowcount

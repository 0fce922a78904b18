"""How many tests of access, trials and previews of one tenant run at once, so that it leaves workers to the others.

What finds no slot waits in its row, not in the broker's queue; whatever ends sends for those that have waited longest.
The slot of a worker that was killed is free again when nothing is heard of it any more.
"""

from datetime import datetime, timedelta
from itertools import chain
from typing import Final, Literal, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from integrations.models import AccessTest, SettingsTrial
from workspaces import isolation
from workspaces.wording.durations import duration_in_words

# What reports nothing for this long has lost its worker: AWS is given less time than that for any one call.
PATIENCE: Final = timedelta(minutes=3)

Kind = Literal["test", "trial"]
Row = TypeVar("Row", AccessTest, SettingsTrial)


def begin(rows: QuerySet[Row], tenant_id: int, pk: int, *, now: datetime) -> Row | None:
    """Take what waits; None when no slot is free, or when a message came twice or late and finds nothing to do."""
    with isolation.as_tenant(tenant_id):
        has_slot = lock_slots(tenant_id, now=now)
        waiting = rows.filter(pk=pk, state="queued")
        return rows.get(pk=pk) if has_slot and waiting.update(state="running", progressed_at=now) else None


def lock_slots(tenant_id: int, *, now: datetime) -> bool:
    """Whether a slot is free; until the transaction ends nobody else can take it."""
    with connection.cursor() as cursor:
        # By the name that released versions lock too: workers of both run during an upgrade.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"places of {tenant_id}"])
    return slots_in_use(tenant_id, now=now) < settings.PIPES_TESTS_PER_TENANT


def slots_in_use(tenant_id: int, *, now: datetime) -> int:
    """Count what is under way, in the caller's transaction."""
    running = Q(tenant=tenant_id, state="running", progressed_at__gte=now - PATIENCE)
    return AccessTest.objects.filter(running).count() + SettingsTrial.objects.filter(running).count()


def why_lost(what: str, *, again: str) -> str:
    """Say that the worker of something is gone, and what to do: ``again`` names that."""
    return (
        f"Nothing was heard of {what} for {duration_in_words(PATIENCE)}, so the worker that ran it has probably"
        f" stopped. {again} again; if that does not help, ask the operator of this installation whether its background"
        " worker is up."
    )


def may_still_come(queued: AccessTest | SettingsTrial, *, now: datetime) -> bool:
    """Whether something that waits to be begun may be waiting for a slot: whatever has one now will send for it."""
    return queued.state == "queued" and slots_in_use(queued.tenant_id, now=now) > 0


def next_in_turn(tenant_id: int, *, now: datetime) -> list[tuple[Kind, int]]:
    """List what has waited longest, as many as there are free slots, to be sent for."""
    with isolation.as_tenant(tenant_id):
        free = max(0, settings.PIPES_TESTS_PER_TENANT - slots_in_use(tenant_id, now=now))
        queued = Q(tenant=tenant_id, state="queued")
        tests = AccessTest.objects.filter(queued).order_by("created_at").values_list("created_at", "pk")[:free]
        trials = SettingsTrial.objects.filter(queued).order_by("created_at").values_list("created_at", "pk")[:free]
        waiting: chain[tuple[datetime, Kind, int]] = chain(
            ((created_at, "test", pk) for created_at, pk in tests),
            ((created_at, "trial", pk) for created_at, pk in trials),
        )
        return [(kind, pk) for _, kind, pk in sorted(waiting)[:free]]

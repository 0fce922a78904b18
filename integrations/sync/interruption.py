"""Syncs that stop in the middle through no fault of their own: the worker is to stop, the database went away, or AWS
does not show yet what it has reported.

Such a run waits again, as itself and with who asked for it, and is started by the next free worker.
"""

from datetime import datetime

from django.utils import timezone

from integrations.aws.calls.rate_limit import stops_within
from integrations.models import SyncRun
from integrations.sync import schedule as sync_schedule
from integrations.sync.backoff import FIRST_RETRY
from integrations.sync.targeted.rest import rest_after
from workspaces import isolation
from workspaces.database import patiently

_GIVEN_BACK = ("claim", "claim_expires_at", "dispatched_at", "next_due_at", "planned_at", "takeovers")
_LOOKED = (*_GIVEN_BACK, "events_rest_until")


def give_back(run: SyncRun, why: str, *, is_suspect: bool) -> None:
    """Have a run wait to be started again, as soon as the database can be reached.

    One that is suspected to bring the trouble itself is started again at once the first time, and later after that.
    Raises ClaimLostError when the claim is not ours any more.
    """
    patiently(lambda: _give_back(run, why, is_suspect=is_suspect, now=timezone.now()), give_up_after=stops_within)


def _give_back(run: SyncRun, why: str, *, is_suspect: bool, now: datetime) -> None:
    with isolation.as_tenant(run.tenant_id):
        row = sync_schedule.hold(run)
        row.takeovers += is_suspect
        row.set_free()
        row.dispatched_at = None
        row.next_due_at = now + FIRST_RETRY * (max(row.takeovers - 1, 0) if is_suspect else 0)
        row.planned_at = max(row.planned_at, now)
        row.save(update_fields=_GIVEN_BACK)
        SyncRun.objects.filter(pk=run.pk).update(
            state=SyncRun.State.QUEUED,
            phase="",
            error=why,
            started_at=None,
            folders_read=0,
            accounts_read=0,
            aws_calls=0,
        )


def look_again(run: SyncRun, at: datetime, *, calls: int, new_calls: int, now: datetime) -> None:
    """Have a run wait until AWS may show what events told, in the caller's transaction, which holds the schedule's row.

    It has seen nothing, and goes on counting its calls. For those of this look it rests, unless a person waits.
    """
    row = sync_schedule.hold(run)
    row.set_free()
    row.dispatched_at = None
    row.events_rest_until = rests_until = now + rest_after(new_calls)
    due_at = min(row.next_due_at, at)
    row.next_due_at = due_at if row.asked_at else max(due_at, rests_until)
    row.planned_at = max(row.planned_at, now)
    row.takeovers = 0
    row.save(update_fields=_LOOKED)
    waiting = {"state": SyncRun.State.QUEUED, "phase": SyncRun.Phase.LAGGING, "started_at": None, "aws_calls": calls}
    SyncRun.objects.filter(pk=run.pk).update(**waiting)

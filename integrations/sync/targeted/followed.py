"""What follows from what events told: looking again, a full sync, and the verdict of full syncs on targeted ones."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from integrations.models import AwsEvent, SyncRun, SyncSchedule
from integrations.planning.diff import Change, Reason
from integrations.planning.targeted.hints import to_look_at
from integrations.planning.targeted.undoing import Aspect, aspect_of, shown_by, taken_back
from integrations.sync.targeted import pending
from integrations.sync.targeted.rest import SHOWN_WITHIN, why_not_heard
from workspaces import metrics

log = structlog.get_logger(__name__)

# While AWS closes an account it may describe it as it was, for more than ten minutes.
_WAVERS_FOR: Final = timedelta(minutes=15)
# Runs whose changes come from AWS alone, and not from what somebody changed here.
_WATCHING: Final = (
    SyncRun.Trigger.SCHEDULED,
    SyncRun.Trigger.EVENT,
    SyncRun.Trigger.MANUAL,
    SyncRun.Trigger.COMMAND,
)


def undone_by(run: SyncRun, changes: Sequence[Change], events: Iterable[AwsEvent]) -> dict[Aspect, datetime]:
    """Give what a run would make again as it was before another showed a change, with when that was.

    A full run is held to what targeted ones have just shown: its lists may be older.
    """
    if not changes:
        return {}
    is_targeted = run.kind == SyncRun.Kind.TARGETED
    since = (run.started_at or timezone.now()) - (_WAVERS_FOR if is_targeted else SHOWN_WITHIN)
    earlier = SyncRun.objects.changed_something(run.integration, after=since)
    if not is_targeted:
        earlier = earlier.filter(kind=SyncRun.Kind.TARGETED)
    rows = earlier.values_list("changes", "finished_at")
    shown = [each for lines, at in rows if at is not None for each in shown_by(lines, at)]
    return taken_back(changes, shown, [event.told for event in events])


def let_a_full_sync_tell(run: SyncRun, shown_at: datetime) -> None:
    """Have a full sync read what AWS may say otherwise for now; the caller holds the schedule's row.

    ``shown_at`` is when that was shown, or told.
    """
    at = shown_at + _WAVERS_FOR
    due_at = Least(Coalesce(F("full_due_at"), F("next_due_at")), Value(at))
    SyncSchedule.objects.filter(pk=run.integration_id).update(
        full_due_at=due_at, next_due_at=Least(F("next_due_at"), Value(at)), untold_at=timezone.now()
    )


def verdict(run: SyncRun, row: SyncSchedule, changes: Sequence[Change], events: Iterable[AwsEvent]) -> tuple[int, int]:
    """Count what a full sync has changed that a targeted one had shown otherwise, and what no event had told of.

    ``events`` are those that it looked for; others may have come meanwhile. The latter is counted while events come;
    AWS changes the state of an account, up to its end, without one.
    """
    if not changes or run.trigger not in _WATCHING or row.read_all_at is None:
        return 0, 0
    targeted = SyncRun.objects.changed_something(run.integration, after=row.read_all_at)
    lines = targeted.filter(kind=SyncRun.Kind.TARGETED).values_list("changes", flat=True)
    shown = {aspect_of(Change(*line)) for changed in lines for line in changed}
    hinted = to_look_at(event.told for event in (*events, *pending.waiting(row)))
    silent = [change for change in changes if change.source_id not in hinted and change.after != Reason.CLOSED]
    differing = [change for change in silent if aspect_of(change) in shown]
    if differing:
        transaction.on_commit(partial(_sound_alarm, len(differing), differing[0].source_id), robust=True)
    if run.shown_trigger != SyncRun.Trigger.SCHEDULED or why_not_heard(row, timezone.now()):
        return len(differing), 0
    return len(differing), sum(change.kind != "state" and change not in differing for change in silent)


def _sound_alarm(number: int, first: str) -> None:
    log.error("targeted_sync_differs", changes=number, first=first)
    metrics.count("targeted_differences", number)


def seconds_since(events: Iterable[AwsEvent], changes: Iterable[Change], now: datetime) -> float | None:
    """Say how long after the first event of which a change was seen that was shown; None where none was seen."""
    changed = {change.source_id for change in changes}
    told = [event.occurred_at for event in events if any(hint.source_id in changed for hint in event.told.hints)]
    return max((now - min(told)).total_seconds(), 0.0) if told else None

"""Which sync an integration needs when its time has come and no person asked for one: full, targeted, or none yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integrations.models import AwsEvent, SyncRun, SyncSchedule
from integrations.planning.targeted.hints import MOST_IDS, to_look_at
from integrations.sync.targeted import pending
from integrations.sync.targeted.rest import EVENTS_REST, is_rested

# Events go before the clock, but do not put its full sync off for longer than this.
_LATE: Final = timedelta(minutes=5)
# While many events come one after the other, the full sync that answers all waits for the last, so long at most.
_BURST: Final = timedelta(seconds=60)
_QUIET: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to run, who asked for it and when, and for which events.

    ``why_full`` says why those need more than a look.
    """

    kind: SyncRun.Kind
    trigger: SyncRun.Trigger
    why_full: str = ""
    events: Sequence[AwsEvent] = ()
    by: int | None = None
    queued_at: datetime | None = None

    def put_on(self, run: SyncRun) -> None:
        run.kind, run.trigger, run.why_full = self.kind, self.trigger, self.why_full
        run.started_by_id, run.queued_at = self.by or run.started_by_id, self.queued_at or run.queued_at


def asked(row: SyncSchedule) -> Choice | None:
    """Give what a person asked for while the run before it was under way, if anybody did."""
    if row.asked_at is None or not row.asked_trigger:
        return None
    trigger = SyncRun.Trigger(row.asked_trigger)
    return Choice(SyncRun.Kind.FULL, trigger, "", pending.waiting(row), row.asked_by_id, row.asked_at)


def again(lost: SyncRun, row: SyncSchedule) -> Choice:
    """Give what takes the place of a run whose worker died: it reads everything, whatever that one was to look at."""
    trigger = SyncRun.Trigger(lost.trigger)
    return Choice(SyncRun.Kind.FULL, trigger, lost.why_full, pending.waiting(row), lost.started_by_id, lost.queued_at)


def choose(row: SyncSchedule, now: datetime) -> Choice | None:
    """Choose for a schedule's row, which is locked and due; None puts it off, and the caller saves when until.

    What is due for no event and not by the clock, somebody made due for a reason of theirs: it reads everything.
    """
    if row.is_ahead(now):  # the dispatcher mends it first
        return None
    choice = _choose(row, now)
    if choice is None or choice.trigger != SyncRun.Trigger.EVENT or choice.kind != SyncRun.Kind.FULL:
        return choice
    rests_until = row.events_synced_at and row.events_synced_at + EVENTS_REST
    if rests_until is None or rests_until <= now:
        return choice
    _put_off(row, rests_until, now)
    return None


def _choose(row: SyncSchedule, now: datetime) -> Choice | None:
    waiting = pending.in_time(pending.waiting(row), now)
    events = [event for event in waiting if event.look_at <= now]
    if row.failures or row.read_all_at is None:
        return _full(row, waiting)
    if why := row.why_full or _too_many(events):
        if _is_still_coming(row, events, now):
            _put_off(row, now + _QUIET, now)
            return None
        return Choice(SyncRun.Kind.FULL, SyncRun.Trigger.EVENT, why, waiting)
    full_due_at = row.full_due_at or row.next_due_at
    if events and full_due_at > now - _LATE:
        return Choice(SyncRun.Kind.TARGETED, SyncRun.Trigger.EVENT, events=events)
    if waiting and not events and full_due_at > now:  # AWS is given time
        _put_off(row, min([full_due_at, *(event.look_at for event in waiting)]), now)
        return None
    is_idle = full_due_at <= now and not events and row.event_at is None
    if is_idle and is_rested(row, now) and not SyncRun.objects.has_question(row.integration_id):
        row.full_due_at = now + row.interval
        _put_off(row, min([row.full_due_at, *(event.look_at for event in waiting)]), now)
        return None
    return _full(row, waiting)


def _put_off(row: SyncSchedule, until: datetime, now: datetime) -> None:
    row.next_due_at, row.planned_at = until, now


def _full(row: SyncSchedule, events: Sequence[AwsEvent]) -> Choice:
    trigger = SyncRun.Trigger.EVENT if row.event_at else SyncRun.Trigger.SCHEDULED
    return Choice(SyncRun.Kind.FULL, trigger, row.why_full, events)


def _too_many(events: Sequence[AwsEvent]) -> str:
    number = len(to_look_at(event.told for event in events))
    return f"They are about {number} accounts and OUs." if number > MOST_IDS else ""


def _is_still_coming(row: SyncSchedule, events: Sequence[AwsEvent], now: datetime) -> bool:
    told = [*(event.received_at for event in events), *filter(None, (row.last_event_at, row.untold_at))]
    latest = max(told, default=now - _BURST)
    return latest > now - _QUIET and row.event_at is not None and now - _BURST < row.event_at <= now

"""What leaves AWS in peace: full syncs rest while events are known to come, and events start only so much."""

from datetime import datetime, timedelta
from typing import Final

from integrations.models import SyncSchedule

# The template has EventBridge send a sign of life each hour; two may get lost.
HEARD_WITHIN: Final = timedelta(hours=3)
# So long the schedule goes on as without events, after one of them did not come.
_DISTRUST: Final = timedelta(days=1)
# AWS shows a change in its lists so much later than it reports it.
SHOWN_WITHIN: Final = timedelta(minutes=2)
# Between two full syncs that events start: a flood of them must not use up the quota of the customer's account.
EVENTS_REST: Final = timedelta(seconds=60)
# After a look that events started, whatever they are about: two calls a second at most, and room for other events.
_LOOKS_REST: Final = timedelta(seconds=2)
_REST_OF_A_CALL: Final = timedelta(seconds=0.5)


def rest_after(calls: int) -> timedelta:
    """Say how long no event starts anything, after so many calls that were made for some."""
    return max(_LOOKS_REST, calls * _REST_OF_A_CALL)


def is_heard(row: SyncSchedule, now: datetime) -> bool:
    """Whether AWS can tell of changes, as far as its signs of life say."""
    return row.heard_at is not None and row.heard_at >= now - HEARD_WITHIN


def why_not_heard(row: SyncSchedule, now: datetime) -> str:
    """Say why events are not known to come; empty while they are."""
    if row.heard_at is None:
        return "no event has come yet"
    if not is_heard(row, now):
        return "nothing has come from AWS for three hours, not even its hourly sign of life"
    if row.last_event_at is None:
        return "signs of life come, but no event about a change has come yet"
    return ""


def why_not_resting(row: SyncSchedule, now: datetime) -> str:
    """Say why full syncs come at each interval; empty while events are known to come, and nothing speaks against it."""
    if why := why_not_heard(row, now):
        return why
    if row.missed_at is not None and row.missed_at > now - _DISTRUST:
        return "the last full sync found a change that no event had reported"
    if row.untold_at is not None:
        return "not all that events told of has been seen, or could be looked at one by one"
    return ""


def next_at(row: SyncSchedule, now: datetime) -> datetime | None:
    """Say when the next sync comes, unless an event brings one before; None when that is any moment."""
    due_at = row.next_due_at
    is_by_clock = row.event_at is None and (row.full_due_at is None or due_at >= row.full_due_at)
    if row.read_all_at is not None and is_by_clock and is_rested(row, now):
        due_at = max(due_at, row.read_all_at + row.rest)
    return due_at if due_at > now else None


def is_rested(row: SyncSchedule, now: datetime) -> bool:
    """Whether the last full sync is still enough."""
    if row.read_all_at is None or why_not_resting(row, now):
        return False
    return now < row.read_all_at + row.rest

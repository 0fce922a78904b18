"""How long full syncs may rest: as long as events are known to come, once a day is enough; else each interval."""

from datetime import datetime, timedelta
from typing import Final

from integrations.models import SyncSchedule

# The template has EventBridge send a sign of life each hour; two may get lost.
HEARD_WITHIN: Final = timedelta(hours=3)
# So long the schedule goes on as without events, after one of them did not come.
_DISTRUST: Final = timedelta(days=1)
# AWS shows a change in its lists so much later than it reports it.
SHOWN_WITHIN: Final = timedelta(minutes=2)


def why_not_resting(row: SyncSchedule, now: datetime) -> str:
    """Say why full syncs come at each interval; empty while events are known to come, and nothing speaks against it."""
    if row.heard_at is None:
        return "no event has come yet"
    if row.heard_at < now - HEARD_WITHIN:
        return "nothing has come from AWS for three hours, not even its hourly sign of life"
    if row.last_event_at is None:
        return "signs of life come, but no event about a change has come yet"
    if row.missed_at is not None and row.missed_at > now - _DISTRUST:
        return "the last full sync found a change that no event had reported"
    if row.untold_at is not None:
        return "more changed at once than events were looked at one by one"
    return ""


def is_rested(row: SyncSchedule, now: datetime) -> bool:
    """Whether the last full sync is still enough."""
    if row.read_all_at is None or why_not_resting(row, now):
        return False
    return now < row.read_all_at + timedelta(seconds=row.rest_seconds)

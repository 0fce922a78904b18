"""Events of which no sync has seen the change yet: they are looked for again, with growing pauses, and then no more."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integrations.models import AwsEvent, SyncRun, SyncSchedule
from integrations.planning.targeted.hints import are_seen
from integrations.sync.targeted.rest import SHOWN_WITHIN

_FIRST_PAUSE: Final = timedelta(seconds=3)
_MOST_LOOKS: Final = 8  # also where the clock was set back
# So many are kept for one integration: more at once are answered by a full sync, whatever they name.
MOST_KEPT: Final = 100


def waiting(row: SyncSchedule) -> list[AwsEvent]:
    """Give all that wait for an integration; where none has ever come, the database is asked nothing."""
    return list(AwsEvent.objects.filter(integration=row.pk).order_by("pk")) if row.last_event_at else []


def in_time(events: Sequence[AwsEvent], now: datetime) -> Sequence[AwsEvent]:
    """Put right what events have from a clock that was set back since, as far as this process reads them; gives them.

    The dispatcher, which mends schedules, sees no events: they are behind the tenants' wall.
    """
    for event in events:
        event.received_at = min(event.received_at, now)
        event.look_at = now if event.look_at > now + SHOWN_WITHIN else event.look_at
    return events


def record(run: SyncRun, events: Iterable[AwsEvent]) -> None:
    """Note on a run which events it looks for."""
    known = run.events or []
    ids = {event_id for _, event_id, _ in known}
    new = [event for event in events if event.event_id not in ids]
    run.events = [*known, *([event.name, event.event_id, event.occurred_at.isoformat()] for event in new)] or None


def taken_by(run: SyncRun) -> list[AwsEvent]:
    """Give the events that a run looks for and that are still there."""
    ids = [event_id for _, event_id, _ in run.events or ()]
    return list(AwsEvent.objects.filter(integration=run.integration_id, event_id__in=ids).order_by("pk")) if ids else []


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of events: when the first of those that were not seen is looked for again, and when ones were told
    that are looked for no more.
    """

    again_at: datetime | None = None
    given_up: datetime | None = None


def settle(
    events: Sequence[AwsEvent], where: Mapping[str, str | None], changed: Container[str], *, now: datetime
) -> Settled:
    """Forget the events whose change was seen, or was looked for enough, and have the others looked for again."""
    in_time(events, now)
    seen = are_seen([event.told for event in events], where, changed)
    unseen = [event for event, is_seen in zip(events, seen, strict=True) if not is_seen]
    left = [event for event in unseen if event.looks < _MOST_LOOKS and now < event.received_at + SHOWN_WITHIN]
    forget(event for event in events if event not in left)
    for event in left:
        event.looks += 1
        event.look_at = min(now + _FIRST_PAUSE * 2 ** (event.looks - 1), event.received_at + SHOWN_WITHIN)
    AwsEvent.objects.bulk_update(left, ["received_at", "looks", "look_at"])
    given_up = (event.received_at for event in unseen if event not in left)
    return Settled(min((event.look_at for event in left), default=None), max(given_up, default=None))


def forget(events: Iterable[AwsEvent]) -> None:
    AwsEvent.objects.filter(pk__in=[event.pk for event in events]).delete()

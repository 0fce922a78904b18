"""Which changes would take back what an earlier sync has shown: AWS may answer an older state for minutes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integrations.planning.diff import Change, Reason
from integrations.planning.targeted.hints import GONE, Told

_EXACTNESS: Final = timedelta(seconds=1)  # of the times of events
# Creating, removing and bringing back are about the same thing: whether it is there.
_ASPECTS: Final[Mapping[str, str]] = {"create": "there", "return": "there", "remove": "there"}

# Of which node something changed, by its id, and what: its name, its place, its state, or whether it is there.
Aspect = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A change that a sync has shown, and when."""

    change: Change
    at: datetime


def shown_by(changes: Iterable[Sequence[str]], at: datetime) -> list[Shown]:
    """Take the changes of a run as they are stored."""
    return [Shown(Change(*change), at) for change in changes]  # type: ignore[arg-type]  # a kind is stored as its word


def aspect_of(change: Change) -> Aspect:
    return change.source_id, _ASPECTS.get(change.kind, change.kind)


def taken_back(changes: Iterable[Change], shown: Iterable[Shown], events: Iterable[Told]) -> dict[Aspect, datetime]:
    """Give what would become again what it was, with when that was shown to be over.

    An event that came after that is believed to mean a second change, but for the state of an account: while AWS closes
    one it may describe it as open again, for more than ten minutes.
    """
    last = {aspect_of(each.change): each for each in sorted(shown, key=lambda each: each.at)}
    events = list(events)
    back: dict[Aspect, datetime] = {}
    for change in changes:
        before = last.get(aspect_of(change))
        if before and _undoes(change, before.change) and not _is_told(change, before.at, events):
            back[aspect_of(change)] = before.at
    return back


def _undoes(change: Change, before: Change) -> bool:
    if change.after == Reason.CLOSED:
        return False  # that is where an account ends, and never an older state
    if aspect_of(change)[1] == "there":
        return (change.kind == "remove") != (before.kind == "remove")
    return (change.before, change.after) == (before.after, before.before)


def _is_told(change: Change, since: datetime, events: Iterable[Told]) -> bool:
    later = [hint for event in events if event.occurred_at + _EXACTNESS > since for hint in event.hints]
    about = [hint for hint in later if hint.source_id == change.source_id]
    if change.kind == "state":
        return False
    if aspect_of(change)[1] == "there":
        return any(hint.expects and (hint.expects == GONE) == (change.kind == "remove") for hint in about)
    return bool(about)

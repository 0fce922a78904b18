"""What an event from AWS hints at, and when that has been seen. A hint says where to look, and is never believed."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

THERE: Final = "there"
GONE: Final = "gone"
# A targeted sync asks for each by itself; of more all are read, in lists.
MOST_IDS: Final = 50


@dataclass(frozen=True, slots=True)
class Hint:
    """An account or OU to look at; ``expects`` is what one would see: GONE, THERE, the id of its parent, or nothing.

    It only says for how long to look again: AWS shows some changes seconds after it has reported them.
    """

    source_id: str
    expects: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One event: when it happened, as it says, and what it hints at."""

    occurred_at: datetime
    hints: tuple[Hint, ...]


def to_look_at(events: Iterable[Told]) -> frozenset[str]:
    return frozenset(hint.source_id for event in events for hint in event.hints)


def are_seen(events: Iterable[Told], where: Mapping[str, str | None], changed: Container[str]) -> list[bool]:
    """Say of each event whether what it reported can be seen by now.

    ``where`` has the parent of each account and OU that was looked at and is there; ``changed`` are the ids of which
    something was seen to change. Of several events about one node the latest says what to expect.
    """
    in_order = sorted(events, key=lambda event: event.occurred_at)
    latest = {hint.source_id: hint for event in in_order for hint in event.hints if hint.expects}

    def is_seen(hint: Hint) -> bool:
        hint = latest.get(hint.source_id, hint) if hint.expects else hint
        if hint.expects == GONE:
            return hint.source_id not in where
        if hint.expects == THERE:
            return hint.source_id in where
        if hint.expects:
            return where.get(hint.source_id) == hint.expects
        return hint.source_id in changed

    return [all(map(is_seen, event.hints)) for event in events]

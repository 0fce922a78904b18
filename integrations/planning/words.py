"""Figures in words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

_DONE = {
    "create": "created",
    "return": "returned",
    "rename": "renamed",
    "move": "moved",
    "state": "changed state",
    "remove": "removed",
}


def duration(span: timedelta) -> str:
    """Say how long something took, in its two largest units."""
    seconds = max(int(span.total_seconds()), 0)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if seconds else "under 1 s"


def changes(counts: Mapping[str, int]) -> str:
    """Say what a run changed: ``1,075 created, 2 moved``; a node that was renamed and moved counts in both."""
    return ", ".join(f"{counts[kind]:,} {word}" for kind, word in _DONE.items() if counts.get(kind)) or "no changes"


def reasons(removals: Iterable[str]) -> str:
    """Say how many are removed for which reason: ``3 closed in AWS, 1 not ticked``.

    The most frequent ones come first, those of one number by name.
    """
    counted = sorted(Counter(removals).items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{number:,} {reason}" for reason, number in counted)

"""Counting what happens, for the operator's monitoring: in memory here, in the places where it happens.

``pipes/monitoring/metrics.py`` adds up what all processes counted, and shows it. No tenant, person or object is
ever a label.
"""

import threading
from collections import Counter

Key = tuple[str, tuple[tuple[str, str], ...]]

_counted: Counter[Key] = Counter()
_lock = threading.Lock()


def count(name: str, number: float = 1, **labels: str) -> None:
    """Add to a counter; one of its own for each combination of labels."""
    with _lock:
        _counted[name, tuple(sorted(labels.items()))] += number  # type: ignore[assignment]


def take() -> dict[Key, float]:
    """Give what was counted since the last time, and begin anew."""
    with _lock:
        taken: dict[Key, float] = dict(_counted)
        _counted.clear()
    return taken


def give_back(taken: dict[Key, float]) -> None:
    """Count again what was taken and could not be passed on."""
    for (name, labels), number in taken.items():
        count(name, number, **dict(labels))

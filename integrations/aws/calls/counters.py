"""How often AWS was asked for what, and whether it answered; counted in memory for the installation's metrics."""

import threading
from collections import Counter

_calls: Counter[tuple[str, str]] = Counter()
_lock = threading.Lock()


def count(operation: str, answer: str) -> None:
    """Count one call; ``answer`` is 'answered', 'throttled' or 'failed'."""
    with _lock:
        _calls[operation, answer] += 1


def take() -> dict[tuple[str, str], int]:
    """Give what was counted since the last time, and begin anew."""
    with _lock:
        taken = dict(_calls)
        _calls.clear()
    return taken

"""How often AWS was asked for what, and whether it answered; counted in memory for whoever watches the installation."""

import threading
from collections import Counter

_calls: Counter[tuple[str, str]] = Counter()
_lock = threading.Lock()


def note(operation: str, answer: str) -> None:
    """Count one call, and whether it was answered, throttled or failed."""
    with _lock:
        _calls[operation, answer] += 1


def take() -> dict[tuple[str, str], int]:
    """Give what was counted since the last time, and begin anew."""
    with _lock:
        taken = dict(_calls)
        _calls.clear()
    return taken

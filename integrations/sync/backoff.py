"""When a sync is tried again after a run that failed: later each time, and never given up.

Pure. After a run that ended with a fault it is SQL, for the row that counts the failures is written without being read
(``schedule``); each has the failures before this one.
"""

from datetime import timedelta
from typing import Any, Final

from integrations.models.schedules import MANY_TAKEOVERS

FIRST_RETRY: Final = timedelta(minutes=1)
# However long a fault lasts, it is tried again once a day, or at its interval where that is longer.
LONGEST_WAIT: Final = timedelta(days=1)
_MOST_DOUBLINGS: Final = 10  # all waits have reached their limits by then

# A fault that may pass by itself is tried again soon; the next scheduled run comes sooner than late ones of these.
AFTER_PASSING_FAULT: Final = (
    "LEAST(next_due_at, %(now)s + %(jitter)s * %(first_retry)s * power(2, LEAST(failures, %(most_doublings)s)))"
)
# One that somebody has to mend waits for the interval, then for twice that, and so on.
AFTER_LASTING_FAULT: Final = """%(now)s + %(jitter)s * make_interval(secs => LEAST(
    interval_seconds * power(2, LEAST(lasting_failures, %(most_doublings)s)), GREATEST(interval_seconds, %(longest)s)))
"""


def parameters(*, jitter: float) -> dict[str, Any]:
    """Give the parameters of both statements but ``now``; ``jitter`` is a factor near 1."""
    longest = LONGEST_WAIT.total_seconds()
    return {"jitter": jitter, "first_retry": FIRST_RETRY, "longest": longest, "most_doublings": _MOST_DOUBLINGS}


def after_lost_workers(takeovers: int, interval: timedelta) -> timedelta:
    """Give the wait after so many workers in a row, two or more, died in the middle of the sync."""
    growth = takeovers - MANY_TAKEOVERS
    wait = FIRST_RETRY if growth < 0 else interval * 2 ** min(growth, _MOST_DOUBLINGS)
    return min(wait, max(interval, LONGEST_WAIT))

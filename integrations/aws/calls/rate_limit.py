"""How fast and how long we call: AWS throttles each operation by a bucket of its own, and so do we, a little before it.

The quota belongs to the customer's account and is shared with everything else that runs there.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from integrations.aws.errors import Stopped, TimedOut

_SLOWEST: Final = 1 / 16  # of the published rate; slower than that, a read would outlive its time anyway
_RECOVERY: Final = 1 / 20  # of the published rate, regained with each answer after a throttle


class Pacer:
    """A token bucket that learns: it starts at the published rate, halves on a throttle and creeps back up to it.

    It never goes above what it started with, and keeps one token of AWS's burst unspent, because calls do not arrive
    exactly as evenly as they were sent. Thread-safe.
    """

    def __init__(self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``rate`` in calls a second, ``burst`` in calls."""
        self._published = self._rate = rate
        self._capacity = self._tokens = max(burst - 1, 1.0)
        self._clock = clock
        self._seen_at = self._slowed_at = clock()
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        return self._rate

    def reserve(self) -> float:
        """Take the next turn; returns the seconds to wait before calling."""
        with self._lock:
            self._refill()
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)

    def is_dry(self) -> bool:
        with self._lock:
            self._refill()
            return self._tokens < 1

    def slow_down(self, sent_at: float) -> None:
        """AWS throttled a call that was sent at that time of the clock.

        Calls that were under way together count as one throttle.
        """
        with self._lock:
            self._refill()
            self._tokens = min(self._tokens, 0.0)
            if sent_at >= self._slowed_at:
                self._slowed_at = self._clock()
                self._rate = max(self._rate / 2, self._published * _SLOWEST)

    def speed_up(self) -> None:
        with self._lock:
            self._refill()
            self._rate = min(self._published, self._rate + self._published * _RECOVERY)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._seen_at) * self._rate)
        self._seen_at = now


# Set when the process is to stop: a thread that would wait ends instead.
_stopping: Final = threading.Event()
_LOOK_SECONDS: Final = 0.5


def stop() -> None:
    """Have everything that waits for AWS in this process end soon, as Stopped."""
    _stopping.set()


def stops_within(seconds: float) -> bool:
    """Wait so long, or until the process is to stop; returns whether it is."""
    return _stopping.wait(seconds)


class Budget:
    """The time that a caller gives for a whole piece of work, in which all its threads wait. Thread-safe."""

    def __init__(self, seconds: float, *, ends_at: float | None = None) -> None:
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds if ends_at is None else ends_at
        self._cancelled = threading.Event()

    def wait(self, seconds: float, operation: str) -> None:
        """Sleep; raises TimedOut at once when the time would run out meanwhile, or when it is cancelled.

        Raises Stopped when the process is to stop.
        """
        until = time.monotonic() + max(seconds, 0.0)
        is_over = until > self._ends_at
        while not is_over:
            if _stopping.is_set():
                raise Stopped(
                    f"The worker was stopped, as for an upgrade, before {operation} was asked (Stopped). Try again.",
                    operation=operation,
                    code="Stopped",
                )
            left = until - time.monotonic()
            is_over = self._cancelled.wait(max(0.0, min(left, _LOOK_SECONDS)))
            if not is_over and left <= _LOOK_SECONDS:
                return
        raise TimedOut(
            f"AWS did not answer everything within {self._seconds:g} seconds; the last call was {operation} (TimedOut)."
            " Try again later.",
            operation=operation,
            code="TimedOut",
        )

    def part(self) -> "Budget":
        """The same time, for a piece of the work that can be cancelled by itself."""
        return Budget(self._seconds, ends_at=self._ends_at)

    def cancel(self) -> None:
        """Wake everybody who waits: the work is over."""
        self._cancelled.set()

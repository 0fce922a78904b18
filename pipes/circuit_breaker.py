"""What is known of a server that is away, so that not everybody waits to find it out anew."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Keeps that a server failed; until it is back, one caller in a while may look whether it is back. Thread-safe."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``seconds`` is the time between two such looks, and so about how late its return is noticed."""
        self._seconds = seconds
        self._clock = clock
        self._look_at: float | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._look_at is not None

    def may_look(self) -> bool:
        """Whether it is the caller's turn to look, who then trips or resets this."""
        with self._lock:
            if self._look_at is None or self._clock() < self._look_at:
                return False
            self._look_at = self._clock() + self._seconds
            return True

    def trip(self) -> None:
        with self._lock:
            self._look_at = self._clock() + self._seconds

    def reset(self) -> None:
        with self._lock:
            self._look_at = None

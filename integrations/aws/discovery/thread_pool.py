"""A few threads that ask AWS, and one that listens: answers are handled one by one in the thread that started them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from integrations.aws.calls.rate_limit import Budget

T = TypeVar("T")


class Pool:
    """Jobs under way, each with a handler for its result; the first one that raises ends all.

    ``budget`` is the part of the given one that its jobs wait in."""

    def __init__(self, workers: int, budget: Budget) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="aws")
        self.budget = budget.part()
        self._workers = workers
        self._running: dict[Future[Any], Callable[[Any], None]] = {}
        self._done: SimpleQueue[Future[Any]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.budget.cancel()  # wakes threads that wait for their turn
        self._threads.shutdown(cancel_futures=True)

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    @property
    def is_full(self) -> bool:
        """Whether all are busy and each has its next job waiting: more would only make a queue."""
        return len(self._running) >= 2 * self._workers

    def start(self, job: Callable[[], T], then: Callable[[T], None]) -> None:
        """Run the job in a thread; ``then`` gets its result in ours, from ``handle_next``."""
        future = self._threads.submit(job)
        self._running[future] = then
        future.add_done_callback(self._done.put)

    def handle_next(self) -> None:
        """Wait for the next job that is done and handle what has come; raises what the job raised."""
        future = self._done.get()
        self._running.pop(future)(future.result())

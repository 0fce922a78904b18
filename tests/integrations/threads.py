"""Real threads, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Start the work in a thread."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def at_once(*jobs: Callable[[], T]) -> list[T]:
    """Run the jobs in threads that start together; gives what they returned."""
    barrier = threading.Barrier(len(jobs))

    def job(work: Callable[[], T]) -> T:
        try:
            barrier.wait()
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(job, jobs))

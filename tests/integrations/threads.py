"""Real threads, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections

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


def wait_until_waiting(seconds: float = 10) -> None:
    """Wait until another connection to this database waits for a lock, as it does for rows that we wrote."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone():
                return
            cursor.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.01)
    raise AssertionError("Nobody came to wait.")

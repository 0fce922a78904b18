"""Real threads, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, connections
from django.db.models import QuerySet

from workspaces import isolation

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


def meeting(rows: "QuerySet[Any]", *jobs: Callable[[], T], tenant_id: int) -> list[T]:
    """Run the jobs in threads that meet at these rows: we hold them until each waits for them; gives what they gave."""

    def job(work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        with isolation.as_tenant(tenant_id):
            assert list(rows.select_for_update(of=("self",)))
            under_way = [pool.submit(job, work) for work in jobs]
            wait_until_waiting(len(jobs))
        return [done.result() for done in under_way]


def wait_until_waiting(number: int = 1, *, seconds: float = 60) -> None:
    """Wait until so many other connections to this database wait for a lock, as they do for rows that we wrote."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] >= number:
                return
            cursor.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.01)
    raise AssertionError("Nobody came to wait.")

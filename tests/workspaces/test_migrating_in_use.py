"""``manage.py migrate`` while the version before serves: who reads a table is never ended, nor waits for long."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from pytest_django import Settings

from workspaces.management.commands import migrate

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)

APP = "in_use_app"
_IS_LOCKED = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'workspaces_tenant'::regclass AND granted
        AND mode = 'AccessExclusiveLock')
"""
# An index that is made concurrently waits for the end of each transaction that was there before.
_WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'virtualxid'
        AND clock_timestamp() - waitstart > interval '50 ms')
"""


@pytest.fixture(autouse=True)
def app(settings: Settings) -> Iterator[None]:
    """Have an app whose migrations need two tables, and an index of one that is written to."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, f"tests.workspaces.{APP}"]
    yield
    call_command("migrate", APP, "zero", verbosity=0)


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """A thread for whoever uses the tables meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def run(target: str = "0001") -> str:
    """Migrate, and give what was said."""
    said = StringIO()
    call_command("migrate", APP, target, stdout=said, no_color=True)
    return said.getvalue()


def ask(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def read_one_then_the_other(reads: Event) -> None:
    """Read the tables in the other order, so that the migration and this would wait for each other for ever."""
    try:
        with transaction.atomic():
            ask("SELECT count(*) FROM django_session")
            reads.set()
            while ask(_IS_LOCKED) != (True,):
                pass
            ask("SELECT count(*) FROM workspaces_tenant")
    finally:
        connections.close_all()


def hold(reads: Event, released: Event) -> None:
    """Read a table, and do not come to an end."""
    try:
        with transaction.atomic():
            ask("SELECT count(*) FROM django_session")
            reads.set()
            released.wait()
    finally:
        connections.close_all()


def write_until_it_waits(writes: Event, is_over: Event) -> None:
    """Write to a table until somebody has waited for that for longer than a migration waits for a lock."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM django_session")
            writes.set()
            while not is_over.is_set() and ask(_WAITS) != (True,):
                pass
    finally:
        connections.close_all()


def test_who_reads_what_is_migrated_is_not_ended_and_the_migration_is_tried_again(beside: ThreadPoolExecutor) -> None:
    reads = Event()
    reader: Future[None] = beside.submit(read_one_then_the_other, reads)
    reads.wait()
    said = run()
    reader.result()
    assert "in use: undone, and tried again in 0.5 s" in said
    assert said.rstrip().endswith("OK")


def test_a_migration_that_never_gets_its_tables_says_so_and_is_run_again(
    beside: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PAUSES", (0, 0))
    reads, released = Event(), Event()
    reader = beside.submit(hold, reads, released)
    reads.wait()
    try:
        with pytest.raises(CommandError, match=r"pg_stat_activity, and run migrate again\. \(.*lock timeout"):
            run()
    finally:
        released.set()
    reader.result()
    assert "in use" not in run()


def test_an_index_that_is_made_beside_those_who_write_waits_for_them(
    beside: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "10ms")
    writes, is_over = Event(), Event()
    writer = beside.submit(write_until_it_waits, writes, is_over)
    writes.wait()
    try:
        assert "in use" not in run("0002")
    finally:
        is_over.set()
    writer.result()
    assert ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'made_in_use'::regclass") == (True,)

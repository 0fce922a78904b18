"""What runs outside of a transaction may be broken off anywhere, and must then be whole when it is run again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from workspaces.migrations import _steps

pytestmark = [pytest.mark.sweep, pytest.mark.django_db(databases=["default", "owner"], transaction=True)]

OURS = ("workspaces", "connections", "integrations")
BY_PARTS = sorted(
    key for key, found in MigrationLoader(None).disk_migrations.items() if key[0] in OURS and not found.atomic
)


def test_there_are_some() -> None:
    assert len(BY_PARTS) >= 3


def history(executor: MigrationExecutor) -> list[Migration]:
    """All migrations, in the order in which an empty database gets them."""
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    return [migration for migration, _ in plan]


def states_before(migrations: list[Migration]) -> dict[tuple[str, str], ProjectState]:
    """What the models are before each of these, which are all that there are; in their order."""
    state, found = ProjectState(), {}
    for migration in migrations:
        found[migration.app_label, migration.name] = state.clone()
        migration.mutate_state(state, preserve=False)
    return found


@contextmanager
def named(key: tuple[str, str]) -> Iterator[None]:
    """Say with an error which migration it was."""
    try:
        yield
    except Exception as error:
        error.add_note(".".join(key))
        raise


def test_all_of_it_can_be_done_again() -> None:
    executor = MigrationExecutor(connections["owner"])
    state, done = ProjectState(), []
    for migration in history(executor):
        key = (migration.app_label, migration.name)
        if key in BY_PARTS:
            with named(key), connections["owner"].schema_editor(atomic=False) as editor:
                migration.apply(state.clone(), editor)
            done.append(key)
        migration.mutate_state(state, preserve=False)
    assert sorted(done) == BY_PARTS


def test_all_of_it_can_be_undone_again() -> None:
    """Back through the whole history, the last migration first, and then forward again.

    As `migrate` goes back, which works out anew each time what the models were before each migration.
    """
    executor = MigrationExecutor(connections["owner"])
    graph, before = executor.loader.graph, states_before(history(executor))
    try:
        for key in sorted(BY_PARTS, key=[*before].index, reverse=True):
            (parent,) = (parent.key for parent in graph.node_map[key].parents if parent.key[0] == key[0])
            with named(key):
                executor = MigrationExecutor(connections["owner"])
                for migration, _ in executor.migration_plan([parent]):
                    executor.unapply_migration(before[migration.app_label, migration.name].clone(), migration)
                MigrationRecorder(connections["owner"]).record_applied(*key)
                executor = MigrationExecutor(connections["owner"])
                assert [(again.app_label, again.name) for again, _ in executor.migration_plan([parent])] == [key]
                executor.unapply_migration(before[key].clone(), graph.nodes[key])
                assert key not in MigrationRecorder(connections["owner"]).applied_migrations()
    finally:
        call_command("migrate", verbosity=0)  # gives the application its rights on what was made anew too


def test_an_index_that_was_broken_off_is_made_anew() -> None:
    step = _steps.tenant_rows("broken_off")
    state = MigrationExecutor(connections["owner"]).loader.project_state()
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE broken_off AS SELECT 1 AS tenant_id, 1 AS id FROM generate_series(1, 2)")
        try:
            with pytest.raises(IntegrityError), connections["owner"].schema_editor(atomic=False) as editor:
                step.database_forwards("workspaces", editor, state, state)
            cursor.execute("TRUNCATE broken_off")
            with connections["owner"].schema_editor(atomic=False) as editor:
                step.database_forwards("workspaces", editor, state, state)
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'broken_off_in_tenant'::regclass")
            assert cursor.fetchone() == (True,)
        finally:
            cursor.execute("DROP TABLE broken_off")

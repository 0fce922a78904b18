"""What runs outside of a transaction may be broken off anywhere, and must then be whole when it is run again."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from workspaces.migrations import _steps

pytestmark = [pytest.mark.sweep, pytest.mark.django_db(databases=["default", "owner"], transaction=True)]

OURS = ("workspaces", "connections", "integrations")
BY_PARTS = sorted(
    key for key, found in MigrationLoader(None).disk_migrations.items() if key[0] in OURS and not found.atomic
)


def test_there_are_some() -> None:
    assert len(BY_PARTS) >= 3


@pytest.mark.parametrize("key", BY_PARTS, ids=".".join)
def test_all_of_it_can_be_done_again(key: tuple[str, str]) -> None:
    executor = MigrationExecutor(connections["owner"])
    migration = executor.loader.graph.nodes[key]
    before = executor.loader.project_state([key], at_end=False)
    with connections["owner"].schema_editor(atomic=False) as editor:
        migration.apply(before, editor)


@pytest.mark.parametrize("key", BY_PARTS, ids=".".join)
def test_all_of_it_can_be_undone_again(key: tuple[str, str]) -> None:
    parents = MigrationLoader(None).graph.node_map[key].parents
    (before,) = (parent.key[1] for parent in parents if parent.key[0] == key[0])
    try:
        call_command("migrate", key[0], before, verbosity=0)
        MigrationRecorder(connections["owner"]).record_applied(*key)
        call_command("migrate", key[0], before, verbosity=0)
    finally:
        call_command("migrate", verbosity=0)


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

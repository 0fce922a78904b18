"""Every migration since the last release, looked at for what that release's web and workers would not survive."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now

from tests.architecture.survival import hazards

# The last migration of each app in the version that is out there. Move these on with every release, and empty SEEN.
RELEASED = {
    "workspaces": "0004_search_path_prefix",
    "connections": "0008_folder_of_own_scope",
    "integrations": "0019_inherited_options",
}

# What the rule refuses and somebody has looked at: (app, migration) → why the released version survives it anyhow.
_FILLED_IN = "the database fills in the columns that it does not write"
_OF_OWN_TENANT = "in every row that it writes, what the row names is of the row's own tenant"
SEEN: dict[tuple[str, str], str] = {
    ("connections", "0010_keys_with_tenant"): _OF_OWN_TENANT,
    ("integrations", "0021_keys_with_tenant"): _OF_OWN_TENANT,
    ("integrations", "0031_numbered_runs"): "the trigger fills in a column that it does not write",
    ("workspaces", "0013_versions"): _FILLED_IN,
    ("workspaces", "0017_service_accounts"): "it knows no service accounts, and nothing of anybody else changes",
    ("workspaces", "0014_members_in_tenant"): "the index is of the key and one column more",
    ("workspaces", "0018_workspaces_in_tenant"): "the index is of the key and one column more",
    ("connections", "0016_versions"): _FILLED_IN,
    ("integrations", "0037_versions"): _FILLED_IN,
    ("workspaces", "0008_own_rows"): "within a tenant it changes nobody but who is signed in",
    ("workspaces", "0006_stamped_audit_events"): "it names who is signed in, or a person for whom a worker works",
    ("workspaces", "0007_people_who_go"): "the trigger acts when a person's data is erased, which it cannot do",
    ("integrations", "0022_erased_people"): "the trigger acts when a person's data is erased, which it cannot do",
}


def found_hazards() -> dict[tuple[str, str], list[str]]:
    """What the rule refuses in the migrations since the release, by migration."""
    loader = MigrationLoader(None)
    old = loader.project_state([*RELEASED.items()])
    state = old.clone()
    steps = [key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf)]
    released = {key for leaf in RELEASED.items() for key in loader.graph.forwards_plan(leaf)}
    found: dict[tuple[str, str], list[str]] = {}
    for key in dict.fromkeys(steps):
        migration = loader.graph.nodes[key]
        if key in released:
            continue
        said = [f"{what}: {why}" for what, why in hazards(migration, state, old)]
        if said and key[0] in RELEASED:  # libraries' own migrations come with their releases
            found[key] = said
    return found


def test_the_released_version_survives_every_migration_since() -> None:
    found = found_hazards()
    assert {key: said for key, said in found.items() if key not in SEEN} == {}
    assert set(SEEN) <= set(found), "what is not refused any more need not be excused"


def thing(**fields: models.Field) -> ModelState:  # type: ignore[type-arg]
    return ModelState("shop", "Thing", [("id", models.BigAutoField(primary_key=True)), *fields.items()])


def judged(*operations: Operation) -> list[str]:
    """What the rule says of a migration to a table that the version before has."""
    old = ProjectState(
        {("shop", "thing"): thing(name=models.CharField(max_length=20), size=models.IntegerField(null=True))}
    )
    migration = type("Migration", (migrations.Migration,), {"operations": operations})("0002_next", "shop")
    return [why for _what, why in hazards(migration, old.clone(), old)]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("thing", "at", models.DateTimeField(default=None)),
        migrations.AddField("thing", "is_on", models.BooleanField(default=False)),
        migrations.AlterField("thing", "size", models.IntegerField(default=0)),
        migrations.AlterField("thing", "name", models.CharField(max_length=10)),
        migrations.AlterField("thing", "name", models.CharField(max_length=20, unique=True)),
        migrations.AlterField("thing", "name", models.IntegerField()),
        migrations.RemoveField("thing", "name"),
        migrations.RenameField("thing", "name", "title"),
        migrations.RenameModel("Thing", "Item"),
        migrations.DeleteModel("Thing"),
        migrations.AddConstraint("thing", models.CheckConstraint(condition=models.Q(size__gt=0), name="has_size")),
        migrations.RunSQL("ALTER TABLE shop_thing ALTER COLUMN size SET NOT NULL"),
        migrations.RunSQL("ALTER TABLE shop_thing ENABLE ROW LEVEL SECURITY; SELECT 1"),
        migrations.RunSQL("CREATE TRIGGER stop BEFORE UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION f()"),
        migrations.RunSQL("REVOKE DELETE ON shop_thing FROM app"),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("thing", "size")]),
    ],
    ids=str,
)
def test_what_the_version_before_does_not_survive_is_refused(operation: Operation) -> None:
    assert len(judged(operation)) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("thing", "at", models.DateTimeField(db_default=Now())),
        migrations.AddField("thing", "at", models.DateTimeField(null=True)),
        migrations.AlterField("thing", "name", models.CharField(max_length=40)),
        migrations.AlterField("thing", "size", models.IntegerField(null=True, choices=[(1, "One")])),
        migrations.AddIndex("thing", models.Index(fields=["name"], name="thing_by_name")),
        migrations.RunSQL("CREATE INDEX thing_by_size ON shop_thing (size)"),
        migrations.RunSQL("ALTER TABLE shop_other ENABLE ROW LEVEL SECURITY"),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("thing", "size")]),
    ],
    ids=str,
)
def test_what_it_survives_is_not(operation: Operation) -> None:
    assert judged(operation) == []


def test_a_new_table_is_free_to_be_changed() -> None:
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("is_on", models.BooleanField(default=True)),
    ]
    assert (
        judged(
            migrations.CreateModel("Shelf", fields),
            migrations.AddField("shelf", "name", models.CharField(max_length=9, default="")),
            migrations.RunSQL("ALTER TABLE shop_shelf ENABLE ROW LEVEL SECURITY"),
        )
        == []
    )

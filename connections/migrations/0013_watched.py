"""What pages count and list is watched: whatever changes it, what was counted before is counted again.

Tests of access write to connections all day, and seldom find anything new: only what is counted, searched or sorted
by makes an update a change. A column that pages come to count by has to be among these.
"""

from django.db import migrations

from workspaces.migrations._steps import watch

_COLUMNS = (
    "organization_id",
    "workspace_id",
    "folder_id",
    "root_id",
    "handle",
    "is_handle_static",
    "title",
    "source_id",
    "plugin",
    "state",
    "health",
    "options",
    "is_managed",
    "removed_at",
)


def _values(row: str) -> str:
    return "(" + ", ".join(f"{row}.{column}" for column in _COLUMNS) + ")"


class Migration(migrations.Migration):
    atomic = False  # no table is locked for longer than its triggers take
    dependencies = [("connections", "0012_counted"), ("workspaces", "0012_changes")]

    operations = [
        migrations.RunSQL(
            f"""
            CREATE OR REPLACE FUNCTION note_changes_of_connections() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                PERFORM note_change_of(tenant_id) FROM (
                    SELECT DISTINCT changed.tenant_id FROM changed JOIN before USING (id)
                    WHERE {_values("changed")} IS DISTINCT FROM {_values("before")}
                ) each;
                RETURN NULL;
            END $$;
            """,
            "DROP FUNCTION IF EXISTS note_changes_of_connections;",
        ),
        watch("connections_connection", of_update="note_changes_of_connections"),
        *(watch(f"connections_{name}") for name in ("folder", "grant", "schema", "aggregator")),
    ]

"""Steps of migrations that give rows an id for programs, who made and changed them, and a version: ``Versioned``."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import migrations

from workspaces.models.versioned import PublicIdField, Versioned

_BATCH = 5000
_COLUMNS: Final = {
    "created_by": "created_by_id bigint",
    "updated_at": "updated_at timestamptz",
    "updated_by": "updated_by_id bigint",
    "version": "version integer NOT NULL DEFAULT 1",
}


def public_ids(model: str, table: str, prefix: str) -> list[Any]:
    """Migration steps, outside of a transaction: each row of a table gets an id, those that are made meanwhile too.

    Rows that are there get theirs a few thousand at a time, each lot in a transaction of its own; what an attempt has
    done that was broken off is done.
    """
    index, known = f"{table}_public_id", f"{table}_has_public_id"
    statements = [
        f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS public_id varchar(26)",
        f"ALTER TABLE {table} ALTER COLUMN public_id SET DEFAULT new_public_id('{prefix}')",
        f"""
        DO $$ DECLARE first bigint := 0; last bigint; BEGIN
            LOOP
                SELECT max(id) INTO last FROM (SELECT id FROM {table} WHERE id > first ORDER BY id LIMIT {_BATCH}) lot;
                EXIT WHEN last IS NULL;
                PERFORM set_config('lock_timeout', '10s', true);
                UPDATE {table} SET public_id = new_public_id('{prefix}')
                WHERE id > first AND id <= last AND public_id IS NULL;
                COMMIT;
                first := last;
            END LOOP;
        END $$
        """,  # noqa: S608  names that a migration gives
        f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
        f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} (public_id)",
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {known}",
        f"ALTER TABLE {table} ADD CONSTRAINT {known} CHECK (public_id IS NOT NULL) NOT VALID",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {known}",
        f"ALTER TABLE {table} ALTER COLUMN public_id SET NOT NULL",  # by the constraint: no row is read again
        f"ALTER TABLE {table} DROP CONSTRAINT {known}",
    ]
    return [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    statements,
                    [f"DROP INDEX IF EXISTS {index}", f"ALTER TABLE {table} DROP COLUMN IF EXISTS public_id"],
                )
            ],
            [migrations.AddField(model, "public_id", PublicIdField(prefix))],
        )
    ]


def versioned(model: str, table: str, noted: Sequence[str], *, has: Sequence[str] = ()) -> list[Any]:
    """Migration steps: a change of the columns ``noted`` is a new version of the row. ``has`` are fields it has already.

    Other columns are what is found out about the thing, and no change of it.
    """
    fields = {name: Versioned._meta.get_field(name) for name in _COLUMNS}
    added = [column for name, column in _COLUMNS.items() if name not in has]
    return [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    [
                        f"ALTER TABLE {table} " + ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in added),
                        f"ALTER TABLE {table} ALTER COLUMN created_by_id SET DEFAULT acting_user(),"
                        " ALTER COLUMN version SET DEFAULT 1",
                    ],
                    [
                        f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.split()[0]}" for column in reversed(added)
                    ],
                )
            ],
            [
                (migrations.AlterField if name in has else migrations.AddField)(model, name, field.clone())
                for name, field in fields.items()
            ],
        ),
        noting(table, noted),
    ]


def noting(table: str, noted: Sequence[str]) -> Any:
    """Migration step: from now on a change of these columns, and of no others, is a new version of the row."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in (*noted, "version"))
    return migrations.RunSQL(
        f"CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed})"
        " EXECUTE FUNCTION note_version()",
        f"DROP TRIGGER IF EXISTS versioned ON {table}",
    )

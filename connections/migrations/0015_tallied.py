"""How many connections of each kind are directly in each folder is kept in ``connections_tally``, by triggers.

What a statement changes is added up, and written as rows of its own; those that it finds about the same it takes away
and adds to them, but not those that another transaction takes away just now: it waits for nobody. So each snapshot sees
all rows of what it sees of the connections, and the sums are exact in every transaction. Who writes the connections,
and how, does not matter: the version before does too.
"""

from django.db import migrations

_KIND = ("tenant_id", "organization_id", "workspace_id", "root_id", "folder_id", "plugin", "state", "health")
_COLUMNS = ", ".join(_KIND)
_SUMS = "sum(number)::bigint, sum(keys)::bigint"
_NOT_NOTHING = "HAVING sum(number) <> 0 OR sum(keys) <> 0"


def _counted(table: str, sign: str) -> str:
    """Write what counts the connections of a table, each as one more (``+``) or one less (``-``)."""
    columns = _COLUMNS.replace("folder_id", "coalesce(folder_id, 0) AS folder_id")
    return f"SELECT {columns}, {sign}1 AS number, {sign}id AS keys FROM {table} WHERE removed_at IS NULL"  # noqa: S608


def _function(act: str, *parts: str) -> str:
    """Write the function of a trigger; the planner goes by what it knew at first, so it is left one way: the index."""
    return f"""
    CREATE OR REPLACE FUNCTION tally_{act}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp
        SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    BEGIN
        WITH change AS MATERIALIZED (
            SELECT {_COLUMNS}, {_SUMS.replace(",", " AS number,")} AS keys FROM ({" UNION ALL ".join(parts)}) each
            GROUP BY {_COLUMNS} {_NOT_NOTHING}
        ), found AS MATERIALIZED (
            SELECT held.id FROM change JOIN connections_tally held
                ON held.tenant_id = change.tenant_id AND held.folder_id = change.folder_id
            WHERE ({", ".join(f"held.{name}" for name in _KIND[1:])})
                IS NOT DISTINCT FROM ({", ".join(f"change.{name}" for name in _KIND[1:])})
            FOR UPDATE OF held SKIP LOCKED
        ), taken AS (
            DELETE FROM connections_tally held USING found WHERE held.id = found.id RETURNING held.*
        )
        INSERT INTO connections_tally ({_COLUMNS}, number, keys)
        SELECT {_COLUMNS}, {_SUMS} FROM (
            SELECT * FROM change UNION ALL SELECT {_COLUMNS}, number, keys FROM taken
        ) each GROUP BY {_COLUMNS} {_NOT_NOTHING};
        RETURN NULL;
    END $$;
    """  # noqa: S608  names of columns


def _trigger(act: str, rows: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER tallied_{act} AFTER {act.upper()} ON connections_connection REFERENCING {rows}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION tally_{act}()"
    )


_ACTS = {
    "insert": ("NEW TABLE AS changed", (_counted("changed", "+"),)),
    "update": ("OLD TABLE AS before NEW TABLE AS changed", (_counted("before", "-"), _counted("changed", "+"))),
    "delete": ("OLD TABLE AS before", (_counted("before", "-"),)),
}
# In one statement, which sees the rows as they are with what triggers have counted of them: what that lacks.
_BEFORE = f"""
    INSERT INTO connections_tally ({_COLUMNS}, number, keys)
    SELECT {_COLUMNS}, {_SUMS} FROM (
        {_counted("connections_connection", "+")}
        UNION ALL SELECT {_COLUMNS}, -number, -keys FROM connections_tally
    ) each GROUP BY {_COLUMNS} {_NOT_NOTHING}
"""  # noqa: S608


class Migration(migrations.Migration):
    atomic = False  # the table is not locked for longer than its triggers take, and not while all is counted
    dependencies = [("connections", "0014_tally")]

    operations = [
        # A session keeps the plan that was made for the first rows that it wrote: for one row, a loop within a loop.
        migrations.RunSQL(
            "ALTER FUNCTION note_changes_of_connections SET enable_nestloop = off",
            "ALTER FUNCTION note_changes_of_connections RESET enable_nestloop",
        ),
        *(
            migrations.RunSQL(_function(act, *parts), f"DROP FUNCTION IF EXISTS tally_{act}")
            for act, (_, parts) in _ACTS.items()
        ),
        *(
            migrations.RunSQL(_trigger(act, rows), f"DROP TRIGGER IF EXISTS tallied_{act} ON connections_connection")
            for act, (rows, _) in _ACTS.items()
        ),
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
    ]

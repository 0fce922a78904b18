"""Steps of migrations: the walls between tenants, as rules of the database on the tables of every app.

A policy that only one table has stands in that table's migration. The settings that policies read are bound by
``workspaces.isolation``.
"""

from django.db import migrations

# What the running transaction is bound to; read once for each statement, not for each row.
TENANT = "(SELECT NULLIF(current_setting('app.tenant_id', true), '')::bigint)"
USER = "(SELECT NULLIF(current_setting('app.user_id', true), '')::bigint)"
OPERATOR = "(SELECT current_setting('app.operator', true) = 'on')"
INVITATION = "(SELECT NULLIF(current_setting('app.invitation_token', true), ''))"


def isolate(table: str) -> migrations.RunSQL:
    """Migration step: rows of this table are seen and written only under their ``tenant_id``."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY tenant ON {table} USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});",
        f"DROP POLICY tenant ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def scope_keys(table: str, *, has_workspace: bool) -> migrations.RunSQL:
    """Migration step: the organization (and workspace) that a row names is one of the row's own tenant."""
    statements = [
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_organization_in_tenant FOREIGN KEY (tenant_id, organization_id)"
        " REFERENCES workspaces_organization (tenant_id, id) DEFERRABLE INITIALLY DEFERRED"
    ]
    if has_workspace:
        statements.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_workspace_in_organization"
            " FOREIGN KEY (tenant_id, organization_id, workspace_id)"
            " REFERENCES workspaces_workspace (tenant_id, organization_id, id) DEFERRABLE INITIALLY DEFERRED"
        )
    return migrations.RunSQL(";".join(statements), migrations.RunSQL.noop)


def tenant_rows(table: str) -> migrations.RunSQL:
    """Migration step, outside of a transaction: rows of this table can be named by ``tenant_key``."""
    index = f"{table}_in_tenant"
    return migrations.RunSQL(
        [
            f"""
            DO $$ BEGIN  -- what an attempt left that was broken off; keys hold on to one that is whole
                IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('{index}') AND NOT indisvalid) THEN
                    DROP INDEX {index};
                END IF;
            END $$
            """,
            f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table} (tenant_id, id)",
        ],
        f"DROP INDEX IF EXISTS {index}",
    )


def tenant_key(table: str, name: str, target: str, *, on_delete: str = "") -> migrations.RunSQL:
    """Migration step, outside of a transaction: the row that ``name`` names is one of the row's own tenant.

    A plain foreign key sees over the wall. ``on_delete`` is what the database does when that row goes; without it, it
    looks when the transaction ends, as with Django's own keys. Nobody waits while the rows that are there are checked.
    """
    key = f"{table}_{name}_in_tenant"
    return migrations.RunSQL(
        [
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key}",
            f"ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY (tenant_id, {name}_id)"
            f" REFERENCES {target} (tenant_id, id) {on_delete or 'DEFERRABLE INITIALLY DEFERRED'} NOT VALID",
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {key}",
        ],
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key}",
    )


def plain_key_undone(table: str, name: str) -> migrations.RunSQL:
    """Migration step after Django has dropped a plain key, outside of a transaction: undoing that can be repeated."""
    column = f"SELECT attnum FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{name}_id'"  # noqa: S608
    return migrations.RunSQL(
        migrations.RunSQL.noop,
        f"""
        DO $$ DECLARE key name; BEGIN
            FOR key IN SELECT conname FROM pg_constraint
                WHERE contype = 'f' AND conrelid = '{table}'::regclass AND conkey = ARRAY({column})
            LOOP
                EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', key);
            END LOOP;
        END $$
        """,  # noqa: S608  names that a migration gives
    )


def watch(table: str, *, of_update: str = "note_changes") -> migrations.RunSQL:
    """Migration step: whoever writes rows of this table changes the marks of their tenant, see ``0012_changes``.

    ``of_update`` is the function that notes updates; it finds the rows in ``before`` and ``changed``.
    """
    tables = {
        "insert": ("NEW TABLE AS changed", "note_changes"),
        "update": ("OLD TABLE AS before NEW TABLE AS changed", of_update),
        "delete": ("OLD TABLE AS changed", "note_changes"),
    }
    return migrations.RunSQL(
        [
            f"CREATE OR REPLACE TRIGGER watched_{act} AFTER {act.upper()} ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for act, (rows, function) in tables.items()
        ],
        [f"DROP TRIGGER IF EXISTS watched_{act} ON {table}" for act in tables],
    )


def delegations(table: str, target: str = "") -> list[migrations.RunSQL]:
    """Migration steps: rows of a new table of delegations go with the membership and the thing that they name."""
    cascade = {"on_delete": "ON DELETE CASCADE"}
    of_thing = [tenant_key(table, "content_object", target, **cascade)] if target else []
    return [tenant_key(table, "membership", "workspaces_membership", **cascade), *of_thing, isolate(table)]

"""The second wall between tenants: PostgreSQL row-level security, bound per transaction, failing closed.

The first wall is the scope of each query. This one holds when a query forgets it: the application's database role sees
no row of a tenant that the running transaction is not bound to. Outside these context managers it sees none at all.
The tables named here are those of people and places; what else a policy lets see is said where the table is at home.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connection, migrations, transaction

from workspaces import database

_TENANT = "(SELECT NULLIF(current_setting('app.tenant_id', true), '')::bigint)"
_USER = "(SELECT NULLIF(current_setting('app.user_id', true), '')::bigint)"
_OPERATOR = "(SELECT current_setting('app.operator', true) = 'on')"
_INVITATION = "(SELECT NULLIF(current_setting('app.invitation_token', true), ''))"


def bind(**values: object) -> dict[str, str]:
    """Set ``app.*`` settings until the current transaction ends, and give what they were, in one statement.

    Raises RuntimeError outside a transaction, where PostgreSQL would forget them at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Bind a tenant inside transaction.atomic().")
    settings = [f"app.{name}" for name in values]
    read = ", ".join("coalesce(current_setting(%s, true), '')" for _ in settings)
    write = ", ".join("set_config(%s, %s, true)" for _ in settings)
    assigned = [part for pair in zip(settings, map(str, values.values()), strict=True) for part in pair]
    with connection.cursor() as cursor:  # materialized: read before it is written
        cursor.execute(
            f"WITH before AS MATERIALIZED (SELECT {read}) SELECT before.*, {write} FROM before",  # noqa: S608
            [*settings, *assigned],
        )
        return dict(zip(values, cursor.fetchone(), strict=False))


@contextmanager
def bound(**values: object) -> Iterator[None]:
    """Run one transaction with these ``app.*`` settings; each has a policy somewhere that lets see what it names.

    For settings of workspaces' own policies take the functions below.
    """
    is_nested = connection.in_atomic_block
    try:
        with transaction.atomic():
            before = bind(**values)
            yield
            if is_nested:  # give the outer block back what it was bound to; a rollback does so by itself
                bind(**before)
    finally:
        database.release()  # AWS may be asked next, and others wait for a connection


def as_tenant(tenant_id: int) -> AbstractContextManager[None]:
    """Run one transaction that sees the rows of this tenant."""
    return bound(tenant_id=tenant_id)


def as_user(user_id: int) -> AbstractContextManager[None]:
    """Run one transaction that sees this person's memberships and the tenants they lead to.

    A caller that has found out that the person may enter a tenant then calls ``bind(tenant_id=…)`` inside it.
    """
    return bound(user_id=user_id, tenant_id="")


def as_invitee(token_hash: str) -> AbstractContextManager[None]:
    """Run one transaction that sees the invitation whose token has this SHA-256, and nothing else.

    A caller that has found it there then calls ``bind(tenant_id=…)`` inside it.
    """
    return bound(invitation_token=token_hash, tenant_id="")


def as_operator() -> AbstractContextManager[None]:
    """Run one transaction that sees all tenants and memberships (and nothing that tenants own)."""
    return bound(operator="on")


def isolate(table: str) -> migrations.RunSQL:
    """Migration step: rows of this table are seen and written only under their ``tenant_id``."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY tenant ON {table} USING (tenant_id = {_TENANT}) WITH CHECK (tenant_id = {_TENANT});",
        f"DROP POLICY tenant ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def isolate_people() -> migrations.RunSQL:
    """Migration step: tenants and memberships, which one must see to find out which tenants one may enter."""
    return migrations.RunSQL(
        f"""
        ALTER TABLE workspaces_tenant ENABLE ROW LEVEL SECURITY;
        ALTER TABLE workspaces_membership ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON workspaces_tenant
            USING (id = {_TENANT} OR {_OPERATOR}) WITH CHECK (id = {_TENANT} OR {_OPERATOR});
        CREATE POLICY member ON workspaces_tenant FOR SELECT
            USING (id IN (SELECT tenant_id FROM workspaces_membership WHERE user_id = {_USER}));
        CREATE POLICY tenant ON workspaces_membership
            USING (tenant_id = {_TENANT} OR {_OPERATOR}) WITH CHECK (tenant_id = {_TENANT} OR {_OPERATOR});
        CREATE POLICY own ON workspaces_membership FOR SELECT USING (user_id = {_USER});
        """,  # noqa: S608  nothing but the constants above
        """
        DROP POLICY tenant ON workspaces_tenant; DROP POLICY member ON workspaces_tenant;
        DROP POLICY tenant ON workspaces_membership; DROP POLICY own ON workspaces_membership;
        ALTER TABLE workspaces_tenant DISABLE ROW LEVEL SECURITY;
        ALTER TABLE workspaces_membership DISABLE ROW LEVEL SECURITY;
        """,
    )


def look_only() -> None:
    """Let the current transaction write nothing any more."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")


def isolate_support() -> migrations.RunSQL:
    """Migration step: operators see their own support accesses, and the tenants that these let them look into."""
    return migrations.RunSQL(
        f"""
        ALTER TABLE workspaces_supportaccess ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON workspaces_supportaccess
            USING (tenant_id = {_TENANT} OR {_OPERATOR}) WITH CHECK (tenant_id = {_TENANT} OR {_OPERATOR});
        CREATE POLICY own ON workspaces_supportaccess FOR SELECT USING (operator_id = {_USER});
        CREATE POLICY support ON workspaces_tenant FOR SELECT USING (id IN (
            SELECT tenant_id FROM workspaces_supportaccess
            WHERE operator_id = {_USER} AND ended_at IS NULL AND expires_at > now()
        ));
        """,  # noqa: S608  nothing but the constants above
        """
        DROP POLICY support ON workspaces_tenant;
        DROP POLICY own ON workspaces_supportaccess; DROP POLICY tenant ON workspaces_supportaccess;
        """,
    )


def isolate_invitations() -> migrations.RunSQL:
    """Migration step: an invitation is seen with its token, before its tenant is known."""
    return migrations.RunSQL(
        f"CREATE POLICY token ON workspaces_invitation FOR SELECT USING (token_hash = {_INVITATION});",
        "DROP POLICY token ON workspaces_invitation;",
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


_OUTSIDE = f"({_TENANT} IS NULL OR {_OPERATOR} OR {_INVITATION} IS NOT NULL)"


def isolate_own(table: str) -> migrations.RunSQL:
    """Migration step: within a tenant, nobody's rows of this table but one's own are seen and written.

    The sign-in library reads them before anybody is known, and works in no tenant: there the wall is open. So it costs
    no statement, and closes where the product's own queries are.
    """
    own = f"{_OUTSIDE} OR user_id = {_USER}"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON {table} USING ({own}) WITH CHECK ({own});",
        f"DROP POLICY own ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def isolate_users() -> migrations.RunSQL:
    """Migration step: within a tenant, nobody changes a person but themself, and no operator is made.

    People are seen everywhere: a tenant's pages name who has left it, too. Nobody deletes them.
    """
    return migrations.RunSQL(
        f"""
        ALTER TABLE workspaces_user ENABLE ROW LEVEL SECURITY;
        CREATE POLICY known ON workspaces_user FOR SELECT USING (true);
        CREATE POLICY comes ON workspaces_user FOR INSERT WITH CHECK ({_OUTSIDE} OR NOT is_superuser);
        CREATE POLICY own ON workspaces_user FOR UPDATE USING ({_OUTSIDE} OR id = {_USER});
        CREATE POLICY member ON account_emailaddress FOR SELECT
            USING (user_id IN (SELECT user_id FROM workspaces_membership WHERE tenant_id = {_TENANT}));
        """,  # noqa: S608  nothing but the constants above
        """
        DROP POLICY member ON account_emailaddress;
        DROP POLICY known ON workspaces_user; DROP POLICY comes ON workspaces_user;
        DROP POLICY own ON workspaces_user;
        ALTER TABLE workspaces_user DISABLE ROW LEVEL SECURITY;
        """,
    )

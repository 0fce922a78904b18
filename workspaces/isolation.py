"""The second wall between tenants: PostgreSQL row-level security, bound per transaction, failing closed.

The first wall is the scope of each query. This one holds when a query forgets it: the application's database role sees
no row of a tenant that the running transaction is not bound to. Outside these context managers it sees none at all,
but that a function gives it the token whose text it has (``people.tokens.find``).
The policies that read these settings are made by the migrations of the tables (``migrations._steps``).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connection, transaction

from workspaces import database


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


def look_only() -> None:
    """Let the current transaction write nothing any more."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")

"""Nodes that something manages, read and written in bulk: one statement for each kind of change, whatever their number.

What is to be written others decide: here are the statements on our tables. Callers are bound to the tenant, in one
transaction, and see to it that nobody else writes to the same tree. Everything that writes raises TreeChangedError
when rows went away meanwhile, and IntegrityError, now or when the transaction ends, when a handle was taken; either
way the transaction is lost.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final, TypedDict

from django.db import IntegrityError, connection, transaction

# Id, source id, source id of the folder above (none of the top folder), title, handle, whether that was made static,
# state (empty for a folder), whether it was removed; of an account its email and when it joined: in UTC, but without
# saying so, for psycopg takes ten times as long to read moments that name a zone.
StoredNode = tuple[int, str, str | None, str, str, bool, str, bool, str, datetime | None]


class NodeRow(TypedDict):
    """What is to be written of a node; ``above`` is its folder's id. A new connection has no id, a folder no state.

    ``email`` and ``joined_at``, in ISO format, are those of the account.
    """

    id: int | None
    source_id: str
    title: str
    handle: str
    above: int | None
    state: str
    email: str
    joined_at: str | None


# The fields of StoredNode in their order. What is above is looked up in a table that is made once, and not joined: of a
# tree that has just been written PostgreSQL has no statistics, takes it for a single row, and would go through all
# folders for each connection.
_ABOVE: Final = """
    (SELECT jsonb_object_agg(above.id, above.source_id) FROM connections_folder above WHERE above.root_id = %(root)s)
"""
_FOLDERS: Final = f"""
    SELECT folder.id, folder.source_id, {_ABOVE} ->> folder.parent_id::text, folder.title, folder.handle,
        folder.is_handle_static, '', folder.removed_at IS NOT NULL, '', NULL
    FROM connections_folder folder WHERE folder.root_id = %(root)s
"""  # noqa: S608  nothing but the constant above
_CONNECTIONS: Final = f"""
    SELECT node.id, node.source_id, {_ABOVE} ->> node.folder_id::text, node.title, node.handle, node.is_handle_static,
        node.state, node.removed_at IS NOT NULL, node.email, node.joined_at AT TIME ZONE 'UTC'
    FROM connections_connection node WHERE node.root_id = %(root)s
"""  # noqa: S608  nothing but the constant above

# A folder's path is a placeholder until the paths are derived again.
_CREATE_FOLDERS: Final = """
    INSERT INTO connections_folder (id, source_id, title, handle, parent_id, path, managed_by, is_managed,
        is_handle_static, options, tenant_id, organization_id, root_id, created_at)
    SELECT new.id, new.source_id, new.title, new.handle, new.above, new.id || '/', '', true,
        false, '{}', top.tenant_id, top.organization_id, top.id, %(now)s
    FROM json_to_recordset(%(rows)s) AS new(id bigint, source_id text, title text, handle text, above bigint)
    JOIN connections_folder top ON top.id = %(root)s
"""
_CREATE_CONNECTIONS: Final = """
    INSERT INTO connections_connection (source_id, title, handle, folder_id, state, email, joined_at, plugin,
        is_managed, is_handle_static, options, tenant_id, organization_id, root_id, created_at)
    SELECT new.source_id, new.title, new.handle, new.above, new.state, new.email, new.joined_at, 'aws',
        true, false, '{}', top.tenant_id, top.organization_id, top.id, %(now)s
    FROM json_to_recordset(%(rows)s) AS new(source_id text, title text, handle text, above bigint, state text,
        email text, joined_at timestamptz)
    JOIN connections_folder top ON top.id = %(root)s
"""
# A handle that somebody made static since the tree was read is theirs.
_UPDATE_FOLDERS: Final = """
    UPDATE connections_folder old SET source_id = new.source_id, title = new.title, parent_id = new.above,
        handle = CASE WHEN old.is_handle_static THEN old.handle ELSE new.handle END, removed_at = NULL
    FROM json_to_recordset(%(rows)s) AS new(id bigint, source_id text, title text, handle text, above bigint)
    WHERE old.id = new.id
"""
_UPDATE_CONNECTIONS: Final = """
    UPDATE connections_connection old SET title = new.title, folder_id = new.above, state = new.state,
        handle = CASE WHEN old.is_handle_static THEN old.handle ELSE new.handle END, removed_at = NULL
    FROM json_to_recordset(%(rows)s) AS new(id bigint, title text, handle text, above bigint, state text)
    WHERE old.id = new.id
"""
_RENAME_CONNECTIONS: Final = """
    UPDATE connections_connection old SET handle = new.handle
    FROM json_to_recordset(%(rows)s) AS new(id bigint, handle text)
    WHERE old.id = new.id AND NOT old.is_handle_static
"""
_DESCRIBE_CONNECTIONS: Final = """
    UPDATE connections_connection old SET email = new.email, joined_at = new.joined_at
    FROM json_to_recordset(%(rows)s) AS new(id bigint, email text, joined_at timestamptz)
    WHERE old.id = new.id
"""
_REMOVE_FOLDERS: Final = """
    UPDATE connections_folder old SET removed_at = %(now)s
    FROM json_to_recordset(%(rows)s) AS gone(id bigint) WHERE old.id = gone.id
"""
_REMOVE_CONNECTIONS: Final = """
    UPDATE connections_connection old SET removed_at = %(now)s
    FROM json_to_recordset(%(rows)s) AS gone(id bigint) WHERE old.id = gone.id
"""


class TreeChangedError(Exception):
    """Rows of the tree went away between reading and writing, or handles were taken: the plan is out of date."""


@contextmanager
def settled() -> Iterator[None]:
    """Write to the tree, and check at the end what the database would check at the end of the transaction.

    Raises TreeChangedError when that is refused; nothing of it is written then.
    """
    try:
        with transaction.atomic():
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise TreeChangedError(str(error)) from error


def _read(statement: str, root_id: int) -> list[StoredNode]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"root": root_id})
        found: list[StoredNode] = cursor.fetchall()
        return found


def _write(statement: str, rows: Sequence[Mapping[str, Any]], **fixed: datetime | int) -> None:
    """Run a statement that must touch exactly so many rows; none is run for none.

    The rows are one text, because psycopg takes as long to format arrays of ten thousand as PostgreSQL to write them.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, fixed | {"rows": json.dumps(rows)})
        if cursor.rowcount != len(rows):
            raise TreeChangedError(f"{len(rows)} rows were to be written, {cursor.rowcount} were there.")


# Of a mirror by the id of its top folder; that one, and what is removed, included.
read_folders = partial(_read, _FOLDERS)
read_connections = partial(_read, _CONNECTIONS)
# Folders are made with ids that were reserved for them. Where folders are new or moved, paths are to be derived then.
create_folders = partial(_write, _CREATE_FOLDERS)
create_connections = partial(_write, _CREATE_CONNECTIONS)
# Changed, or brought back.
update_folders = partial(_write, _UPDATE_FOLDERS)
update_connections = partial(_write, _UPDATE_CONNECTIONS)
rename_connections = partial(_write, _RENAME_CONNECTIONS)  # one that was made static meanwhile counts as gone
describe_connections = partial(_write, _DESCRIBE_CONNECTIONS)  # what pages show of an account, and nothing follows from
# Taken out of every list; the rows stay for the days of grace.
remove_folders = partial(_write, _REMOVE_FOLDERS)
remove_connections = partial(_write, _REMOVE_CONNECTIONS)

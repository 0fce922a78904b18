"""An integration's tree in the database: read as facts for reconcile, written from its plan.

Both are set-based: the number of statements does not depend on the size of the tree. Callers are bound to the tenant,
in one transaction, and hold the integration's claim.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from connections.models import Connection, Folder
from connections.tree import allocate_ids, rebuild_paths
from integrations.health import schedule as health_schedule
from integrations.models import Integration
from integrations.planning import handle_prefix, reconcile
from integrations.planning.reconcile import Creation, Held, Plan, Taken, Tree, Update
from integrations.planning.snapshot import Snapshot

# The fields of Held in their order, so that ten thousand rows need no work of ours; the top folder has nothing above.
_FOLDERS = """
    SELECT folder.id, folder.source_id, above.source_id, folder.title, folder.handle, folder.is_handle_static, '',
        folder.removed_at IS NOT NULL
    FROM connections_folder folder LEFT JOIN connections_folder above ON above.id = folder.parent_id
        AND above.root_id = folder.root_id
    WHERE folder.root_id = %s
"""
_CONNECTIONS = """
    SELECT node.id, node.source_id, above.source_id, node.title, node.handle, node.is_handle_static, node.state,
        node.removed_at IS NOT NULL
    FROM connections_connection node LEFT JOIN connections_folder above ON above.id = node.folder_id
        AND above.root_id = node.root_id
    WHERE node.root_id = %s
"""

# A folder's path is a placeholder until the paths are derived again.
_CREATE_FOLDERS = """
    INSERT INTO connections_folder (id, source_id, title, handle, parent_id, path, managed_by, is_managed,
        is_handle_static, options, tenant_id, organization_id, root_id, created_at)
    SELECT new.id, new.source_id, new.title, new.handle, new.above, new.id || '/', '', true,
        false, '{}', top.tenant_id, top.organization_id, top.id, %(now)s
    FROM json_to_recordset(%(rows)s) AS new(id bigint, source_id text, title text, handle text, above bigint)
    JOIN connections_folder top ON top.id = %(root)s
"""
_CREATE_CONNECTIONS = """
    INSERT INTO connections_connection (source_id, title, handle, folder_id, state, plugin, is_managed,
        is_handle_static, options, tenant_id, organization_id, root_id, created_at)
    SELECT new.source_id, new.title, new.handle, new.above, new.state, 'aws', true,
        false, '{}', top.tenant_id, top.organization_id, top.id, %(now)s
    FROM json_to_recordset(%(rows)s) AS new(source_id text, title text, handle text, above bigint, state text)
    JOIN connections_folder top ON top.id = %(root)s
"""
# A handle that somebody made static since the tree was read is theirs.
_UPDATE_FOLDERS = """
    UPDATE connections_folder old SET source_id = new.source_id, title = new.title, parent_id = new.above,
        handle = CASE WHEN old.is_handle_static THEN old.handle ELSE new.handle END, removed_at = NULL
    FROM json_to_recordset(%(rows)s) AS new(id bigint, source_id text, title text, handle text, above bigint)
    WHERE old.id = new.id
"""
_UPDATE_CONNECTIONS = """
    UPDATE connections_connection old SET title = new.title, folder_id = new.above, state = new.state,
        handle = CASE WHEN old.is_handle_static THEN old.handle ELSE new.handle END, removed_at = NULL
    FROM json_to_recordset(%(rows)s) AS new(id bigint, title text, handle text, above bigint, state text)
    WHERE old.id = new.id
"""
_RENAME_CONNECTIONS = """
    UPDATE connections_connection old SET handle = new.handle
    FROM json_to_recordset(%(rows)s) AS new(id bigint, handle text)
    WHERE old.id = new.id AND NOT old.is_handle_static
"""
_REMOVE_FOLDERS = """
    UPDATE connections_folder old SET removed_at = %(now)s
    FROM json_to_recordset(%(rows)s) AS gone(id bigint) WHERE old.id = gone.id
"""
_REMOVE_CONNECTIONS = """
    UPDATE connections_connection old SET removed_at = %(now)s
    FROM json_to_recordset(%(rows)s) AS gone(id bigint) WHERE old.id = gone.id
"""


_new_held = partial(tuple.__new__, Held)  # as Held._make, without a step of Python's for each row


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


def load(integration: Integration) -> Tree:
    """Read the whole tree, removed nodes included, in two statements."""
    folders, connections = (_held(statement, integration) for statement in (_FOLDERS, _CONNECTIONS))
    return Tree(folders, connections, integration.handle_prefix)


def _held(statement: str, integration: Integration) -> tuple[Held, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [integration.root_folder_id])
        return tuple(map(_new_held, cursor.fetchall()))


def plan(integration: Integration, tree: Tree, snapshot: Snapshot) -> Plan:
    """Plan with regard to the handles that other nodes of the same scope hold.

    Only handles that would be given away are looked up, so where nothing changed nothing is asked. What turns out to be
    taken is planned around; that ends, because each round knows more of what is taken.
    """
    taken = Taken()
    while True:
        planned = reconcile.plan(tree, snapshot, taken)
        clashing = Taken(
            _held_elsewhere(Folder, planned.folders.new_handles, integration),
            _held_elsewhere(Connection, planned.connections.new_handles, integration),
        )
        if clashing == Taken():
            return planned
        taken |= clashing


def plan_prefix(integration: Integration, tree: Tree, prefix: str) -> tuple[Update, ...]:
    """Plan what another handle prefix makes of the handles.

    Raises PrefixRefusedError with a sentence when one of them would be too long, or is not free.
    """
    updates = handle_prefix.renames(tree, prefix)
    clashing = _held_elsewhere(Connection, handle_prefix.handles(updates), integration)
    if clashing:
        raise handle_prefix.refusal(min(clashing), f"the handle of another connection of {integration.scope}")
    return updates


def rename(updates: Sequence[Update]) -> None:
    """Write new handles of connections in one statement. Raises TreeChangedError when one was made static meanwhile."""
    _write(_RENAME_CONNECTIONS, [{"id": update.after.id, "handle": update.after.handle} for update in updates])


def _held_elsewhere(
    model: type[Folder | Connection], handles: frozenset[str], integration: Integration
) -> frozenset[str]:
    if not handles:
        return handles
    holders = model.objects.filter(Q(handle__among=handles), **integration.scope.keys)
    return frozenset(holders.exclude(root=integration.root_folder_id).values_list("handle", flat=True))


def take_turns(integration: Integration) -> None:
    """Wait until nobody else writes to trees of the same scope, and keep them waiting until the transaction ends.

    Two syncs that give away the same handles in another order would wait for each other. Whoever also holds the row of
    the schedule has locked that first.
    """
    key = f"tree of {integration.tenant_id}/{integration.organization_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def apply(planned: Plan, tree: Tree, integration: Integration, *, now: datetime) -> None:
    """Write a plan: at most one statement for each kind of change and node, whatever their number.

    Raises TreeChangedError when rows went away meanwhile. That somebody took a handle shows as an IntegrityError, here
    or when the transaction ends. Either way the transaction is lost, and the caller plans again.
    """
    if planned.is_empty:
        return
    take_turns(integration)
    folders, connections = planned.folders, planned.connections
    fixed: dict[str, datetime | int] = {"now": now, "root": integration.root_folder_id}
    ids = {folder.source_id: folder.id for folder in tree.folders}
    ids |= {update.after.source_id: update.after.id for update in folders.updates}  # the top folder's first read
    new_ids = allocate_ids(Folder, len(folders.creations))
    ids |= {creation.wanted.source_id: new_id for creation, new_id in zip(folders.creations, new_ids, strict=True)}
    _write(_CREATE_FOLDERS, _created(folders.creations, ids), **fixed)
    _write(_UPDATE_FOLDERS, _updated(folders.updates, ids))
    if new_ids or any(update.before.parent != update.after.parent for update in folders.updates):
        rebuild_paths(integration.root_folder_id)
    _write(_CREATE_CONNECTIONS, _created(connections.creations, ids), **fixed)
    _write(_UPDATE_CONNECTIONS, _updated(connections.updates, ids))
    _write(_REMOVE_CONNECTIONS, _removed(connections.removals), now=now)
    _write(_REMOVE_FOLDERS, _removed(folders.removals), now=now)
    if connections.creations or connections.updates:
        health_schedule.wake_on_commit(integration.tenant_id)


_Rows = list[dict[str, object]]  # what a statement makes of them, by name


def _created(creations: Sequence[Creation], ids: Mapping[str, int]) -> _Rows:
    return [
        {
            "id": ids.get(wanted.source_id),
            "source_id": wanted.source_id,
            "title": wanted.title,
            "handle": handle,
            "above": ids[wanted.parent or ""],
            "state": wanted.state,
        }
        for wanted, handle in creations
    ]


def _updated(updates: Sequence[Update], ids: Mapping[str, int]) -> _Rows:
    return [
        {
            "id": after.id,
            "source_id": after.source_id,
            "title": after.title,
            "handle": after.handle,
            "above": ids[after.parent] if after.parent else None,
            "state": after.state,
        }
        for _, after in updates
    ]


def _removed(removals: Sequence[Held]) -> _Rows:
    return [{"id": held.id} for held in removals]


def _write(statement: str, rows: _Rows, **fixed: datetime | int) -> None:
    """Run a statement that must touch exactly so many rows; none is run for none.

    The rows are one text, because psycopg takes as long to spell arrays of ten thousand as PostgreSQL to write them.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, fixed | {"rows": json.dumps(rows)})
        if cursor.rowcount != len(rows):
            raise TreeChangedError(f"{len(rows)} rows were to be written, {cursor.rowcount} were there.")

"""An integration's tree in the database: read as facts for reconcile, written from its plan.

Both are set-based: the number of statements does not depend on the size of the tree. Callers are bound to the tenant,
in one transaction, and hold the integration's claim.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from connections.models import Connection, Folder
from connections.tree import allocate_ids, rebuild_paths
from integrations.models import Integration
from integrations.reconcile import Creation, Held, Plan, Taken, Tree, Update

_HELD = ("id", "source_id", "title", "handle", "is_handle_static", "removed_at")


def load(integration: Integration) -> Tree:
    """Read the whole tree, removed nodes included, in two statements."""
    rows = list(Folder.objects.filter(root_id=integration.root_folder_id).values_list(*_HELD, "parent_id"))
    source_ids: Mapping[int, str] = {row[0]: row[1] for row in rows}
    folders = tuple(_held(row[:6], source_ids.get(row[6]), "") for row in rows)
    accounts = Connection.objects.filter(root_id=integration.root_folder_id).values_list(*_HELD, "folder_id", "state")
    connections = tuple(_held(row[:6], source_ids.get(row[6]), row[7]) for row in accounts)
    return Tree(folders, connections, integration.handle_prefix)


def _held(row: Sequence[Any], parent: str | None, state: str) -> Held:
    node_id, source_id, title, handle, is_handle_static, removed_at = row
    return Held(node_id, source_id, parent, title, handle, is_handle_static, state, removed_at is not None)


def taken(integration: Integration, candidates: Taken) -> Taken:
    """Find which of the candidates belong to other nodes of the same scope; asks nothing when there is no candidate."""
    scope = integration.scope.keys
    root = integration.root_folder_id

    def among(model: type[Folder | Connection], handles: frozenset[str]) -> frozenset[str]:
        if not handles:
            return handles
        others = model.objects.filter(**scope, handle__in=handles).exclude(root_id=root)
        return frozenset(others.values_list("handle", flat=True))

    return Taken(among(Folder, candidates.folders), among(Connection, candidates.connections))


def apply(plan: Plan, tree: Tree, integration: Integration, *, now: datetime) -> None:
    """Write a plan: at most one statement for each kind of change and node, whatever their number.

    Raises IntegrityError when somebody took a handle meanwhile; the transaction is then lost and the sync plans again.
    """
    folder_ids = {folder.source_id: folder.id for folder in tree.folders}
    folder_ids |= {update.after.source_id: update.after.id for update in plan.folders.updates}  # the root's first read
    new_folders = plan.folders.creations
    folder_ids |= {
        new.wanted.source_id: id_ for new, id_ in zip(new_folders, allocate_ids(Folder, len(new_folders)), strict=True)
    }
    _create(Folder, new_folders, folder_ids, integration, now)
    _update(Folder, plan.folders.updates, folder_ids)
    if new_folders or any(update.before.parent != update.after.parent for update in plan.folders.updates):
        rebuild_paths(integration.root_folder_id)
    _create(Connection, plan.connections.creations, folder_ids, integration, now)
    _update(Connection, plan.connections.updates, folder_ids)
    for model, side in ((Connection, plan.connections), (Folder, plan.folders)):
        if side.removals:
            model.objects.filter(id__in=[held.id for held in side.removals]).update(removed_at=now)


def _create(
    model: type[Folder | Connection],
    creations: Sequence[Creation],
    folder_ids: Mapping[str, int],
    integration: Integration,
    now: datetime,
) -> None:
    """Insert in one statement; a folder's path is a placeholder until the paths are derived again."""
    if not creations:
        return
    own = (integration.tenant_id, integration.organization_id, integration.root_folder_id, now)
    wanted = [creation.wanted for creation in creations]
    columns: dict[str, list[Any]] = {
        "source_id": [want.source_id for want in wanted],
        "title": [want.title for want in wanted],
        "handle": [creation.handle for creation in creations],
        "above": [folder_ids[want.parent or ""] for want in wanted],
    }
    common = "tenant_id, organization_id, root_id, created_at, is_managed, is_handle_static, options"
    values = "%s::bigint, %s::bigint, %s::bigint, %s::timestamptz, true, false, '{}'::jsonb"
    if model is Folder:
        columns["id"] = [folder_ids[want.source_id] for want in wanted]
        target, source = (
            "id, source_id, title, handle, parent_id, path",
            "id, source_id, title, handle, above, id || '/'",
        )
    else:
        columns["state"] = [want.state for want in wanted]
        target, source = (
            "source_id, title, handle, folder_id, state, plugin",
            "source_id, title, handle, above, state, 'aws'",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({common}, {target})"  # noqa: S608  names from above, values bound
            f" SELECT {values}, {source} FROM {_unnest(columns)}",
            [*own, *columns.values()],
        )


def _update(model: type[Folder | Connection], updates: Sequence[Update], folder_ids: Mapping[str, int]) -> None:
    """Write the changed rows, and bring back the removed ones among them, in one statement."""
    if not updates:
        return
    afters = [update.after for update in updates]
    columns: dict[str, list[Any]] = {
        "id": [after.id for after in afters],
        "source_id": [after.source_id for after in afters],
        "title": [after.title for after in afters],
        "handle": [after.handle for after in afters],
        "above": [folder_ids.get(after.parent or "") for after in afters],
    }
    assignments = "source_id = new.source_id, title = new.title, handle = new.handle, removed_at = NULL"
    if model is Folder:
        assignments += ", parent_id = new.above"
    else:
        columns["state"] = [after.state for after in afters]
        assignments += ", folder_id = new.above, state = new.state"
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {assignments}"  # noqa: S608  names from above, values bound
            f" FROM {_unnest(columns)} WHERE {table}.id = new.id",
            [*columns.values()],
        )


_TYPES = {"id": "bigint", "above": "bigint"}


def _unnest(columns: Mapping[str, object]) -> str:
    arrays = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in columns)
    return f"unnest({arrays}) AS new({', '.join(columns)})"

"""An integration's tree in the database: read as facts for reconcile, written from its plan.

Both are set-based: the number of statements, which ``connections.bulk`` has, does not depend on the size of the tree.
Callers are bound to the tenant, in one transaction, and hold the integration's claim.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from django.db import connection
from django.db.models import Q

from connections import bulk
from connections.models import Connection, Folder
from connections.tree import allocate_ids, rebuild_paths
from integrations.health import batches
from integrations.models import Integration
from integrations.planning import handle_prefix, reconcile
from integrations.planning.reconcile import Creation, Held, Plan, Taken, Tree, Update, Wanted
from integrations.planning.snapshot import Snapshot

# As Held._make, without a step of Python's for each row: its fields are those of bulk.StoredNode in their order.
_new_held = partial(tuple.__new__, Held)


def load(integration: Integration) -> Tree:
    """Read the whole tree, removed nodes included, in two statements."""
    root_id = integration.root_folder_id
    folders, connections = bulk.read_folders(root_id), bulk.read_connections(root_id)
    return Tree(tuple(map(_new_held, folders)), tuple(map(_new_held, connections)), integration.handle_prefix)


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
    bulk.rename_connections([{"id": update.after.id, "handle": update.after.handle} for update in updates])


def _held_elsewhere(
    model: type[Folder | Connection], handles: frozenset[str], integration: Integration
) -> frozenset[str]:
    if not handles:
        return handles
    holders = model.objects.filter(Q(handle__among=handles), **integration.scope.keys)
    return frozenset(holders.exclude(root=integration.root_folder_id).values_list("handle", flat=True))


def take_turns(integration: Integration) -> None:
    """Wait until nobody else writes to trees of the same scope, and keep them waiting until the transaction ends.

    Two syncs that give away the same handles in another order would deadlock. Lock order: a caller that needs the row
    of the schedule too has locked that first.
    """
    key = f"tree of {integration.tenant_id}/{integration.organization_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def apply(planned: Plan, tree: Tree, integration: Integration, *, now: datetime) -> None:
    """Write a plan: at most one statement for each kind of change and node, whatever their number.

    Raises TreeChangedError when rows went away meanwhile. That somebody took a handle shows as an IntegrityError, here
    or when the transaction ends. Either way the transaction is lost, and the caller plans again.
    """
    if planned.is_empty and not planned.connections.described:
        return
    take_turns(integration)
    folders, connections = planned.folders, planned.connections
    root_id = integration.root_folder_id
    ids = {folder.source_id: folder.id for folder in tree.folders}
    ids |= {update.after.source_id: update.after.id for update in folders.updates}  # the top folder's first read
    new_ids = allocate_ids(Folder, len(folders.creations))
    ids |= {creation.wanted.source_id: new_id for creation, new_id in zip(folders.creations, new_ids, strict=True)}
    bulk.create_folders(_created(folders.creations, ids), root=root_id, now=now)
    bulk.update_folders(_updated(folders.updates, ids))
    if new_ids or any(update.before.parent != update.after.parent for update in folders.updates):
        rebuild_paths(root_id)
    bulk.create_connections(_created(connections.creations, ids), root=root_id, now=now)
    bulk.update_connections(_updated(connections.updates, ids))
    bulk.describe_connections([_described(held) for held in connections.described])
    bulk.remove_connections([{"id": held.id} for held in connections.removals], now=now)
    bulk.remove_folders([{"id": held.id} for held in folders.removals], now=now)
    if connections.creations or connections.updates:
        batches.wake_on_commit(integration.tenant_id)


def _created(creations: Sequence[Creation], ids: Mapping[str, int]) -> list[bulk.NodeRow]:
    return [_row(ids.get(wanted.source_id), wanted, handle, ids) for wanted, handle in creations]


def _updated(updates: Sequence[Update], ids: Mapping[str, int]) -> list[bulk.NodeRow]:
    return [_row(after.id, after, after.handle, ids) for _, after in updates]


def _row(pk: int | None, node: Wanted | Held, handle: str, ids: Mapping[str, int]) -> bulk.NodeRow:
    return {
        "id": pk,
        "source_id": node.source_id,
        "title": node.title,
        "handle": handle,
        "above": ids[node.parent] if node.parent else None,
        "state": node.state,
        "email": node.email,
        "joined_at": _moment(node.joined_at),
    }


def _described(held: Held) -> Mapping[str, object]:
    return {"id": held.id, "email": held.email, "joined_at": _moment(held.joined_at)}


def _moment(moment: datetime | None) -> str | None:
    return moment.replace(tzinfo=UTC).isoformat() if moment else None

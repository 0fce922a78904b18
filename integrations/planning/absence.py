"""Which removals of a plan need a proof before they are made: absence from a list proves nothing by itself.

Pure, as planning is.
"""

from integrations.planning.reconcile import Plan, Tree
from integrations.planning.snapshot import Snapshot


def to_confirm(planned: Plan, tree: Tree, snapshot: Snapshot) -> frozenset[str]:
    """Find what AWS must be asked about, by id, before it is removed.

    What AWS itself lists, closed or not chosen, needs no proof, nor does what is where the credentials may not look:
    what AWS says is there, and what was there when it could be seen. An account that nobody could place needs one: it
    may have moved from a unit that was asked later to one that was asked before.
    """
    removals = (*planned.folders.removals, *planned.connections.removals)
    if not removals:
        return frozenset()
    hidden = folders_out_of_sight(tree, snapshot)
    known = {account.source_id for account in snapshot.accounts} | snapshot.left_out_accounts | hidden
    known |= {folder.source_id for folder in snapshot.folders}
    known |= {
        held.source_id
        for held in tree.connections
        if held.source_id in snapshot.unplaced_accounts and held.parent in hidden
    }
    return frozenset(held.source_id for held in removals) - known


def folders_out_of_sight(tree: Tree, snapshot: Snapshot) -> set[str]:
    """The folders that are denied and, because units never move, all that the tree has below them."""
    hidden = set(snapshot.left_out_folders)
    if not hidden:
        return hidden
    inside: dict[str | None, list[str]] = {}
    for held in tree.folders:
        inside.setdefault(held.parent, []).append(held.source_id)
    waiting = list(hidden)
    while waiting:
        below = inside.get(waiting.pop(), [])
        hidden.update(below)
        waiting.extend(below)
    return hidden

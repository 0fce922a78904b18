"""A plan in words: the lines of a sync run's diff."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

from integrations.planning.absence import folders_out_of_sight
from integrations.planning.handles import NodeKind
from integrations.planning.reconcile import Held, NodePlan, Plan, Tree, Update
from integrations.planning.snapshot import AccountState, Snapshot

ChangeKind = Literal["create", "return", "rename", "move", "state", "remove"]

_Name = tuple[str, str | None]
_PathOf = Callable[[str | None], str]


class Reason(StrEnum):
    """Why something is removed; these words are stored with a run, and are the same wherever a plan is shown."""

    CLOSED = "closed in AWS"
    LEFT = "left the AWS organization"
    DELETED = "deleted in AWS"  # an organizational unit
    HIDDEN = "not visible to these credentials"
    NOT_TICKED = "not ticked"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a run's diff, in words; ``before`` and ``after`` are names, paths of names or states.

    Of what is removed ``after`` is the reason; runs of earlier versions have none.
    """

    kind: ChangeKind
    node: NodeKind
    source_id: str
    label: str
    before: str = ""
    after: str = ""


def describe(plan: Plan, tree: Tree, snapshot: Snapshot) -> list[Change]:
    """Say every change of a plan, removals last; a node that was renamed and moved has two lines."""
    if plan.is_empty:  # as mostly; what follows looks at all that is there
        return []
    place_before = _places({folder.source_id: (folder.title, folder.parent) for folder in tree.folders})
    place_after = _places({folder.source_id: (folder.name, folder.parent_id) for folder in snapshot.folders})
    changes: list[Change] = []
    sides: tuple[tuple[NodeKind, NodePlan], ...] = (("folder", plan.folders), ("connection", plan.connections))
    for node, side in sides:
        for creation in side.creations:
            place = place_after(creation.wanted.parent)
            changes.append(Change("create", node, creation.wanted.source_id, creation.wanted.title, "", place))
        for update in side.updates:
            changes += _describe_update(node, update, place_before, place_after)
    why = _reasons(tree, snapshot)
    for node, side in reversed(sides):
        for held in side.removals:
            place = place_before(held.parent)
            changes.append(Change("remove", node, held.source_id, held.title, place, why(node, held)))
    return changes


def _reasons(tree: Tree, snapshot: Snapshot) -> Callable[[NodeKind, Held], Reason]:
    """Give what says why a node is removed; the snapshot is all that was read, whatever of it is mirrored."""
    listed = {folder.source_id for folder in snapshot.folders} | {account.source_id for account in snapshot.accounts}
    closed = {account.source_id for account in snapshot.accounts if account.state is AccountState.CLOSED}
    closed |= snapshot.unlisted_closed
    folders_hidden = folders_out_of_sight(tree, snapshot)
    hidden = folders_hidden | snapshot.left_out_accounts | snapshot.unplaced_accounts
    # Another root is that of another AWS organization, from which nothing of this one can be seen.
    roots = {held.source_id for held in tree.folders if held.parent is None} - {""}
    is_elsewhere = bool(roots - {snapshot.root.source_id})

    def why(node: NodeKind, held: Held) -> Reason:
        if held.source_id in closed:
            return Reason.CLOSED
        if held.source_id in listed:
            return Reason.NOT_TICKED
        if is_elsewhere or held.source_id in hidden:
            return Reason.HIDDEN
        return Reason.DELETED if node == "folder" else Reason.LEFT

    return why


def _describe_update(node: NodeKind, update: Update, place_before: _PathOf, place_after: _PathOf) -> Iterable[Change]:
    before, after = update.before, update.after
    key, label = after.source_id, after.title
    if before.is_removed:
        yield Change("return", node, key, label, "", place_after(after.parent))
    elif before.parent != after.parent:
        yield Change("move", node, key, label, place_before(before.parent), place_after(after.parent))
    if (before.title, before.handle) != (after.title, after.handle):
        yield Change("rename", node, key, label, f"{before.title} ({before.handle})", f"{after.title} ({after.handle})")
    if before.state != after.state:
        yield Change("state", node, key, label, before.state, after.state)


def _places(names: Mapping[str, _Name]) -> _PathOf:
    """Give what writes a folder as the names from the top down to it; cached, for many nodes are in the same one."""

    @cache
    def path_of(source_id: str | None) -> str:
        parts: list[str] = []
        while source_id is not None and source_id in names:
            name, source_id = names[source_id]
            parts.append(name)
        return " / ".join(reversed(parts))

    return path_of

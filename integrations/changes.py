"""A plan in words: the lines of a sync run's diff."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from integrations.reconcile import NodeKind, NodePlan, Plan, Tree, Update
from integrations.snapshot import Snapshot

ChangeKind = Literal["create", "return", "rename", "move", "state", "remove"]

_Name = tuple[str, str | None]
_Spell = Callable[[str | None], str]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a run's diff, in words; ``before`` and ``after`` are names, paths of names or states."""

    kind: ChangeKind
    node: NodeKind
    source_id: str
    label: str
    before: str = ""
    after: str = ""


def describe(plan: Plan, tree: Tree, snapshot: Snapshot) -> list[Change]:
    """Say every change of a plan, removals last; a node that was renamed and moved has two lines."""
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
    for node, side in reversed(sides):
        for held in side.removals:
            changes.append(Change("remove", node, held.source_id, held.title, place_before(held.parent)))
    return changes


def _describe_update(node: NodeKind, update: Update, place_before: _Spell, place_after: _Spell) -> Iterable[Change]:
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


def _places(names: Mapping[str, _Name]) -> _Spell:
    """Give what spells a folder; many nodes are in the same one."""
    return cache(partial(_place, names))


def _place(names: Mapping[str, _Name], source_id: str | None) -> str:
    """Spell a folder as the names from the top down to it."""
    parts: list[str] = []
    while source_id is not None and source_id in names:
        name, source_id = names[source_id]
        parts.append(name)
    return " / ".join(reversed(parts))

"""What a sync has meant to workspaces, as its run keeps it: reckoned before the plan is written, and bounded in size.

Where no workspace has anything of the tree in its schema, as at the first sync, two statements find that out and
nothing is reckoned. A run keeps keys of workspaces and no names of them: whoever looks at it later sees those that they
may enter, as they are called by then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Final, TypeVar

from connections.schemas.workspace_uses import uses_of
from integrations.planning.reconcile import Plan, Tree
from integrations.planning.workspace_impact import PatternChange, View, WorkspaceImpact, impacts

MOST_WORKSPACES: Final = 50
_MANY = 10  # workspaces, beyond which fewer names are kept of each
_NAMES, _NAMES_OF_MANY = 20, 5  # of each kind of change in a workspace

Item = TypeVar("Item")
# What is kept of one workspace: its key, and what changed in it as kind → how many, and the first of them. The last one
# may have no key: then it says how many workspaces more there were.
Kept = list[Any]


class Some(list[Item]):
    """The first of ``total`` things."""

    def __init__(self, first: Iterable[Item], total: int) -> None:
        super().__init__(first)
        self.total = total


def number(of: Sequence[object]) -> int:
    """Say how many there are of which these may be only the first."""
    return of.total if isinstance(of, Some) else len(of)


def impact_of(planned: Plan, tree: Tree) -> list[Kept]:
    """Say what a plan means to the workspaces that use the tree, as it can be stored; before it is written."""
    if planned.is_empty:
        return []
    views = cache(lambda: (View.of(tree), View.after(tree, planned)))
    ids = [held.id for held in tree.folders], [held.id for held in tree.connections]
    # The names are asked for only where a workspace uses something.
    uses = uses_of(*ids, names=(name for view in views() for name in view.names))
    if not uses.workspaces:
        return []
    keys = {use.name: use.workspace_id for use in uses.workspaces}
    found = impacts(uses, *views())
    most = _NAMES if len(found) <= _MANY else _NAMES_OF_MANY
    kept: list[Kept] = [[keys[one.name], _kept(one, most)] for one in found[:MOST_WORKSPACES]]
    more = len(found) - len(kept)
    return [*kept, [None, more]] if more else kept


def more_of(kept: Iterable[Kept]) -> int:
    """Say of how many workspaces more nothing was kept."""
    return sum(stored for pk, stored in kept if pk is None)


def read(kept: Iterable[Kept], names: Mapping[int, str]) -> list[WorkspaceImpact]:
    """Give what was kept of those workspaces whose names are given, by their keys, under these names."""
    return [_impact(names[pk], stored) for pk, stored in kept if pk in names]


def _kept(one: WorkspaceImpact, most: int) -> dict[str, Any]:
    kinds = {field.name: getattr(one, field.name) for field in fields(one)}
    del kinds["name"], kinds["all_aws"], kinds["aggregators"]
    stored: dict[str, Any] = {kind: [len(names), list(names)[:most]] for kind, names in kinds.items() if names}
    if one.all_aws is not None:
        stored["all_aws"] = one.all_aws
    if one.aggregators:
        stored["aggregators"] = [
            [each.id, each.handle, *([len(names), list(names)[:most]] for names in (each.lost, each.gained))]
            for each in one.aggregators[:most]
        ]
    return stored


def _impact(name: str, stored: Mapping[str, Any]) -> WorkspaceImpact:
    def some(kind: str) -> Some[Any]:
        total, first = stored.get(kind, (0, ()))
        return Some((tuple(each) if isinstance(each, list) else each for each in first), total)

    lists = {field.name: some(field.name) for field in fields(WorkspaceImpact) if field.name not in _NO_LISTS}
    aggregators = [
        PatternChange(pk, handle, Some(lost[1], lost[0]), Some(gained[1], gained[0]))
        for pk, handle, lost, gained in stored.get("aggregators", ())
    ]
    return WorkspaceImpact(name=name, all_aws=stored.get("all_aws"), aggregators=aggregators, **lists)


_NO_LISTS: Final = ("name", "all_aws", "aggregators")

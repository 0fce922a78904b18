"""Adding nodes to a workspace's schema and removing them, however many; the only home of which may be."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from connections.models import Schema
from connections.schemas.in_use import Contents
from connections.tree import ids_on
from workspaces.access import Scope


class NodeAt(Protocol):
    """A folder or connection and where it is."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> int: ...
    @property
    def path_above(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sorting:
    """What adding nodes would come to, each in one of these.

    ``covered`` are in the schema with a folder above them, or would be with one that is added too.
    """

    new: Sequence[NodeAt]
    not_shared: Sequence[NodeAt]
    covered: Sequence[NodeAt]
    there: Sequence[NodeAt]


def sort_for_adding(inside: Contents, nodes: Collection[NodeAt], visible: Collection[tuple[str, int]]) -> Sorting:
    """Say which nodes can be added to a workspace; ``visible`` are kind and id of those that it may use."""
    new, not_shared, covered, there = list[NodeAt](), list[NodeAt](), list[NodeAt](), list[NodeAt]()
    to_come = {node.id for node in nodes if node.kind == "folder" and (node.kind, node.id) in visible}
    for node in nodes:
        added = inside.folders if node.kind == "folder" else inside.connections_since
        if (node.kind, node.id) not in visible:
            not_shared.append(node)
        elif inside.covering(node.path_above) is not None:
            covered.append(node)
        elif node.id in added:
            there.append(node)
        elif not to_come.isdisjoint(ids_on(node.path_above)):
            covered.append(node)
        else:
            new.append(node)
    return Sorting(new, not_shared, covered, there)


def add(scope: Scope, nodes: Iterable[NodeAt]) -> int:
    """Add these nodes, which sorting has found new, and give how many were; one statement."""
    rows = [Schema(**_ids(scope), **{f"{node.kind}_id": node.id}) for node in nodes]
    before = Schema.objects.filter(**scope.keys).count()
    Schema.objects.bulk_create(rows, ignore_conflicts=True)
    return Schema.objects.filter(**scope.keys).count() - before


def remove(scope: Scope, nodes: Iterable[NodeAt]) -> int:
    """Remove what was added itself, and give how many were."""
    ids: dict[str, list[int]] = {"folder": [], "connection": []}
    for node in nodes:
        ids[node.kind].append(node.id)
    added = Schema.objects.filter(**scope.keys)
    return sum(added.filter(**{f"{kind}__in": some}).delete()[0] for kind, some in ids.items() if some)


def _ids(scope: Scope) -> dict[str, int | None]:
    return {f"{name}_id": place.pk if place else None for name, place in scope.keys.items()}

"""The nodes that somebody has chosen in a list: ticked one by one, or all that a filter lets through."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import QuerySet

from connections.models import Connection, Folder
from connections.models.node import SHOWN
from connections.sharing import Node, NodeIds
from connections.tree_listing import Listing

MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Picked:
    """One of them; ``path`` is the folder's own, or that of the folder a connection is in."""

    kind: str
    id: int
    path: str
    label: str
    handle: str
    state: str = ""

    @property
    def path_above(self) -> str:
        return self.path.removesuffix(f"{self.id}/") if self.kind == "folder" else self.path


@dataclass(frozen=True)
class Chosen:
    """Folders and connections, in the order of their ids."""

    folders: Sequence[Picked]
    connections: Sequence[Picked]

    @classmethod
    def of(cls, node: Node) -> "Chosen":
        path = node.path if isinstance(node, Folder) else node.path_above
        state = "" if isinstance(node, Folder) else node.state
        one = Picked(node.kind, node.pk, path, node.shown, node.handle, state)
        return cls([one], []) if isinstance(node, Folder) else cls([], [one])

    @property
    def nodes(self) -> list[Picked]:
        return [*self.folders, *self.connections]

    @property
    def number(self) -> int:
        return len(self.folders) + len(self.connections)

    @cached_property
    def ids(self) -> NodeIds:
        return NodeIds([one.id for one in self.folders], [one.id for one in self.connections])

    @property
    def words(self) -> str:
        """How many they are, as in *2 folders and 50 connections*."""
        return _counted(len(self.folders), len(self.connections))

    @cached_property
    def fingerprint(self) -> str:
        """Hash which they are, so that nobody confirms others than they saw."""
        ids = ([one.id for one in self.folders], [one.id for one in self.connections])
        return hashlib.sha256(repr(ids).encode()).hexdigest()

    def only(self, keep: Collection[Picked]) -> "Chosen":
        kept = set(keep)
        return Chosen([one for one in self.folders if one in kept], [one for one in self.connections if one in kept])


def ticked(listing: Listing, folder_ids: Iterable[int], connection_ids: Iterable[int]) -> Chosen:
    """Give those of these ids that are in a list; of whatever is not, nothing is said."""
    folders, connections = set(folder_ids), set(connection_ids)
    return _read(listing.folders.filter(pk__in=folders), listing.connections.filter(pk__in=connections))


def all_of(listing: Listing) -> Chosen:
    """Give all that a list has, up to one more than may be chosen."""
    return _read(listing.folders, listing.connections)


def _read(folders: QuerySet[Folder], connections: QuerySet[Connection]) -> Chosen:
    named = folders.annotate(label=SHOWN).order_by("pk").values_list("pk", "path", "label", "handle")
    columns = ("pk", "folder_id", "label", "handle", "state")
    rows = list(connections.annotate(label=SHOWN).order_by("pk").values_list(*columns)[: MOST + 1])
    # Apart: joined row by row this takes far longer, right after an import.
    around = {folder_id for _, folder_id, *_ in rows if folder_id}
    paths = dict(Folder.objects.filter(pk__in=around).values_list("pk", "path"))
    return Chosen(
        [Picked("folder", *values) for values in named[: MOST + 1]],
        [Picked("connection", pk, paths.get(folder_id or 0, ""), *values) for pk, folder_id, *values in rows],
    )


def _counted(folders: int, connections: int) -> str:
    parts = [
        f"{number:,} {word}{'' if number == 1 else 's'}"
        for number, word in ((folders, "folder"), (connections, "connection"))
        if number
    ]
    return " and ".join(parts) or "nothing"

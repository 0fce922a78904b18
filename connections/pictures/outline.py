"""What a picture shows: folders, and how many connections each holds of which group; two or four statements in all."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.db.models import Count, Q

from connections import sharing
from connections.models import Connection, ConnectionState, Folder, Health, Schema
from connections.tree_listing import SHOWN


class Colour(StrEnum):
    """What the connections are told apart by."""

    HEALTH = "health"
    STATE = "state"
    USE = "use"


# The groups of each, as (key, words, tone of its colour); the one that asks most for a look comes first.
GROUPS: Final = {
    Colour.HEALTH: (
        ("failing", "failing", "red"),
        ("disabled", "disabled", "amber"),
        ("untested", "not tested yet", "grey"),
        ("healthy", "healthy", "green"),
    ),
    Colour.STATE: (
        *((each.value, each.label.lower(), "amber") for each in ConnectionState if each != ConnectionState.ACTIVE),
        (ConnectionState.ACTIVE.value, ConnectionState.ACTIVE.label.lower(), "green"),
    ),
    Colour.USE: (("unused", "not in use", "grey"), ("used", "in use in a workspace", "blue")),
}


@dataclass(slots=True)
class Branch:
    """A folder: the connections in it itself by group, and the folders below it, the largest first."""

    id: int
    title: str
    path: str
    own: Counter[str] = field(default_factory=Counter)
    branches: list["Branch"] = field(default_factory=list)
    all: Counter[str] = field(default_factory=Counter)
    folders: int = 0

    @property
    def connections(self) -> int:
        """How many connections are in it or below it."""
        return self.all.total()


def read_outline(top: Folder, colour: Colour) -> Branch:
    """Read a folder of a mirror and all below it; one that was removed a moment ago is empty."""
    folders = Folder.objects.filter(root=top.root_id, removed_at=None, path__under=top.path).order_by("path")
    branches = {pk: Branch(pk, title, path) for pk, title, path in folders.values_list("pk", SHOWN, "path")}
    for folder_id, group, number in _counts(top, colour, branches.values()):
        if folder_id in branches:
            branches[folder_id].own[group] += number
    for branch in reversed(branches.values()):  # whatever is below comes before what it is in
        branch.all += branch.own
        branch.branches.sort(key=lambda below: (-below.connections, below.title.casefold()))
        above = branches.get(_parent_id(branch.path))
        if above is not None:
            above.branches.append(branch)
            above.all += branch.all
            above.folders += branch.folders + 1
    return branches.get(top.pk) or Branch(top.pk, top.shown, top.path)


def _parent_id(path: str) -> int:
    above = path.rstrip("/").rpartition("/")[0].rpartition("/")[2]
    return int(above) if above else 0


def _counts(top: Folder, colour: Colour, branches: Iterable[Branch]) -> Iterable[tuple[int, str, int]]:
    there = Connection.objects.filter(root=top.root_id, removed_at=None)
    grouped = there.values("folder_id", "health", "state").annotate(number=Count("pk"))
    group_of: dict[Colour, Callable[[str, str], str]] = {
        Colour.HEALTH: lambda health, state: health if state == ConnectionState.ACTIVE else "disabled",
        Colour.STATE: lambda _, state: state,
        Colour.USE: lambda *_: "unused",
    }
    counts = Counter[tuple[int, str]]()
    for folder_id, health, state, number in grouped.values_list("folder_id", "health", "state", "number"):
        counts[folder_id, group_of[colour](Health(health), state)] += number
    if colour == Colour.USE:
        _split_by_use(top, counts, branches)
    return [(folder_id, group, number) for (folder_id, group), number in counts.items()]


def _split_by_use(top: Folder, counts: Counter[tuple[int, str]], branches: Iterable[Branch]) -> None:
    """Move from not in use to in use what a workspace has added, by itself or with a folder above it."""
    of_mirror = Q(folder__root=top.root_id) | Q(connection__root=top.root_id, connection__removed_at=None)
    added = Schema.objects.filter(of_mirror, lost_at=None)
    columns = added.values_list("pk", "folder__path", "connection__folder_id", "connection_id")
    root = top if top.pk == top.root_id or top.root is None else top.root
    out_of_reach = sharing.out_of_reach(sharing.NodeIds.of(root))
    within = [row for pk, *row in columns if pk not in out_of_reach]
    whole = tuple(str(path) for path, _, _ in within if path)
    used = Counter(folder_id for _, folder_id, _ in {tuple(row) for row in within if row[2]})
    for branch in branches:
        all_here = counts[branch.id, "unused"]
        number = all_here if branch.path.startswith(whole) else used[branch.id]
        counts[branch.id, "unused"] -= number
        counts[branch.id, "used"] += number

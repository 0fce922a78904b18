"""What a picture shows: folders, and how many connections each holds of which group; two or four statements in all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.db import connection as database
from django.db.models import CharField, F, Func, Q, Value

from connections import sharing
from connections.models import ConnectionState, Folder, Schema
from connections.models.node import SHOWN
from connections.tree import ids_on


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


# Of the folders below one: by the first two of them on the way down, whether further ones follow, and whether all that
# is in them is in use, how many connections they hold of each kind; and without a state, how many folders they are.
_COUNTS: Final = """
    WITH below AS MATERIALIZED (
        SELECT id, split_part(path, '/', %(at)s) AS first, split_part(path, '/', %(at)s + 1) AS second,
            split_part(path, '/', %(at)s + 2) <> '' AS is_deep, path ^@ ANY(%(whole)s) AS is_whole
        FROM connections_folder
        WHERE root_id = %(root)s AND removed_at IS NULL AND path >= %(path)s AND path < rtrim(%(path)s, '/') || '0'
    )
    SELECT first, second, is_deep, is_whole, '', '', count(*) FROM below WHERE is_deep GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT first, second, is_deep, is_whole, state, health, sum(number)::bigint
    FROM below JOIN connections_tally t ON t.folder_id = below.id GROUP BY 1, 2, 3, 4, 5, 6
"""


@dataclass(slots=True)
class Branch:
    """A folder: the connections in it itself by group, and the folders below it, the largest first.

    Where it is two levels below the one that was asked about, those below it are only counted.
    """

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


@dataclass(frozen=True, slots=True)
class _Use:
    """What workspaces have added: folders with all below them, by their paths, and in which folders connections."""

    whole: tuple[str, ...] = ()
    single: Sequence[str] = ()


def read_outline(top: Folder, colour: Colour) -> Branch:
    """Read a folder of a mirror and two levels below it; one that was removed a moment ago is empty."""
    at = len(ids_on(top.path)) + 1
    third = Func(F("path"), Value("/"), Value(at + 2), function="split_part", output_field=CharField())
    folders = Folder.objects.filter(root=top.root_id, removed_at=None, path__under=top.path)
    shown = folders.annotate(third=third).filter(third="").order_by("path").values_list("pk", SHOWN, "path")
    branches = {path: Branch(pk, title, path) for pk, title, path in shown}
    use = _use(top) if colour == Colour.USE else _Use()
    keys = {"at": at, "root": top.root_id, "path": top.path, "whole": list(use.whole)}
    with database.cursor() as cursor:
        cursor.execute(_COUNTS, keys)
        for first, second, is_deep, is_whole, state, health, number in cursor.fetchall():
            branch = branches.get(_path(top, first, second))
            if branch and state:
                (branch.all if is_deep else branch.own)[_group(colour, state, health, is_whole=is_whole)] += number
            elif branch:
                branch.folders += number
    for path in use.single:
        first, second, *deeper = [*ids_on(path)[at - 1 :], "", ""]
        if (branch := branches.get(_path(top, first, second))) and not path.startswith(use.whole):
            counts = branch.all if any(deeper) else branch.own
            counts.update(used=1, unused=-1)
    for branch in reversed(branches.values()):  # whatever is below comes before what it is in
        branch.all += branch.own
        branch.branches.sort(key=lambda below: (-below.connections, below.title.casefold()))
        above = branches.get(branch.path.removesuffix(f"{branch.id}/"))
        if above is not None:
            above.branches.append(branch)
            above.all += branch.all
            above.folders += branch.folders + 1
    return branches.get(top.path) or Branch(top.pk, top.shown, top.path)


def _path(top: Folder, *below: int | str) -> str:
    return top.path + "".join(f"{pk}/" for pk in below if pk)


def _group(colour: Colour, state: str, health: str, *, is_whole: bool) -> str:
    if colour == Colour.USE:
        return "used" if is_whole else "unused"
    if colour == Colour.STATE:
        return state
    return health if state == ConnectionState.ACTIVE else "disabled"


def _use(top: Folder) -> _Use:
    """Find what of a mirror a workspace has added, by itself or with a folder above it, and may use."""
    of_mirror = Q(folder__root=top.root_id) | Q(connection__root=top.root_id, connection__removed_at=None)
    added = Schema.objects.filter(of_mirror, lost_at=None)
    root = top if top.pk == top.root_id or top.root is None else top.root
    out_of_reach = sharing.out_of_reach(sharing.NodeIds.of(root))
    columns = added.values_list("pk", "folder__path", "connection__folder__path", "connection_id")
    within = [row for pk, *row in columns if pk not in out_of_reach]
    whole = tuple(str(path) for path, _, _ in within if path)
    single = [str(path) for path, _ in {(path, pk) for _, path, pk in within if path}]
    return _Use(whole, [path for path in single if path.startswith(top.path)])

"""Names in a workspace: which schemas it has, and in which order they are looked up.

A connection's handle is its schema name; aggregators have their own; ``public`` is always there and ``all_aws`` from
two usable AWS connections on. What cannot be used stays in the list, and is neither united nor on the search path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from connections import tree_listing
from connections.models import Connection
from connections.schemas.conflicts import contested, mark_conflicts
from connections.schemas.in_use import IS_USABLE, Contents
from connections.schemas.rows import SchemaRow, Totals, with_place
from workspaces.handles import ALL_AWS, IS_SYSTEM_OWNED, PUBLIC
from workspaces.web import remembered
from workspaces.web.pagination import LazyList

_COLUMNS = (
    "id",
    "handle",
    "title",
    "source_id",
    "state",
    "organization_id",
    "workspace_id",
    "owner",
    "path",
    "manager",
)


class SchemaList(LazyList[SchemaRow]):
    """Aggregators and then connections, each alphabetically."""

    def __init__(self, inside: Contents, total: Totals, *, text: str = "", only_conflicts: bool = False) -> None:
        self._inside = inside
        names = [SchemaRow("all_aws", 0, ALL_AWS, patterns=("*",))] if total.has_all_aws else []
        names += [SchemaRow("aggregator", row.pk, row.handle, patterns=row.patterns) for row in inside.aggregators]
        self._own = [row for row in names if text.lower() in row.name]
        self._number = None if text or only_conflicts else total.connections
        self._connections = inside.connections if self._number is None else inside.ordered(self._number)
        if text:
            self._connections = self._connections.filter(tree_listing.matches(text))
        if only_conflicts:
            self._connections = self._connections.filter(contested(inside, total))
            names_wanted = set(remembered.found(self._connections.values_list("handle", flat=True).distinct()))
            self._own = [row for row in self._own if row.name in names_wanted]

    def count_parts(self) -> Sequence[int]:
        return len(self._own), remembered.number(self._connections) if self._number is None else self._number

    def read_part(self, part: int, start: int, stop: int) -> list[SchemaRow]:
        return self._own[start:stop] if part == 0 else read(self._inside, self._connections, start, stop)

    def complete(self, items: list[SchemaRow]) -> list[SchemaRow]:
        mark_conflicts(self._inside, items)
        return items


def read(inside: Contents, connections: QuerySet[Connection], start: int, stop: int) -> list[SchemaRow]:
    """Read a slice of the connections in use, by name, with where they come from."""
    shown = connections.order_by(*inside.by_name).values("id")[start:stop]  # what is joined below is that little
    key = remembered.asked(shown)
    known = remembered.look_up(*key)
    chosen: Any = known[0] if known else shown
    found = with_place(Connection.objects.filter(id__in=chosen)).order_by("handle", "id")
    rows = [SchemaRow("connection", *values) for values in found.values_list(*_COLUMNS)]
    if not known:
        remembered.keep([row.id for row in rows], *key)
    for row in rows:
        row.is_added_itself = row.id in inside.connections_since
        row.folder = inside.covering(row.path)
    return rows


_NOTHING = "No schema has this name now"
_DISABLED = "Disabled, so not looked up now"


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One name of the search path; ``why_not`` says of a name of the prefix why nothing is found there now."""

    name: str
    kind: str
    why_not: str = ""


class SearchPath(LazyList[PathEntry]):
    """The order in which names are looked up: prefix, ``public``, aggregators, connections, each name once.

    A connection that cannot be used is not there; it is again when its account is active again.
    An aggregator whose name a connection had first is not there: under that name one finds the connection.
    """

    def __init__(self, inside: Contents, total: Totals) -> None:
        prefix = list(dict.fromkeys(inside.visible.workspace.search_path_prefix))
        aggregators = [SchemaRow("aggregator", row.pk, row.handle) for row in inside.aggregators]
        mark_conflicts(inside, aggregators)
        own = {row.name: "Aggregator" for row in aggregators if not row.conflict} | {PUBLIC: "Built in"}
        if total.has_all_aws:
            own[ALL_AWS] = "Aggregator"
        usable = set(inside.usable.filter(handle__in=prefix).values_list("handle", flat=True)) if prefix else set()
        kinds = dict.fromkeys(usable, "Connection") | own
        missing = [name for name in prefix if name not in kinds]
        disabled = (
            set(inside.connections.filter(handle__in=missing).values_list("handle", flat=True)) if missing else ()
        )
        rest = [PUBLIC, *sorted(own.keys() - {PUBLIC})]
        self.head = [
            PathEntry(name, kinds.get(name, ""), _DISABLED if name in disabled else _NOTHING)
            for name in dict.fromkeys([*prefix, *rest])
        ]
        self._taken = Q(handle__in=[entry.name for entry in self.head]) | IS_SYSTEM_OWNED
        self._inside, self._usable = inside, total.usable
        others = inside.ordered(total.connections).filter(IS_USABLE).exclude(self._taken)
        names: QuerySet[Connection, Any] = others.values_list("handle", flat=True)
        self._others = names.order_by(*inside.by_name) if inside.has_one_scope else names.order_by("handle").distinct()

    def count_parts(self) -> Sequence[int]:
        if self._inside.has_one_scope:  # each has a name of its own
            others = self._usable - remembered.number(self._inside.usable.filter(self._taken))
        else:
            others = remembered.number(self._others)
        return len(self.head), others

    def read_part(self, part: int, start: int, stop: int) -> list[PathEntry]:
        return (
            self.head[start:stop]
            if part == 0
            else [PathEntry(name, "Connection") for name in remembered.found(self._others[start:stop])]
        )

"""Names in a workspace: which schemas it has, in which order they are looked up, and where two want the same name.

A connection's handle is its schema name; aggregators have their own; ``public`` is always there and ``all_aws`` from
two AWS connections on. Handles are unique per scope only, so a workspace may get two schemas of one name: the earlier
one has it, the later one is shown as a conflict.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal, overload

from django.db.models import CharField, Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from connections import browse
from connections.models import Aggregator, Connection, ConnectionState
from connections.schemas import AddedFolder, Contents
from workspaces.handles import ALL_AWS, PUBLIC

ALL_AWS_FROM = 2  # connections
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_TEXT = CharField()
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


@dataclass(slots=True)
class SchemaRow:
    """One schema of a workspace; ``conflict`` says why it cannot be queried under its name, and what to do."""

    kind: Literal["connection", "aggregator", "all_aws"]
    id: int
    name: str
    title: str = ""
    source_id: str = ""
    state: str = ""
    organization_id: int | None = None
    workspace_id: int | None = None
    owner: str = ""
    path: str = ""
    managed_by: str = ""
    patterns: Sequence[str] = ()
    is_added_itself: bool = False
    folder: AddedFolder | None = None
    conflict: str = ""

    @property
    def why_disabled(self) -> str:
        """Say why a connection cannot be used; empty when it can."""
        return ConnectionState(self.state).why_disabled if self.state else ""

    @property
    def state_label(self) -> str:
        """The state in words."""
        return ConnectionState(self.state).label if self.state else ""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many schemas a workspace has."""

    connections: int
    aws: int
    conflicts: int

    @property
    def has_all_aws(self) -> bool:
        """Whether ``all_aws`` exists now."""
        return self.aws >= ALL_AWS_FROM


def totals(inside: Contents) -> Totals:
    """Count what is in use, in one statement; of connections that share a name all but one are conflicts."""
    own = [PUBLIC, *(aggregator.handle for aggregator in inside.aggregators)]
    found = inside.connections.aggregate(
        all=Count("id"),
        aws=Count("handle", distinct=True, filter=Q(plugin="aws")),
        names=Count("handle", distinct=True),
        clashing=Count("handle", distinct=True, filter=Q(handle__in=own)),
        like_all_aws=Count("handle", distinct=True, filter=Q(handle=ALL_AWS)),
    )
    clashing = found["clashing"] + (found["like_all_aws"] if found["aws"] >= ALL_AWS_FROM else 0)
    return Totals(found["all"], found["aws"], found["all"] - found["names"] + clashing)


def _like(pattern: str) -> str:
    """Write a pattern, in which ``*`` is any characters or none, for LIKE; a regular expression is far slower."""
    return re.sub(r"\*+", "%", pattern.replace("_", r"\_"))


def _named_by(patterns: Iterable[str]) -> Q:
    return Q(handle__like_any=[_like(pattern) for pattern in patterns])


def matching(inside: Contents, patterns: Iterable[str]) -> QuerySet[Connection]:
    """Find the connections in use that the patterns name, those in conflict included."""
    return inside.connections.filter(_named_by(patterns))


def count_matches(inside: Contents, aggregators: Sequence[Aggregator]) -> list[int]:
    """Count what each aggregator unites now, in one statement."""
    if not aggregators:
        return []
    each = {
        f"n{at}": Count("handle", distinct=True, filter=_named_by(aggregator.patterns))
        for at, aggregator in enumerate(aggregators)
    }
    found = inside.connections.aggregate(**each)
    return [found[name] for name in each]


def unmatched(inside: Contents, patterns: Sequence[str]) -> list[str]:
    """List the patterns that name no connection in use, in one statement."""
    if not patterns:
        return []
    each = {f"n{at}": Count("id", filter=_named_by([pattern])) for at, pattern in enumerate(patterns)}
    found = inside.connections.aggregate(**each)
    return [pattern for at, pattern in enumerate(patterns) if not found[f"n{at}"]]


class SchemaList(Sequence[SchemaRow]):
    """Aggregators and then connections, each alphabetically; read only in the slice that is shown."""

    def __init__(self, inside: Contents, total: Totals, *, text: str = "", only_conflicts: bool = False) -> None:
        self._inside = inside
        names = [SchemaRow("all_aws", 0, ALL_AWS, patterns=("*",))] if total.has_all_aws else []
        names += [SchemaRow("aggregator", row.pk, row.handle, patterns=row.patterns) for row in inside.aggregators]
        self._own = [row for row in names if text.lower() in row.name]
        self._connections = inside.connections
        if text:
            self._connections = self._connections.filter(browse.matches(text))
        if only_conflicts:
            self._connections = self._connections.filter(_contested(inside, total))
            contested = set(self._connections.values_list("handle", flat=True).distinct())
            self._own = [row for row in self._own if row.name in contested]

    @cached_property
    def _connection_count(self) -> int:
        return self._connections.count()

    def __len__(self) -> int:
        return len(self._own) + self._connection_count

    @overload
    def __getitem__(self, at: int) -> SchemaRow: ...
    @overload
    def __getitem__(self, at: slice) -> list[SchemaRow]: ...
    def __getitem__(self, at: int | slice) -> SchemaRow | list[SchemaRow]:
        """Read a slice; an index is a slice of one."""
        if isinstance(at, int):
            return self[at : at + 1][0]
        start, stop, _ = at.indices(len(self))
        own = len(self._own)
        rows = self._own[start:stop]
        if stop > own:
            rows = rows + read(self._inside, self._connections, max(start - own, 0), stop - own)
        mark_conflicts(self._inside, rows)
        return rows


def read(inside: Contents, connections: QuerySet[Connection], start: int, stop: int) -> list[SchemaRow]:
    """Read a slice of the connections in use, by name, with where they come from."""
    shown = connections.order_by("handle", "id").values("id")[start:stop]  # what is joined below is that little
    found = _with_place(Connection.objects.filter(id__in=shown)).order_by("handle", "id")
    rows = [SchemaRow("connection", *values) for values in found.values_list(*_COLUMNS)]
    for row in rows:
        row.is_added_itself = row.id in inside.connections_since
        row.folder = inside.covering(row.path)
    return rows


def _with_place(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    path = Coalesce("folder__path", Value(""), output_field=_TEXT)
    manager = Coalesce("root__managed_by", Value(""), output_field=_TEXT)
    owner = Coalesce("workspace__handle", "organization__handle", "tenant__handle", output_field=_TEXT)
    return connections.annotate(path=path, manager=manager, owner=owner)


def _contested(inside: Contents, total: Totals) -> Q:
    own = [PUBLIC, *(aggregator.handle for aggregator in inside.aggregators)]
    own += [ALL_AWS] if total.has_all_aws else []
    twice = inside.connections.values("handle").annotate(number=Count("id")).filter(number__gt=1).values("handle")
    return Q(handle__in=own) | Q(handle__in=twice)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that wants a name: built in (``_ALWAYS``), or since it was made or added."""

    since: datetime
    kind: str
    id: int
    words: str


def mark_conflicts(inside: Contents, rows: Iterable[SchemaRow]) -> None:
    """Say of each row that does not have its name who has it and what to do, in one statement, or two for all_aws."""
    shown = [row for row in rows if row.kind != "all_aws"]
    names = {row.name for row in shown}
    if not names:
        return
    claims = _claims(inside, names)
    for row in shown:
        first = min(claims[row.name], key=lambda claim: (claim.since, claim.kind, claim.id))
        if (first.kind, first.id) != (row.kind, row.id):
            row.conflict = f"The name {row.name} is taken by {first.words}. {_REMEDY[row.kind]}"


_REMEDY = {
    "connection": "Remove one of the two from the schema, or give one of them another handle.",
    "aggregator": "Give this aggregator another handle, or remove the connection from the schema.",
}


def _claims(inside: Contents, names: set[str]) -> dict[str, list[_Claim]]:
    claims: dict[str, list[_Claim]] = {name: [] for name in names}
    built_in = names & {PUBLIC, ALL_AWS}
    if ALL_AWS in built_in and not totals(inside).has_all_aws:
        built_in.remove(ALL_AWS)
    for name in built_in:
        claims[name].append(_Claim(_ALWAYS, name, 0, "the schema that every workspace has by itself"))
    for aggregator in inside.aggregators:
        if aggregator.handle in names:
            words = "an aggregator that was made earlier"
            claims[aggregator.handle].append(_Claim(aggregator.created_at, "aggregator", aggregator.pk, words))
    columns = ("id", "handle", "path", "organization_id", "workspace_id", "created_at")
    found = _with_place(inside.connections.filter(handle__in=names)).values_list(*columns)
    for pk, name, path, organization, space, created_at in found:
        level = "workspace" if space else "organization" if organization else "tenant"
        words = f"a connection of the {level} that was added earlier"
        since = max(inside.in_use_since(pk, path), created_at)  # what came into an added folder later is later
        claims[name].append(_Claim(since, "connection", pk, words))
    return claims


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One name of the search path; ``kind`` is empty for a name of the prefix that no schema has now."""

    name: str
    kind: str


class SearchPath(Sequence[PathEntry]):
    """The order in which names are looked up: prefix, ``public``, aggregators, connections, each name once.

    An aggregator whose name a connection had first is not there: under that name one finds the connection.
    """

    def __init__(self, inside: Contents, total: Totals) -> None:
        prefix = list(dict.fromkeys(inside.visible.workspace.search_path_prefix))
        aggregators = [SchemaRow("aggregator", row.pk, row.handle) for row in inside.aggregators]
        mark_conflicts(inside, aggregators)
        own = {row.name: "Aggregator" for row in aggregators if not row.conflict} | {PUBLIC: "Built in"}
        if total.has_all_aws:
            own[ALL_AWS] = "Aggregator"
        used = set(inside.connections.filter(handle__in=prefix).values_list("handle", flat=True)) if prefix else set()
        kinds = dict.fromkeys(used, "Connection") | own
        rest = [PUBLIC, *sorted(own.keys() - {PUBLIC})]
        self.head = [PathEntry(name, kinds.get(name, "")) for name in dict.fromkeys([*prefix, *rest])]
        others = inside.connections.exclude(handle__in=[entry.name for entry in self.head])
        self._others: QuerySet[Connection, Any] = others.values_list("handle", flat=True).distinct().order_by("handle")

    @cached_property
    def _other_count(self) -> int:
        return self._others.count()

    def __len__(self) -> int:
        return len(self.head) + self._other_count

    @overload
    def __getitem__(self, at: int) -> PathEntry: ...
    @overload
    def __getitem__(self, at: slice) -> list[PathEntry]: ...
    def __getitem__(self, at: int | slice) -> PathEntry | list[PathEntry]:
        """Read a slice; an index is a slice of one."""
        if isinstance(at, int):
            return self[at : at + 1][0]
        start, stop, _ = at.indices(len(self))
        own = len(self.head)
        rows = self.head[start:stop]
        if stop > own:
            names = self._others[max(start - own, 0) : stop - own]
            rows = rows + [PathEntry(name, "Connection") for name in names]
        return rows

"""The tree as pages show it: one level at a time, or what matches a search; never the whole of it.

Every function is set-based: the number of statements depends neither on how many rows there are, nor on how deep or
wide the tree is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import BooleanField, CharField, Count, ExpressionWrapper, F, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Collate, Lower, NullIf

from connections.models import Connection, ConnectionState, Folder, Health
from connections.tree import ids_on
from workspaces.access import Scope
from workspaces.web import remembered
from workspaces.web.pagination import LazyList
from workspaces.wording.names import id_in_arn

_TEXT = CharField()
SHOWN = Coalesce(NullIf("title", Value("")), Collate("handle", "default"), output_field=_TEXT)
_MANAGER = Coalesce("root__managed_by", Value(""), output_field=_TEXT)
_MARKS = {ConnectionState.SUSPENDED.value: "suspended", ConnectionState.PENDING_CLOSURE.value: "closing"}
Order = Sequence[Any]  # what a query set is ordered by
_ORDER: Order = (Lower("label"), "id")
_COLUMNS = ("id", "label", "handle", "source_id", "manager", "organization_id", "workspace_id")

# A subtree is a range of paths: from its own up to the same with "0" (the character after "/") at its end, worked out
# before the join, which uses the index under row-level security only so. Connections are counted in one pass for all
# folders: folder by folder, each would be fetched by itself. They are counted by what the index is sorted by, which
# needs no row of them, and only these few groups are looked at for each kind of trouble.
_COUNT_BELOW = """
    WITH top AS MATERIALIZED (
        SELECT id, path, rtrim(path, '/') || '0' AS path_end FROM connections_folder WHERE id = ANY(%s)
    ), inside AS MATERIALIZED (
        SELECT top.id AS top_id, below.id FROM top
        JOIN connections_folder below ON below.path >= top.path AND below.path < top.path_end
        WHERE below.removed_at IS NULL
    ), leaves AS MATERIALIZED (
        SELECT folder_id, sum(number) AS number, {counted} FROM (
            SELECT folder_id, state, health, count(*) AS number FROM connections_connection
            WHERE folder_id = ANY(ARRAY(SELECT id FROM inside)) AND removed_at IS NULL
            GROUP BY folder_id, state, health
        ) AS alike GROUP BY folder_id
    )
    SELECT inside.top_id, count(*) - 1, coalesce(sum(leaves.number), 0), {summed}
    FROM inside LEFT JOIN leaves ON leaves.folder_id = inside.id
    GROUP BY inside.top_id
"""
# What a folder says of the connections below it: the word for each kind of trouble, and what a list of these is asked.
_TROUBLES = (
    ("failing", "health=failing", "state = 'active' AND health = 'failing'"),
    *(
        (state.label.lower(), f"state={state.value}", f"state = '{state.value}'")
        for state in ConnectionState
        if state.why_disabled
    ),
)
_COUNT_BELOW = _COUNT_BELOW.format(
    counted=", ".join(f"sum(number) FILTER (WHERE {that}) AS trouble_{at}" for at, (*_, that) in enumerate(_TROUBLES)),
    summed=", ".join(f"coalesce(sum(leaves.trouble_{at}), 0)" for at in range(len(_TROUBLES))),
)


@dataclass(slots=True)
class Row:
    """One line of a list: a folder with what is below it, or a connection.

    ``managed_by`` is the handle of what keeps the node true, empty for one made by hand; ``path`` is the folder's own,
    or that of the folder a connection is in; ``place`` names the folders above it and is filled for hits of a search.
    ``is_management`` says of a connection that its account is the management account of the AWS organization;
    ``troubles`` how many of those below a folder fail or are disabled: number, word, and the query that lists them.
    """

    kind: Literal["folder", "connection"]
    id: int
    title: str
    handle: str
    source_id: str
    managed_by: str
    organization_id: int | None
    workspace_id: int | None
    path: str
    state: str = ""
    health: str = ""
    health_reason: str = ""
    is_management: bool = False
    folders: int = 0
    connections: int = 0
    place: str = ""
    troubles: Sequence[tuple[int, str, str]] = ()

    @property
    def mark(self) -> str:
        """Name the picture by which the row is known: what it is in AWS, or that it was made by hand."""
        if self.kind == "connection":
            return "management" if self.is_management else _MARKS.get(self.state, "connection")
        if not self.managed_by:
            return "by-hand"
        return "unit" if self.source_id.startswith("ou-") else "root"

    @property
    def is_disabled(self) -> bool:
        return self.state not in ("", ConnectionState.ACTIVE)

    @property
    def why_disabled(self) -> str:
        """Say why a connection cannot be used; empty when it can."""
        return ConnectionState(self.state).why_disabled if self.state else ""

    @property
    def state_label(self) -> str:
        return ConnectionState(self.state).label

    @property
    def headline(self) -> str:
        return self.health_reason.partition("\n")[0]

    @property
    def advice(self) -> str:
        return self.health_reason.partition("\n")[2]

    @property
    def shown_health(self) -> Health:
        return Health.shown(self.health, self.state)


class Listing(LazyList[Row]):
    """Folders and then connections, each by name or in another order; a slice takes three statements at most."""

    def __init__(
        self, folders: QuerySet[Folder], connections: QuerySet[Connection], *, folders_by: Order = (), by: Order = ()
    ) -> None:
        self.folders, self.connections = folders, connections
        self._folders_by, self._by = (*folders_by, *_ORDER), (*by, *_ORDER)

    def count_parts(self) -> Sequence[int]:
        both = _counted(self.folders, "folder").union(_counted(self.connections, "connection"), all=True)
        counts = dict(remembered.found(both))
        return counts.get("folder", 0), counts.get("connection", 0)

    def keys(self) -> Sequence[list[int]]:
        """Give the keys of all folders, then of all connections, in their order."""
        folders = _chosen(self.folders, self._folders_by, 0, None).values_list("pk", flat=True)
        return list(folders), list(_chosen(self.connections, self._by, 0, None).values_list("pk", flat=True))

    def rows_of(self, part: int, keys: Sequence[int]) -> list[Row]:
        """Give those of these keys of a part that are still there."""
        if part == 0:
            return _folder_rows(self.folders.filter(pk__in=keys).values("pk"), self._folders_by)
        return _connection_rows(self.connections.filter(pk__in=keys).values("pk"), self._by)

    def read_part(self, part: int, start: int, stop: int) -> list[Row]:
        read, nodes, order = (
            (_folder_rows, self.folders, self._folders_by)
            if part == 0
            else (_connection_rows, self.connections, self._by)
        )
        chosen = _chosen(nodes, order, start, stop)
        key = remembered.asked(chosen)
        if found := remembered.look_up(*key):
            return read(found[0], order)
        rows = read(chosen, order)
        remembered.keep([row.id for row in rows], *key)
        return rows


def children(scope: Scope, folder: Folder | None) -> Listing:
    """List what is directly in a folder, or at the top of the scope."""
    return Listing(
        Folder.objects.in_scope(scope).filter(parent=folder),
        Connection.objects.in_scope(scope).filter(folder=folder),
    )


def search(scope: Scope, text: str, *, below: Folder | None) -> Listing:
    """List what has the text in its handle, title or provider id, in the whole scope or below one folder."""
    folders, connections = Folder.objects.in_scope(scope), Connection.objects.in_scope(scope)
    if text:
        folders, connections = folders.filter(matches(text)), connections.filter(matches(text))
    if below is not None:
        folders = folders.filter(path__under=below.path).exclude(pk=below.pk)
        if below.root_id != below.pk:  # else it is the top of a mirror, and all of that is below it
            connections = connections.filter(folder__path__under=below.path)
        if below.root_id:  # the index of a mirror
            connections = connections.filter(root=below.root_id)
    return Listing(folders, connections)


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """How many connections of a mirror have which health; what is disabled is not tested.

    ``management`` is the health of the one with the given id, if it is there and can be used. ``mark`` is another one
    as soon as any connection has another health.
    """

    healths: Mapping[Health, int]
    disabled: int
    management: Health | None
    mark: str


def count_health(top: Folder, *, management_id: str) -> HealthCounts:
    there = Connection.objects.filter(root=top.pk, removed_at=None)
    management = there.filter(source_id=management_id, state=ConnectionState.ACTIVE).values("health")[:1]
    groups = there.values("health", "state").annotate(
        number=Count("pk"), keys=Sum("pk"), management=Subquery(management)
    )
    each = groups.values_list("health", "state", "number", "keys", "management")
    healths, disabled, of_management, marks = dict.fromkeys(Health, 0), 0, None, []
    for health, state, number, keys, found in remembered.found(each):
        of_management = found and Health(found)
        marks.append(f"{health} {state} {number} {keys}")
        if state == ConnectionState.ACTIVE:
            healths[Health(health)] += number
        else:
            disabled += number
    return HealthCounts(healths, disabled, of_management, " ".join(sorted(marks)))


def matches(text: str) -> Q:
    """Make the condition that a node has the text in its handle, title or provider id, or that an ARN names it."""
    if text.startswith("arn:"):
        return Q(source_id=id_in_arn(text))
    digits = text.replace("-", "")  # the AWS console writes account ids as 1234-5678-9012
    source_id = digits if digits.isascii() and digits.isdecimal() else text
    return Q(handle__contains=text.lower()) | Q(title__icontains=text) | Q(source_id__icontains=source_id)


def fill_in_places(rows: Sequence[Row]) -> None:
    """Fill in where each row is: the titles of the folders above it, from the top down."""
    wanted = {folder_id for row in rows for folder_id in _ids_above(row)}
    titles = dict(Folder.objects.filter(pk__in=wanted).annotate(label=SHOWN).values_list("id", "label"))
    for row in rows:
        row.place = " / ".join(titles[folder_id] for folder_id in _ids_above(row) if folder_id in titles)


def _ids_above(row: Row) -> list[int]:
    ids = ids_on(row.path)
    return ids[:-1] if row.kind == "folder" else ids


def line_to(folder: Folder | None) -> list[Folder]:
    """List the folders from the top down to this one, itself included; empty at the top of a scope."""
    if folder is None:
        return []
    ids = ids_on(folder.path)
    above = Folder.objects.in_bulk(ids[:-1])
    return [*(above[folder_id] for folder_id in ids[:-1]), folder]


def _counted(nodes: "QuerySet[Any]", kind: str) -> "QuerySet[Any, Any]":
    by_kind: QuerySet[Any, Any] = nodes.annotate(kind=Value(kind)).values("kind").annotate(number=Count("pk"))
    return by_kind.values_list("kind", "number")


def _folder_rows(chosen: "QuerySet[Any, Any]", order: Order) -> list[Row]:
    found = Folder.objects.filter(pk__in=chosen).annotate(label=SHOWN, manager=_MANAGER)
    rows = [Row("folder", *values) for values in found.order_by(*order).values_list(*_COLUMNS, "path")]
    counts = _count_below([row.id for row in rows])
    for row in rows:
        row.folders, row.connections, row.troubles = counts[row.id]
    return rows


def _connection_rows(chosen: "QuerySet[Any, Any]", order: Order) -> list[Row]:
    path = Coalesce("folder__path", Value(""), output_field=_TEXT)
    found = Connection.objects.filter(pk__in=chosen).annotate(label=SHOWN, manager=_MANAGER, path=path)
    # By Django's name for what keeps a mirror true; nothing of it is known here but which account is the first one.
    is_first = ExpressionWrapper(Q(source_id=F("root__integration__management_account_id")), BooleanField())
    found = found.annotate(is_management=Coalesce(is_first, Value(False)))
    own = ("path", "state", "health", "health_reason", "is_management")
    return [Row("connection", *values) for values in found.order_by(*order).values_list(*_COLUMNS, *own)]


def _chosen(nodes: "QuerySet[Any]", order: Order, start: int, stop: int | None) -> "QuerySet[Any, Any]":
    """Choose the slice first: the folders that a row is joined with are then looked up for it, and not for all rows."""
    ordered: QuerySet[Any, Any] = nodes.annotate(label=SHOWN).order_by(*order).values("pk")
    return ordered[start:stop]


def _count_below(folder_ids: Sequence[int]) -> dict[int, tuple[int, int, Sequence[tuple[int, str, str]]]]:
    """Count the folders, the connections and those in trouble below each folder, removed ones left out."""
    if not folder_ids:
        return {}
    return {
        folder_id: (folders, int(connections), _troubles(numbers))
        for folder_id, folders, connections, *numbers in remembered.rows(_COUNT_BELOW, [list(folder_ids)])
    }


def _troubles(numbers: Iterable[int]) -> list[tuple[int, str, str]]:
    return [(int(number), word, query) for number, (word, query, _) in zip(numbers, _TROUBLES, strict=True) if number]

"""Rows of lists, one level of the tree or what matches a search, and the pages of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Count,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower

from connections.models import Connection, ConnectionState, Folder, Health, Tally
from connections.models.node import SHOWN
from connections.tree import among, ids_on
from connections.tree_listing.numbers import count_below
from workspaces.access import Scope
from workspaces.web import remembered
from workspaces.web.pagination import LazyList
from workspaces.wording.names import id_in_arn

_FEW = 1_000  # connections that are found, of which is kept which they are
_TEXT = CharField()
_MANAGER = Coalesce("root__managed_by", Value(""), output_field=_TEXT)
_MARKS = {ConnectionState.SUSPENDED.value: "suspended", ConnectionState.PENDING_CLOSURE.value: "closing"}


class _First(Aggregate):
    """The first of them, in no order: all where they are few."""

    function = "array_agg"
    template = f"(%(function)s(%(expressions)s))[1:{_FEW}]"
    output_field = ArrayField(BigIntegerField())


Order = Sequence[Any]  # what a query set is ordered by
_ORDER: Order = (Lower("label"), "id")
_EACH = Count("pk")
_COLUMNS = ("id", "label", "handle", "source_id", "manager", "organization_id", "workspace_id")


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
    """Folders and then connections, each by name or in another order; a slice takes three statements at most.

    ``tally`` says how many the connections are, where that is known without counting them.
    """

    def __init__(
        self,
        folders: QuerySet[Folder],
        connections: QuerySet[Connection],
        *,
        folders_by: Order = (),
        by: Order = (),
        tally: QuerySet[Tally] | None = None,
    ) -> None:
        self.folders, self.connections, self.tally = folders, connections, tally
        self._known: list[int] | None = None
        self._folders_by, self._by = (*folders_by, *_ORDER), (*by, *_ORDER)

    def among(self, folders: Q, connections: Q) -> "Listing":
        """List what of it meets these conditions too, in the same order."""
        parts = self.folders.filter(folders), self.connections.filter(connections)
        return Listing(*parts, folders_by=self._folders_by, by=self._by)

    def count_parts(self) -> Sequence[int]:
        """Count both in one statement; of what is not tallied, where it is not much, that tells which they are too."""
        if self.tally is not None:
            both = _counted(self.folders, "folder").union(_counted(self.tally, "connection", Sum("number")), all=True)
            counts = dict(remembered.found(both))
            return counts.get("folder", 0), int(counts.get("connection") or 0)
        both = _some(self.folders, "folder").union(_some(self.connections, "connection"), all=True)
        found = {kind: (number, keys or []) for kind, number, keys in remembered.found(both)}
        (folders, _), (connections, keys) = (found.get(kind, (0, list[int]())) for kind in ("folder", "connection"))
        self._known = keys if connections <= _FEW else None
        return folders, connections

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
        if part == 1 and self._known is not None:  # what it was found by need not be looked at again
            nodes = Connection.objects.filter(pk__in=among(self._known))
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
        tally=Tally.objects.in_scope(scope).filter(folder_id=folder.pk if folder else 0),
    )


def search(scope: Scope, text: str, *, below: Folder | None) -> Listing:
    """List what has the text in its handle, title or provider id, in the whole scope or below one folder."""
    folders, connections = Folder.objects.in_scope(scope), Connection.objects.in_scope(scope)
    tally = Tally.objects.in_scope(scope)
    if text:
        folders, connections = folders.filter(matches(text)), connections.filter(are_many(matches(text)))
    if below is not None:
        folders = folders.filter(path__under=below.path).exclude(pk=below.pk)
        if below.root_id != below.pk:  # else it is the top of a mirror, and all of that is below it
            connections = connections.filter(folder__path__under=below.path)
            tally = tally.filter(folder_id__in=Folder.objects.filter(path__under=below.path).values("pk"))
        if below.root_id:  # the index of a mirror
            connections, tally = connections.filter(root=below.root_id), tally.filter(root_id=below.root_id)
    return Listing(folders, connections, tally=None if text else tally)


def matches(text: str) -> Q:
    """Make the condition that a node has the text in its handle, title or provider id, or that an ARN names it."""
    if text.startswith("arn:"):
        return Q(source_id=id_in_arn(text))
    digits = text.replace("-", "")  # the AWS console writes account ids as 1234-5678-9012
    source_id = digits if digits.isascii() and digits.isdecimal() else text
    # Handles and ids of AWS are in lower case; what has no case need not be looked at in another.
    in_title = Q(title__contains=text) if text.lower() == text.upper() else Q(title__icontains=text)
    return Q(handle__contains=text.lower()) | in_title | Q(source_id__contains=source_id.lower())


def are_many(condition: Q) -> Case:
    """Make a condition that the planner takes for one that half of all rows meet.

    Under row-level security it knows nothing of LIKE, and would sort all that matches to find the first of them. Where
    little matches, it is not asked for the first.
    """
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


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


def _counted(nodes: "QuerySet[Any]", kind: str, how: Aggregate = _EACH) -> "QuerySet[Any, Any]":
    by_kind: QuerySet[Any, Any] = nodes.annotate(kind=Value(kind)).values("kind").annotate(how_many=how)
    return by_kind.values_list("kind", "how_many")


def _some(nodes: "QuerySet[Any]", kind: str) -> "QuerySet[Any, Any]":
    by_kind = nodes.annotate(kind=Value(kind)).values("kind").annotate(how_many=_EACH, which=_First("pk"))
    some: QuerySet[Any, Any] = by_kind.values_list("kind", "how_many", "which")
    return some


def _folder_rows(chosen: "QuerySet[Any, Any] | Sequence[int]", order: Order) -> list[Row]:
    found = Folder.objects.filter(pk__in=_settled(chosen)).annotate(label=SHOWN, manager=_MANAGER)
    rows = [Row("folder", *values) for values in found.order_by(*order).values_list(*_COLUMNS, "path")]
    counts = count_below([row.id for row in rows])
    for row in rows:
        row.folders, row.connections, row.troubles = counts[row.id]
    return rows


def _connection_rows(chosen: "QuerySet[Any, Any] | Sequence[int]", order: Order) -> list[Row]:
    path = Coalesce("folder__path", Value(""), output_field=_TEXT)
    found = Connection.objects.filter(pk__in=_settled(chosen)).annotate(label=SHOWN, manager=_MANAGER, path=path)
    # By Django's name for what keeps a mirror true; nothing of it is known here but which account is the first one.
    is_first = ExpressionWrapper(Q(source_id=F("root__integration__management_account_id")), BooleanField())
    found = found.annotate(is_management=Coalesce(is_first, Value(False)))
    own = ("path", "state", "health", "health_reason", "is_management")
    return [Row("connection", *values) for values in found.order_by(*order).values_list(*_COLUMNS, *own)]


def _settled(chosen: "QuerySet[Any, Any] | Sequence[int]") -> "Func | Sequence[int]":
    """Make what ``__in`` takes of a slice, so that it is found once; of keys that are known, themselves.

    Right after an import, of which the planner knows nothing yet, it would find the slice anew for each row there is.
    """
    if not isinstance(chosen, QuerySet):
        return chosen
    unnested = "(SELECT unnest(%(expressions)s))"
    return Func(ArraySubquery(chosen), template=unnested, output_field=BigIntegerField())


def _chosen(nodes: "QuerySet[Any]", order: Order, start: int, stop: int | None) -> "QuerySet[Any, Any]":
    """Choose the slice first: the folders that a row is joined with are then looked up for it, and not for all rows."""
    ordered: QuerySet[Any, Any] = nodes.annotate(label=SHOWN).order_by(*order).values("pk")
    return ordered[start:stop]

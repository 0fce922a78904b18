"""What the lists of folders and connections show: a level of the tree, or flat what a search and filters find below it.

The integration's page and the workspace's show the same lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import HttpRequest

from connections import tree_listing
from connections.delegation import CONFIGURE, SEE, SHARE, Reach
from connections.models import Connection, Folder, Health
from connections.search import filters
from connections.search.filters import Choices, NodeFilter
from connections.tree_listing import Row
from workspaces.access import Access
from workspaces.web.htmx import search_text
from workspaces.web.pagination import numbered_page

# Name of the class, what stands above the column, and what it is sorted by.
_COLUMNS: Final = (
    ("tree-name", "Name and handle", "handle"),
    ("tree-id", "Account ID", "account"),
    ("tree-state", "State", "state"),
    ("tree-health", "Health", "health"),
    ("tree-manager", "Managed by", ""),
)
_SORTED_BY: Final = (("handle", "Handle"), ("account", "Account ID"), ("state", "State"), ("health", "Health"))
_SORTS: Final = (
    ("", "Name"),
    *((name, words) for by, label in _SORTED_BY for name, words in ((by, label), (f"-{by}", f"{label}, descending"))),
)
_LABELS: Final = {
    "kind": "Show",
    "state": "State",
    "health": "Health",
    "handle": "Handle",
    "schema": "Schema",
    "region": "Region",
    "ou": "OU or folder",
}
_CHOICES: Final[dict[str, Choices]] = {
    "kind": filters.KINDS,
    "state": filters.STATES,
    "health": filters.HEALTHS,
    "handle": filters.HANDLES,
    "schema": filters.SCHEMAS,
}
_EXAMPLES: Final = {"region": "eu-central-1", "ou": "Its name, handle or id"}


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; ``sorted`` says in which direction it is, if any, ``url`` what turns it around."""

    name: str
    label: str
    url: str
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One filter; without choices it is a text. ``without`` is the query of the list without it."""

    name: str
    label: str
    value: str
    choices: Choices
    example: str
    without: str

    @property
    def words(self) -> str:
        return dict(self.choices).get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Act:
    """What can be done with rows that are chosen: the end of its address, and what the button says."""

    path: str
    label: str
    do: str = ""


SCHEMA_ACTS: Final = (Act("schema", "Add to schema", "add"), Act("schema", "Remove from schema", "remove"))
ACTS: Final = (Act("permissions", "Permissions"), *SCHEMA_ACTS, Act("options", "Options"), Act("test", "Test"))


@dataclass(frozen=True, slots=True)
class TreeContext:
    """One page of rows; ``base_url`` is what the URLs of all rows begin with, made once and not for each row.

    Those of a list that ``is_bare`` lead to nothing but what is in them, and there is no file of it.
    ``names`` are the filters that the list has. ``has_tops`` says that the rows are from several folders anyway;
    ``below`` is the folder that all of them are in, ``acts`` what can be done with those that are chosen.
    """

    page: "Page[Any]"
    rows: Sequence[Any]
    wanted: NodeFilter
    base_url: str
    owner: str
    names: Sequence[str] = tuple(_LABELS)
    has_tops: bool = False
    below: int | None = None
    acts: Sequence[Act] = ()
    is_bare: bool = False

    @property
    def q(self) -> str:
        return self.wanted.q

    @property
    def health(self) -> Health | None:
        return Health(self.wanted.health) if self.wanted.health else None

    @property
    def is_flat(self) -> bool:
        return self.wanted.is_flat

    @property
    def has_places(self) -> bool:
        """Whether the rows are from several folders, so that each says where it is."""
        return self.has_tops or bool(self.q) or self.is_flat

    @property
    def columns(self) -> list[Column]:
        return [self._column(*one) for one in _COLUMNS]

    @property
    def fields(self) -> list[Field]:
        return [
            Field(
                name,
                _LABELS[name],
                getattr(self.wanted, name),
                _CHOICES.get(name, ()),
                _EXAMPLES.get(name, ""),
                f"?{self.wanted.but(**{name: ''}).query}",
            )
            for name in self.names
        ]

    @property
    def sorts(self) -> Choices:
        return _SORTS

    @property
    def in_force(self) -> list[Field]:
        """The filters that leave something out."""
        return [one for one in self.fields if one.value]

    @property
    def files(self) -> list[tuple[str, str]]:
        """The files with all that the list shows: what each is called and where it is."""
        asked = self.wanted.values | ({"below": str(self.below)} if self.below else {})
        url = f"{self.base_url}export/"
        return [(name, f"{url}?{urlencode(asked | {'format': name.lower()})}") for name in ("CSV", "JSON")]

    def _column(self, name: str, label: str, by: str) -> Column:
        if not by:
            return Column(name, label, "")
        now = self.wanted.sort
        sorted_as = {by: "ascending", f"-{by}": "descending"}.get(now, "")
        then = f"-{by}" if now == by else by
        return Column(name, label, f"?{self.wanted.but(sort=then).query}", sorted_as)


def wanted_of(request: HttpRequest, names: Sequence[str] = tuple(_LABELS)) -> NodeFilter:
    """Read what the URL asks the list for, of the filters that it has."""
    return NodeFilter.read(request.GET.dict(), q=search_text(request)).only(names)


def tree_context(request: HttpRequest, access: Access, folder: Folder | None) -> TreeContext:
    """Read one page of a folder's children (or the scope's top), or of what the URL asks for below it.

    Delegates see of the scope what they hold, which begins anywhere; a folder that opens to them has nothing else.
    """
    scope, wanted, reach = access.scope, wanted_of(request), Reach.of(access, *SEE)
    is_search, has_tops = bool(wanted.q or wanted.is_flat), folder is None and not reach.is_all
    if is_search:
        listing = filters.find(scope, wanted, below=folder)
        listing = listing if folder else reach.narrow(listing)
    elif has_tops:
        listing = reach.tops(Folder.objects.in_scope(scope), Connection.objects.in_scope(scope))
    else:
        listing = tree_listing.children(scope, folder)
    page = numbered_page(request, listing)
    rows: list[Row] = list(page)
    if is_search or has_tops:
        tree_listing.fill_in_places(rows)
    base_url, below = scope.url("connection_list"), folder.pk if folder else None
    owner = scope.place.handle
    return TreeContext(page, rows, wanted, base_url, owner, has_tops=has_tops, below=below, acts=_acts(access))


def _acts(access: Access) -> Sequence[Act]:
    """Give what this person can do with rows that are chosen; of those that they may not do it to, it leaves out."""
    if access.can_own:
        return ACTS
    shares, configures = Reach.of(access, *SHARE), Reach.of(access, *CONFIGURE)
    return [act for act in ACTS if (shares if act.path == "permissions" else configures) and act not in SCHEMA_ACTS]

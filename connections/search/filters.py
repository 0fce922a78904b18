"""What a list of folders and connections is narrowed and sorted by, as it stands in the URL.

A list with a filter is flat: all that matches, at any depth, each with its path. Most filters are about connections,
and leave folders out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from connections import tree_listing
from connections.models import ConnectionState, Folder, Health, Tally
from connections.search.branches import Branches
from connections.search.used import Used, used_anywhere
from connections.tree_listing import Listing, Order
from workspaces.access import Scope
from workspaces.web.htmx import searchable

Choices = Sequence[tuple[str, str]]

DISABLED: Final = "disabled"  # any state but active
KINDS: Final = (("folder", "Folders"), ("connection", "Connections"))
STATES: Final = (*((one.value, one.label) for one in ConnectionState), (DISABLED, "Any disabled"))
HEALTHS: Final = tuple((one.value, one.label) for one in Health)
HANDLES: Final = (("dynamic", "Dynamic"), ("static", "Static"))
SCHEMAS: Final = (("yes", "In a schema"), ("no", "In no schema"))
SORTS: Final = ("handle", "account", "state", "health")

_CHOICES: Final = {"kind": KINDS, "state": STATES, "health": HEALTHS, "handle": HANDLES, "schema": SCHEMAS}
_REGION: Final = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_LAST: Final = 99


def _rank(values: Sequence[str], field: str) -> Case:
    whens = [When(**{field: value}, then=Value(at)) for at, value in enumerate(values)]
    return Case(*whens, default=Value(_LAST), output_field=IntegerField())


# In the order in which somebody who looks for trouble wants them; what is disabled has no health.
_STATE_RANK: Final = _rank([one.value for one in ConnectionState], "state")
_HEALTH_RANK: Final = Case(
    When(~Q(state=ConnectionState.ACTIVE), then=Value(_LAST)),
    When(health=Health.FAILING, then=Value(0)),
    When(health=Health.UNTESTED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
_SORTED_BY: Final[Mapping[str, Any]] = {
    "handle": F("handle"),
    "account": F("source_id"),
    "state": _STATE_RANK,
    "health": _HEALTH_RANK,
}


@dataclass(frozen=True, slots=True)
class NodeFilter:
    """What to list, all optional; ``sort`` is the column, with a minus before it for the other way round."""

    q: str = ""
    kind: str = ""
    state: str = ""
    health: str = ""
    handle: str = ""
    schema: str = ""
    region: str = ""
    ou: str = ""
    sort: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str], *, q: str) -> "NodeFilter":
        """Read it from a URL; what is none of the choices is left out."""
        chosen = {name: values.get(name, "") for name, known in _CHOICES.items() if values.get(name) in dict(known)}
        region = values.get("region", "").strip().lower()
        ou = searchable(values.get("ou", ""))
        sort = values.get("sort", "")
        return cls(
            q=q,
            region=region if _REGION.fullmatch(region) else "",
            ou=ou,
            sort=sort if sort.removeprefix("-") in SORTS else "",
            **chosen,
        )

    @property
    def values(self) -> dict[str, str]:
        """What of it is set, as it stands in a URL."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}

    @property
    def query(self) -> str:
        return urlencode(self.values)

    @property
    def is_flat(self) -> bool:
        """Whether it makes the tree a flat list; a search alone finds folders that open in place."""
        return bool(self.values.keys() - {"q"})

    @property
    def is_set(self) -> bool:
        """Whether anything is left out by it, beside what does not have the text."""
        return bool(self.values.keys() - {"q", "sort"})

    @property
    def has_folders(self) -> bool:
        """Whether folders can match: only a connection has a state, a health, an account id, regions and a schema."""
        about_connections = self.state or self.health or self.schema or self.region
        return self.kind != "connection" and not about_connections and self.sort in ("", "handle", "-handle")

    def only(self, names: Sequence[str]) -> "NodeFilter":
        """Leave out the filters that a list does not have."""
        kept = (*names, "q", "sort")
        return replace(self, **{one.name: "" for one in fields(self) if one.name not in kept})

    def but(self, **changes: str) -> "NodeFilter":
        return replace(self, **changes)

    def narrow(self, found: Listing, used: Used | None, folders: QuerySet[Folder]) -> Listing:
        """Leave out what does not match; ``used`` is what is in schemas, where that is asked, ``folders`` are all."""
        branches, leaves = found.folders, found.connections
        around = Branches.of(folders, self.ou) if self.ou or self.region else None
        if around and self.ou:
            inside = around.inside
            branches, leaves = branches.filter(pk__in=inside), leaves.filter(folder_id__in=inside)
        if around and self.region:
            leaves = leaves.filter(around.in_region(self.region))
        if self.handle:
            is_static = Q(is_handle_static=self.handle == "static")
            branches, leaves = branches.filter(is_static), leaves.filter(is_static)
        if used is not None and self.schema:
            leaves = leaves.filter(used.condition) if self.schema == "yes" else leaves.exclude(used.condition)
        leaves = leaves.filter(_state_and_health(self.state, self.health))
        if not self.has_folders:
            branches = branches.none()
        if self.kind == "folder":
            leaves = leaves.none()
        order = self._order()
        tally = self._tallied(found.tally, around)
        return Listing(branches, leaves, by=order, folders_by=order if self.has_folders else (), tally=tally)

    def _tallied(self, tally: QuerySet[Tally] | None, around: Branches | None) -> QuerySet[Tally] | None:
        """Narrow the numbers of connections too; None where they are not kept by what is asked."""
        if tally is None or self.region or self.handle or self.schema or self.kind == "folder":
            return None
        inside = tally.filter(folder_id__in=around.inside) if around else tally
        return inside.filter(_state_and_health(self.state, self.health))

    def _order(self) -> Order:
        name = self.sort.removeprefix("-")
        if not name:
            return ()
        by = _SORTED_BY[name]
        return (by.desc() if self.sort.startswith("-") else by.asc(),)


def find(scope: Scope, wanted: NodeFilter, *, below: Folder | None) -> Listing:
    """List what matches in the whole scope, or below one folder."""
    found = tree_listing.search(scope, wanted.q, below=below)
    used = used_anywhere(scope) if wanted.schema else None
    return wanted.narrow(found, used, Folder.objects.in_scope(scope))


def _state_and_health(state: str, health: str) -> Q:
    condition = Q()
    if state == DISABLED:
        condition &= ~Q(state=ConnectionState.ACTIVE)
    elif state:
        condition &= Q(state=state)
    if health:  # what is disabled is not tested, and what was found before says nothing
        condition &= Q(health=health, state=ConnectionState.ACTIVE)
    return condition

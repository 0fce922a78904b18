"""The changes of a run as a page shows them: grouped by kind, marked, and a long group folded and paged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.core.paginator import Page, Paginator

from connections.models import ConnectionState
from connections.search.sources import nodes_of
from integrations.models import Integration
from integrations.planning.diff import Change
from workspaces.access import Access, Scope

LINES = 100

# kind of change: its mark, its colour and its word, in the order in which pages show them
_MARKS = {
    "create": ("+", "create", "Created"),
    "return": ("+", "create", "Returned"),
    "rename": ("~", "change", "Renamed"),
    "state": ("~", "change", "State changed"),
    "move": ("→", "move", "Moved"),
    "remove": ("−", "delete", "Removed"),
}


@dataclass(frozen=True, slots=True)
class ShownChange(Change):
    """A change, with the page of what it is about, if that is there."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """All changes of one kind, one page of which is shown."""

    kind: str
    mark: str
    tone: str
    word: str
    page: "Page[ShownChange]"

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def places_word(self) -> str:
        """What the places are that are shown beside each node."""
        return {"create": "In", "return": "In", "remove": "Was in"}.get(self.kind, "Before → after")

    @property
    def has_reasons(self) -> bool:
        """Whether each line says why; runs of earlier versions do not."""
        return self.kind == "remove" and any(change.after for change in self.page)

    @property
    def is_long(self) -> bool:
        """Whether there is more than one page, so that it starts folded."""
        return self.page.paginator.num_pages > 1


def group_changes(lines: Iterable[Sequence[str]], *, kind: str = "", page: str = "1") -> list[ChangeGroup]:
    """Group the stored lines of a run; with a kind, only that one, and the page of it that is asked for."""
    by_kind: dict[str, list[ShownChange]] = {name: [] for name in _MARKS}
    for line in lines:
        change = ShownChange(*line)  # type: ignore[arg-type]  # as stored by SyncRun.changes
        by_kind[change.kind].append(_worded(change))
    wanted = {kind: by_kind[kind]} if kind in by_kind else by_kind
    number = page if kind in by_kind else "1"
    return [
        ChangeGroup(name, *_MARKS[name], Paginator(changes, LINES).get_page(number))
        for name, changes in wanted.items()
        if changes
    ]


def link(groups: Sequence[ChangeGroup], integration: Integration, access: Access) -> Sequence[ChangeGroup]:
    """Let what is shown of the groups lead to the nodes that are there, which one statement finds.

    For owners: pages of nodes are not open to all who may see a sync.
    """
    if not access.can_own:
        return groups
    root_id, scope = integration.root_folder_id, integration.scope
    there = nodes_of([root_id], {change.source_id for group in groups for change in group.page})
    for group in groups:
        group.page.object_list = [
            replace(change, url=node_url(scope, there.get((root_id, change.source_id)))) for change in group.page
        ]
    return groups


def node_url(scope: Scope, node: tuple[str, int] | None) -> str:
    """Give the page of a node of the scope by its kind and key; empty for none."""
    return scope.url(f"{node[0]}_detail", **{node[0]: node[1]}) if node else ""


def _worded(change: ShownChange) -> ShownChange:
    if change.kind != "state":
        return change
    before, after = (ConnectionState(value).label if value else "" for value in (change.before, change.after))
    return replace(change, before=before, after=after)

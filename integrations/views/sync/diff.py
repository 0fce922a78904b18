"""The changes of a run as a page shows them: grouped by kind, marked, and a long group folded and paged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.core.paginator import Page, Paginator

from connections.models import ConnectionState
from integrations.planning.diff import Change

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
class ChangeGroup:
    """All changes of one kind, one page of which is shown."""

    kind: str
    mark: str
    tone: str
    word: str
    page: "Page[Change]"

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
    by_kind: dict[str, list[Change]] = {name: [] for name in _MARKS}
    for line in lines:
        change = Change(*line)  # type: ignore[arg-type]  # as stored by SyncRun.changes
        by_kind[change.kind].append(_worded(change))
    wanted = {kind: by_kind[kind]} if kind in by_kind else by_kind
    number = page if kind in by_kind else "1"
    return [
        ChangeGroup(name, *_MARKS[name], Paginator(changes, LINES).get_page(number))
        for name, changes in wanted.items()
        if changes
    ]


def _worded(change: Change) -> Change:
    if change.kind != "state":
        return change
    before, after = (ConnectionState(value).label if value else "" for value in (change.before, change.after))
    return replace(change, before=before, after=after)

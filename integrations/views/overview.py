"""What an owner sees of all integrations at and below a place, and the number on the tab *Integrations*."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from integrations.models import Integration, SyncRun
from integrations.overview import newest, waiting
from integrations.overview.newest import ChangedRun
from integrations.overview.waiting import Counts, Waiting
from integrations.planning import words
from integrations.planning.diff import Change
from integrations.views.first_steps import steps_of
from integrations.views.sync.diff import ChangeGroup, group_changes, node_url
from workspaces.access import Access, Scope
from workspaces.web.htmx import mark

_LINES_OF_A_KIND, _LINES_OF_A_RUN = 3, 6  # at most, so that each kind of change is seen


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits; ``name`` is the integration's, with the organization's where the page is a tenant's."""

    kind: str
    name: str
    url: str
    waiting: Waiting
    run: SyncRun | None
    run_url: str

    @property
    def next_try_at(self) -> datetime | None:
        """When it is synced again; None when that is due."""
        due_at = self.waiting.integration.schedule.next_due_at
        return due_at if due_at > timezone.now() else None


@dataclass(frozen=True, slots=True)
class Line:
    """One change, how it is marked, and the page of what it is about, if that is still there."""

    change: Change
    mark: str
    tone: str
    word: str
    url: str


@dataclass(frozen=True, slots=True)
class NewestRun:
    """A run that changed something: its integration's name, its page, what it changed in words, and some of that."""

    name: str
    run_url: str
    changed: ChangedRun
    counts: str
    lines: Sequence[Line]

    @property
    def more(self) -> int:
        changes: int = sum(self.changed.run.counts.values())
        return changes - len(self.lines)


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """The part of the page that says what waits."""

    access: Access
    waiting: Sequence[Waiting]
    counts: Counts

    @property
    def mark(self) -> str:
        return mark(one.mark for one in self.waiting)

    @property
    def run_ids(self) -> set[int]:
        """The keys of the runs that ``items`` needs."""
        return {pk for one in self.waiting for pk in (one.asking_id, one.failed_id) if pk is not None}

    @property
    def more(self) -> int:
        """How many things wait that are not listed."""
        return self.counts.all - sum(one.things for one in self.waiting)

    def items(self, runs: Mapping[int, SyncRun]) -> list[Item]:
        """List the things one by one, what is most urgent first."""
        kinds = (
            ("undeleted", "is_undeleted"),
            ("approval", "asking_id"),
            ("failed", "failed_id"),
            ("failing", "failing"),
        )
        return [self._item(kind, one, part, runs) for kind, part in kinds for one in self.waiting if getattr(one, part)]

    def _item(self, kind: str, one: Waiting, part: str, runs: Mapping[int, SyncRun]) -> Item:
        name, url = named(self.access, one.integration)
        run = runs.get(getattr(one, part)) if part.endswith("_id") else None
        return Item(kind, name, url, one, run, f"{url}processes/{run.number}/" if run else "")


@dataclass(frozen=True, slots=True)
class NewestPart:
    runs: Sequence[NewestRun]
    mark: str


def console(request: HttpRequest) -> dict[str, object]:
    """Template context of every page: what waits in the place that it is in, and the first steps there.

    Each is asked only where a page shows it.
    """
    access: Access | None = getattr(request, "access", None)
    return {
        "waiting_counts": SimpleLazyObject(
            lambda: waiting.count(access.scope) if access and access.can_own else Counts()
        ),
        "first_steps": SimpleLazyObject(lambda: steps_of(access) if access else ()),
    }


def waiting_part(access: Access) -> WaitingPart:
    return WaitingPart(access, *waiting.waiting(access.scope))


def newest_part(access: Access) -> NewestPart:
    found = newest.newest_changes(access.scope)
    there = newest.places_of(found)
    runs = []
    for each in found:
        name, url = named(access, each.run.integration)
        scope = Scope(access.scope.tenant, each.run.integration.organization)
        groups = group_changes(each.lines)
        most = min(_LINES_OF_A_KIND, max(_LINES_OF_A_RUN // max(len(groups), 1), 1))
        lines = [
            _line(group, change, scope, there.get((each.run.integration.root_folder_id, change.source_id)))
            for group in groups
            for change in group.page.object_list[:most]
        ]
        run_url = f"{url}processes/{each.run.number}/"
        counts = words.changes(each.run.counts)
        runs.append(NewestRun(name, run_url, each, counts, lines))
    return NewestPart(runs, mark(each.run.pk for each in found))


def _line(group: ChangeGroup, change: Change, scope: Scope, there: tuple[str, int] | None) -> Line:
    return Line(change, group.mark, group.tone, group.word, node_url(scope, there))


def named(access: Access, integration: Integration) -> tuple[str, str]:
    """Give the name of an integration on a page of this place, which may be above it, and its address."""
    organization = integration.organization
    url = Scope(access.scope.tenant, organization).url("integration_detail", integration=integration.handle)
    is_below = organization is not None and access.scope.organization is None
    return f"{organization}/{integration}" if is_below else str(integration), url

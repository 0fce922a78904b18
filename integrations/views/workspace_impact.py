"""What a change means to workspaces, shown before it is saved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations.models import Integration
from integrations.planning.workspace_impact import WorkspaceImpact
from integrations.settings.change import UnseenImpactError
from integrations.views.frame import integration_page
from workspaces.access import Access
from workspaces.handles import ALL_AWS

SHOWN = 100  # of each kind and workspace
_MARKS = {"change": "~", "create": "+", "delete": "−"}
_OPEN = 40  # in all: with more, workspaces start folded


@dataclass(frozen=True, slots=True)
class Lines:
    """Changes of one kind in one workspace: how they are marked, and the first of them as (before, after)."""

    mark: str
    tone: str
    word: str
    count: int
    first: Sequence[tuple[str, str]]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True, slots=True)
class WorkspaceLines:
    """One workspace; open from the start when it is short."""

    name: str
    count: int
    groups: Sequence[Lines]
    is_open: bool


def workspace_lines(impacts: Sequence[WorkspaceImpact]) -> list[WorkspaceLines]:
    total = sum(impact.count for impact in impacts)
    return [WorkspaceLines(one.name, one.count, _groups(one), is_open=total <= _OPEN) for one in impacts]


def _groups(impact: WorkspaceImpact) -> list[Lines]:
    groups = [
        _lines("change", "Schemas renamed", impact.renamed),
        _lines("create", "Schemas added", _after(impact.added)),
        _lines("delete", "Schemas removed", _before(impact.removed)),
        _lines("change", "Schemas disabled: not united any more", _before(impact.disabled)),
        _lines("change", "Schemas enabled: united again", _after(impact.enabled)),
        _lines("delete", "Folder removed, with what comes to it later", _before(impact.folders_removed)),
        _lines("delete", "Search path: names nothing any more", _before(impact.path_lost)),
        _lines("create", "Search path: names a schema then", _after(impact.path_gained)),
    ]
    if impact.all_aws is not None:
        appears = _lines("create", "Aggregator appears", _after([ALL_AWS]))
        groups.append(appears if impact.all_aws else _lines("delete", "Aggregator disappears", _before([ALL_AWS])))
    groups.append(_lines("change", "Name that another schema has too", _after(impact.conflicts)))
    for change in impact.aggregators:
        word = f"Aggregator {change.handle}: loses {len(change.lost):,}, gains {len(change.gained):,}"
        groups += [_lines("delete", word, _before(change.lost)), _lines("create", word, _after(change.gained))]
    return [group for group in groups if group.count]


def _lines(tone: str, word: str, pairs: Iterable[tuple[str, str]]) -> Lines:
    lines = list(pairs)
    return Lines(_MARKS[tone], tone, word, len(lines), lines[:SHOWN])


def _before(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, "") for name in names]


def _after(names: Iterable[str]) -> list[tuple[str, str]]:
    return [("", name) for name in names]


def show_impact(
    request: HttpRequest, access: Access, integration: Integration, unseen: UnseenImpactError, *, lead: str
) -> HttpResponse:
    """Ask whether a change of an integration may be saved, with what it means to each workspace."""
    cancel_url = access.scope.url("integration_config", integration=integration.handle)
    page = integration_page(access, integration, [("Config", cancel_url), ("", "")])
    context = page | impact_context(request, unseen, lead=lead, cancel_url=cancel_url)
    return render(request, "integrations/workspace_impact/impact.html", context)


def impact_context(request: HttpRequest, unseen: UnseenImpactError, *, lead: str, cancel_url: str) -> dict[str, object]:
    """Give what a page needs to show impacts and to send the same form again once they were seen.

    ``lead`` is what stands above them, ``cancel_url`` where nothing is saved.
    """
    values = [(name, value) for name in request.POST for value in request.POST.getlist(name)]
    return {
        "page_name": "What changes in workspaces",
        "lead": lead,
        "cancel_url": cancel_url,
        "is_other": bool(request.POST.get("seen_impact")),
        "workspaces": workspace_lines(unseen.impacts),
        "values": [(name, value) for name, value in values if name not in ("csrfmiddlewaretoken", "seen_impact")],
        "seen_impact": unseen.fingerprint,
    }

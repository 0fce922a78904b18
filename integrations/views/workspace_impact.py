"""What a change means to workspaces, shown before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integrations.delegation import split_impacts
from integrations.models import Integration
from integrations.planning.workspace_impact import WorkspaceImpact
from integrations.settings.change import UnseenImpactError
from integrations.sync.kept_impact import Some, number
from integrations.views.frame import integration_page
from workspaces.access import Access
from workspaces.handles import ALL_AWS
from workspaces.models import Tenant

SHOWN = 100  # of each kind and workspace
_MARKS = {"change": "~", "create": "+", "delete": "−"}
_OPEN = 40  # in all: with more, workspaces start folded


class Kind(IntEnum):
    """What a change means to who queries a workspace; in the order in which they are shown."""

    BREAKS = 0
    ADDS = 1
    RENAMES = 2


@dataclass(frozen=True, slots=True)
class Lines:
    """Changes of one kind in one workspace: how they are marked, and the first of them as (before, after).

    ``url`` is the page of the workspace that is about them; ``things`` says how many change, ``count`` in how much.
    """

    kind: Kind
    mark: str
    tone: str
    word: str
    url: str
    things: int
    count: int
    first: Sequence[tuple[str, str]]

    @property
    def more(self) -> int:
        return self.count - len(self.first)

    @property
    def find_url(self) -> str:
        """Give what leads, with a name behind it, to that schema once the change is made; empty where it is gone."""
        return f"{self.url}?q=" if self.url.endswith("/in-use/") and self.tone != "delete" else ""


@dataclass(frozen=True, slots=True)
class WorkspaceLines:
    """One workspace; open from the start when all of them are short.

    What is only renamed is apart, to be folded. An aggregator is one thing that breaks, however much it loses.
    """

    name: str
    url: str
    breaks: int
    adds: int
    groups: Sequence[Lines]
    renames: Sequence[Lines]
    is_open: bool


def workspace_lines(impacts: Sequence[WorkspaceImpact], tenant: Tenant) -> list[WorkspaceLines]:
    """Write impacts for a page: workspaces in which something breaks come first, and in each of them what breaks."""
    sides = [(one.name, groups_of(one, workspace_url(tenant, one.name), most=SHOWN)) for one in impacts]
    shown = sum(group.count for _, lines in sides for group in lines if group.kind != Kind.RENAMES)
    found = []
    for name, lines in sides:
        breaks, adds = (sum(group.things for group in lines if group.kind == kind) for kind in (Kind.BREAKS, Kind.ADDS))
        groups = [group for group in lines if group.kind != Kind.RENAMES]
        url = workspace_url(tenant, name)
        found.append(WorkspaceLines(name, url, breaks, adds, groups, lines[len(groups) :], is_open=shown <= _OPEN))
    return sorted(found, key=lambda one: not one.breaks)


def lines_for(access: Access, impacts: Sequence[WorkspaceImpact]) -> dict[str, object]:
    """Write impacts for a page of this person; of workspaces that they may not enter, only how many there are.

    Beside that, in how many of these something breaks.
    """
    seen, hidden = split_impacts(access, impacts)
    return {
        "workspaces": workspace_lines(seen, access.scope.tenant),
        "hidden_workspaces": len(hidden),
        "hidden_losses": sum(one.is_loss for one in hidden),
    }


def workspace_url(tenant: Tenant, name: str) -> str:
    """Give what the URLs of all pages of a workspace begin with; impacts name it ``organization/workspace``."""
    organization, _, workspace = name.partition("/")
    places = {"tenant": tenant.handle, "organization": organization, "workspace": workspace}
    return reverse("connection_list", kwargs=places).removesuffix("connections/")


def groups_of(impact: WorkspaceImpact, base: str, *, most: int) -> list[Lines]:
    """Write an impact by kinds, what breaks first, so many of each; ``base`` is the workspace's ``workspace_url``."""
    schemas, path, aggregators = f"{base}connections/in-use/", f"{base}advanced/search-path/", f"{base}aggregators/"
    lost, gained = _before([ALL_AWS] * (impact.all_aws is False)), _after([ALL_AWS] * (impact.all_aws is True))
    groups = [
        _lines("delete", "Schemas removed", _before(impact.removed), schemas, most),
        _lines("delete", "Folder removed, with what comes to it later", _before(impact.folders_removed), schemas, most),
        _lines("delete", "Search path: names nothing any more", _before(impact.path_lost), path, most),
        _lines("delete", "Aggregator disappears", lost, f"{aggregators}all_aws/", most),
        _lines("change", "Schemas disabled: not united any more", _before(impact.disabled), schemas, most),
        _lines("change", "Name that another schema has too", _after(impact.conflicts), schemas, most),
        _lines("change", "Search path: may name another schema then", _before(impact.path_changed), path, most),
        _lines("create", "Schemas added", _after(impact.added), schemas, most),
        _lines("create", "Schemas enabled: united again", _after(impact.enabled), schemas, most),
        _lines("create", "Search path: names a schema then", _after(impact.path_gained), path, most),
        _lines("create", "Name that no other schema has any more", _before(impact.conflicts_over), schemas, most),
        _lines("create", "Aggregator appears", gained, f"{aggregators}all_aws/", most),
        _lines("change", "Schemas renamed", impact.renamed, schemas, most, kind=Kind.RENAMES),
    ]
    for change in impact.aggregators:
        url, counts = f"{aggregators}{change.id}/", (("loses", change.lost), ("gains", change.gained))
        word = f"Aggregator {change.handle}: " + ", ".join(f"{verb} {number(of):,}" for verb, of in counts if of)
        groups += [
            _lines("delete", word, _before(change.lost), url, most, things=1),
            _lines("create", word, _after(change.gained), url, most, things=1),
        ]
    return sorted((group for group in groups if group.count), key=lambda group: group.kind)


def _lines(
    tone: str,
    word: str,
    pairs: Sequence[tuple[str, str]],
    url: str,
    most: int,
    *,
    kind: Kind | None = None,
    things: int | None = None,
) -> Lines:
    lines, count = list(pairs), number(pairs)
    things = count if things is None else things
    kind = kind or (Kind.ADDS if tone == "create" else Kind.BREAKS)
    return Lines(kind, _MARKS[tone], tone, word, url, things, count, lines[:most])


def _before(names: Sequence[str]) -> Sequence[tuple[str, str]]:
    return Some(((name, "") for name in names), number(names))


def _after(names: Sequence[str]) -> Sequence[tuple[str, str]]:
    return Some((("", name) for name in names), number(names))


def show_impact(
    request: HttpRequest, access: Access, integration: Integration, unseen: UnseenImpactError, *, lead: str, act: str
) -> HttpResponse:
    """Ask whether a change of an integration may be saved, with what it means to each workspace."""
    cancel_url = access.scope.url("integration_config", integration=integration.handle)
    page = integration_page(access, integration, [("Config", cancel_url), ("", "")])
    context = page | impact_context(request, access, unseen, lead=lead, act=act, cancel_url=cancel_url)
    return render(request, "integrations/workspace_impact/impact.html", context)


def impact_context(
    request: HttpRequest, access: Access, unseen: UnseenImpactError, *, lead: str, act: str, cancel_url: str
) -> dict[str, object]:
    """Give what a page needs to show impacts and to send the same form again once they were seen.

    ``lead`` is what stands above them, ``act`` on the button that does it; ``cancel_url`` is where nothing is saved.
    """
    values = [(name, value) for name in request.POST for value in request.POST.getlist(name)]
    return {
        "page_name": "What changes in workspaces",
        "lead": lead,
        "act": act,
        "is_loss": any(one.is_loss for one in unseen.impacts),
        "cancel_url": cancel_url,
        "is_other": bool(request.POST.get("seen_impact")),
        **lines_for(access, unseen.impacts),
        "values": [(name, value) for name, value in values if name not in ("csrfmiddlewaretoken", "seen_impact")],
        "seen_impact": unseen.fingerprint,
    }

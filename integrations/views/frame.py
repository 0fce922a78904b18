"""What all pages of an integration share: finding it, its frame, and how its latest sync stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_htmx.http import trigger_client_event

from integrations.delegation import may
from integrations.models import Integration, SyncRun
from integrations.pictures import sparkline
from integrations.pictures.sparkline import Sparkline
from integrations.planning import words
from integrations.sync.targeted import rest
from workspaces.access import Access, Scope, why_only_kept
from workspaces.database import WrittenOnce, at_most_one
from workspaces.web.htmx import has_seen, htmx, looks_for_news, mark, render_page

# After this long in the queue a page says that no worker has taken the run.
_PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run as pages show it; ``next_due_at`` is None when the next one is due already.

    ``folded`` says for how many runs without changes its record stands, where that is more than itself. On pages that
    show how the integration stands, ``is_followed`` says that somebody asked for one more while this one ran,
    ``asks_url`` leads to the run that needs approval, and ``good_at`` is when the tree was last as it is in AWS, where
    it is not now. ``mend_url`` leads to the settings that a run failed for. ``beside`` is by what one knows whether
    something else on the page has changed, such as the health of connections; ``hears`` that AWS tells of changes by
    events, so that there may soon be something else. ``past_of`` and ``past_length`` are the lines of what counters
    were, and of how long syncs have taken.
    """

    run: SyncRun
    url: str
    phase: str
    took: str
    counters: tuple[tuple[str, int], ...]
    changes: str
    next_due_at: datetime | None = None
    is_stuck: bool = False
    is_followed: bool = False
    asks_url: str = ""
    good_at: datetime | None = None
    mend_url: str = ""
    folded: str = ""
    beside: object = ""
    hears: bool = False
    past_of: Mapping[str, Sparkline | None] = field(default_factory=dict)
    past_length: Sparkline | None = None

    @property
    def figures(self) -> list[tuple[str, int, Sparkline | None]]:
        """Give the counters, each with its past where there is one to be seen."""
        return [(name, number, self.past_of.get(name)) for name, number in self.counters]

    @property
    def mark(self) -> str:
        return mark_of([self.run], self.asks_url, self.beside)

    @property
    def goes_on(self) -> bool:
        """Whether there will be something else to show within moments."""
        return not self.run.is_over or self.is_followed


def find_integration(access: Access, handle: str, **annotations: Any) -> Integration:
    """Find an integration of the scope itself, with what it is to be annotated with; raises Http404."""
    scope = access.scope
    if annotations:
        return get_object_or_404(_called(handle, scope).annotate(**annotations))
    tenant, organization = scope.tenant, scope.organization
    found = _AT_ORG.ask(handle, tenant.pk, organization.pk) if organization else _AT_TENANT.ask(handle, tenant.pk)
    if not found:
        raise Http404
    return found[0]


def _called(handle: str, scope: Scope) -> QuerySet[Integration]:
    return Integration.objects.in_scope(scope).select_related("root_folder", "schedule").filter(handle=handle)


def _written(handle: str, *places: int) -> QuerySet[Integration]:
    return _called(handle, Scope.by_keys(*places))


# Each page of an integration asks for it.
_AT_TENANT: Final = WrittenOnce(_written, "handle", -1)
_AT_ORG: Final = WrittenOnce(_written, "handle", -1, -2)


def integration_page(
    access: Access, integration: Integration, below: Sequence[tuple[str, str]] = (), /, **context: object
) -> dict[str, object]:
    """Make the frame of an integration's page; each of the further keywords is for its template.

    ``below`` is the way down from the integration's own page, as (name, URL): its last is the page itself, whose name
    is the heading, with all that is above it in the crumbs.
    """
    url, handle = access.scope.url, integration.handle
    own = url("integration_detail", integration=handle)
    mine = may(access, integration)
    tabs = [
        ("Connections", own, True),
        ("Config", url("integration_config", integration=handle), mine.configure),
        ("Advanced", url("integration_advanced", integration=handle), mine.configure),
        ("Processes", url("run_list", integration=handle), mine.see_processes and not mine.own),
    ]
    shown = [(label, url) for label, url, is_open in tabs if is_open]
    *above, (name, _) = [("Integrations", url("integration_list")), (handle, own), *below]
    return {
        "integration": integration,
        "crumbs": above,
        "page_name": name,
        "tabs": shown if len(shown) > 1 else [],
        "may": mine,
        "sync_url": f"{own}sync/",
        "preview_url": f"{own}preview/",
        "why_only_kept": why_only_kept(access.scope),
        **context,
    }


def run_status(access: Access, integration: Integration, run: SyncRun) -> RunStatus:
    now = timezone.now()
    counters = (
        ("OUs read", run.units_read),
        ("accounts read", run.accounts_read),
        ("AWS calls", run.aws_calls),
    )
    return RunStatus(
        run=run,
        url=access.scope.url("run_detail", integration=integration.handle, run=run.number),
        phase=run.get_phase_display() if run.phase else run.get_state_display(),
        took=words.duration(run.elapsed),
        counters=counters,
        changes=words.changes(run.counts),
        mend_url=_discovery_settings(access, integration) if run.is_about_access else "",
        next_due_at=rest.next_at(integration.schedule, now),
        folded=f"{run.folded_runs:,} syncs without changes" if run.folded_runs and run.folded_runs > 1 else "",
        hears=rest.is_heard(integration.schedule, now),
        is_stuck=run.state == SyncRun.State.QUEUED and _due_at(run, integration) < now - _PATIENCE,
    )


def _due_at(run: SyncRun, integration: Integration) -> datetime:
    """Say when a run that waits was to begin: one that waits for AWS, later than it was queued."""
    return integration.schedule.next_due_at if run.phase else run.queued_at


def latest_status(access: Access, integration: Integration) -> RunStatus:
    """Say how the latest run stands. An integration is made with its first; Http404 if it was deleted meanwhile."""
    asking = Subquery(SyncRun.objects.undecided(integration).values("number")[:1])
    annotated: QuerySet[Any] = SyncRun.objects.of(integration).annotate(asking=asking)
    runs = list(annotated[: sparkline.POINTS])  # those before the latest for the past of its figures
    if not runs:
        raise Http404
    latest = runs[0]
    is_followed = latest.state != SyncRun.State.QUEUED and integration.schedule.asked_trigger is not None
    status = replace(run_status(access, integration, latest), is_followed=is_followed, **_past(runs))
    status = replace(status, asks_url=_run_url(access, integration, latest.asking))
    if not status.asks_url and latest.state != SyncRun.State.FAILED:
        return status
    return replace(status, good_at=SyncRun.objects.good_since([integration]).get(integration.pk))


def _past(runs: Sequence[SyncRun]) -> dict[str, Any]:
    """Draw the past of what the latest run's counters count, and of how long syncs take, from those that were whole.

    Those of its kind: targeted ones read little, whatever the size of the AWS organization.
    """
    alike = [run for run in reversed(runs) if run.kind == runs[0].kind]
    whole = [run for run in alike if run.state == SyncRun.State.SUCCEEDED]
    if not runs[0].is_over:
        return {}

    accounts = sparkline.draw([run.accounts_read for run in whole], "Accounts read")
    calls = sparkline.draw([run.aws_calls for run in whole], "AWS calls")
    seconds = [run.elapsed.total_seconds() for run in whole]
    lengths = sparkline.draw(seconds, "Length", [words.duration(run.elapsed) for run in whole])
    return {"past_of": {"accounts read": accounts, "AWS calls": calls}, "past_length": lengths}


def asks_url(access: Access, integration: Integration) -> str:
    """Give the page of the run that needs approval; empty where none does."""
    asking = at_most_one(SyncRun.objects.undecided(integration).values_list("number", flat=True))
    return _run_url(access, integration, asking)


def _run_url(access: Access, integration: Integration, number: int | None) -> str:
    is_shown = number and may(access, integration).see_processes
    return access.scope.url("run_detail", integration=integration.handle, run=number) if is_shown else ""


def _discovery_settings(access: Access, integration: Integration) -> str:
    if not may(access, integration).configure:
        return ""
    return f"{access.scope.url('integration_config', integration=integration.handle)}#discovery"


def mark_of(runs: Iterable[SyncRun], *beside: object) -> str:
    """Give the mark of a page that shows these runs."""
    return mark([*(f"{run.pk}-{run.state}" for run in runs), *beside])


def render_live(
    request: HttpRequest, template: str, context: Mapping[str, object], status: RunStatus, *, parts: tuple[str, ...]
) -> HttpResponse:
    """Render a page that follows a run, or one of its parts; it fires ``synced`` when the run has changed the page."""
    if htmx(request).target == "sync" and looks_for_news(request) and has_seen(request, status.mark):
        return HttpResponse(status=204)
    response = render_page(request, template, {"status": status, **context}, parts=("sync", *parts))
    # What looks for news may have missed a run that changed something, before the one that it sees.
    has_news = looks_for_news(request) or (
        status.run.is_over and (status.run.state == SyncRun.State.FAILED or bool(status.run.counts))
    )
    if htmx(request).target == "sync" and has_news:
        trigger_client_event(response, "synced")
    return response

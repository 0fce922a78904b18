"""Processes: the sync runs of an integration, and what each of them changed, or would change if it is approved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.retention import GRACE
from integrations import retention
from integrations.delegation import SEE_PROCESSES
from integrations.models import Integration, SyncRun
from integrations.pictures import timeline
from integrations.pictures.timeline import Timeline
from integrations.sync import approvals, kept_impact
from integrations.views.frame import (
    RunStatus,
    asks_url,
    find_integration,
    integration_page,
    mark_of,
    render_live,
    run_status,
)
from integrations.views.sync.diff import group_changes, link
from integrations.views.workspace_impact import lines_for, workspace_lines
from workspaces.access import Access, Power, check_tenant_settings
from workspaces.delegation.verbs import Verb
from workspaces.places import lookup
from workspaces.scoping import scope_view
from workspaces.web import pagination
from workspaces.web.htmx import has_seen, render_page
from workspaces.web.inputs import key_in
from workspaces.web.pagination import PAGE_SIZE

_MOST_EVENTS: Final = 10
_NAME: Final = ("pk", "organization__handle", "handle")


@scope_view(Power.OWNER, delegates=SEE_PROCESSES)
def run_list(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    runs = SyncRun.objects.of(found).select_related("started_by")
    page = pagination.page_before(runs, key_in(request.GET.get("before")), size=PAGE_SIZE)
    mark = mark_of(page.rows)
    if has_seen(request, mark):
        return HttpResponse(status=204)
    rows = [run_status(access, found, run) for run in page.rows]
    drawn = _timeline(rows, "Sync {run.number}")
    context = integration_page(access, found, [("Processes", "")], rows=rows, page=page, mark=mark, timeline=drawn)
    return render_page(request, "integrations/sync/runs.html", context, parts=("runs",))


@scope_view(Power.OWNER)
def process_list(request: HttpRequest, access: Access) -> HttpResponse:
    """List the runs of all integrations of the scope, the latest first: the Processes of its Activity."""
    check_tenant_settings(access)
    before = key_in(request.GET.get("before"))
    runs = SyncRun.objects.newest_in_scope(access.scope, before=before, count=PAGE_SIZE + 1)
    found = list(runs.select_related("started_by", "integration__schedule"))
    page = pagination.cut(found, before, size=PAGE_SIZE)
    mark = mark_of(page.rows)
    if has_seen(request, mark):
        return HttpResponse(status=204)
    rows = [run_status(access, run.integration, run) for run in page.rows]
    drawn = _timeline(rows, "Sync {run.number} of {run.integration}")
    context = {"rows": rows, "page": page, "mark": mark, "timeline": drawn}
    return render_page(request, "integrations/sync/runs_page.html", context, parts=("runs",))


def _timeline(rows: Sequence[RunStatus], name: str) -> Timeline | None:
    """Draw the runs of a list; a single one needs no picture."""
    points = [timeline.Point(row.run, row.url, name.format(run=row.run)) for row in rows]
    return timeline.draw(points) if len(points) > 1 else None


@scope_view(Power.OWNER, delegates=SEE_PROCESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def run_detail(request: HttpRequest, access: Access, integration: str, run: int) -> HttpResponse:
    """Show one run: how it stands and, when it is over, every change or the reason why there is none.

    One that needs approval is approved or discarded here, by who may; others who may see it see what it asks.
    """
    found = find_integration(access, integration)
    if request.method == "POST":
        access.check_verb(Verb.APPROVE_REMOVALS, found)
    runs = SyncRun.objects.filter(integration=found, number__gt=0).select_related("started_by", "decided_by")
    mine = get_object_or_404(runs, number=run)
    asked_anew = asks_url(access, found) if mine.state == SyncRun.State.SUPERSEDED else ""
    if asked_anew and "question" in request.GET:  # as in what people were sent when it was asked first
        return redirect(asked_anew)
    problem = ""
    if request.method == "POST":
        problem = _decide(request, access, mine)
        if not problem:
            return redirect(access.scope.url("integration_detail", integration=found.handle))
        mine = get_object_or_404(runs, number=run)
    runs_url, kind = access.scope.url("run_list", integration=found.handle), request.GET.get("kind", "")
    context = integration_page(
        access,
        found,
        [("Processes", runs_url), (f"Sync {mine.number}", "")],
        groups=link(group_changes(mine.changes, kind=kind, page=request.GET.get("page", "1")), found, access),
        is_one_kind="kind" in request.GET,
        problem=problem,
        **_events(mine),
        advanced_url=access.scope.url("integration_advanced", integration=found.handle),
        **_impact(access, found, mine),
        more_workspaces=kept_impact.more_of(mine.impact or ()),
        grace=GRACE,
        known=retention.KNOWN_SNAPSHOT,
    )
    status = replace(run_status(access, found, mine), asks_url=asked_anew)
    return render_live(request, "integrations/sync/run.html", context, status, parts=())


def _events(run: SyncRun) -> dict[str, object]:
    """Give the first of the events that a run looked for, and how many there were besides."""
    events = [(name, event_id, datetime.fromisoformat(at)) for name, event_id, at in run.events or ()]
    return {"events": events[:_MOST_EVENTS], "more_events": max(len(events) - _MOST_EVENTS, 0)}


def _decide(request: HttpRequest, access: Access, run: SyncRun) -> str:
    """Do what the button says; gives the sentence that says why not, empty when it was done."""
    now, answer = timezone.now(), request.POST.get("do")
    try:
        if answer == "approve":
            approvals.approve(run=run, by=access.user, now=now)
            sentence = f"Approved. What sync {run.number} showed may go now, and nothing else."
        elif answer == "discard":
            approvals.discard(run=run, by=access.user, now=now)
            sentence = f"Discarded. Sync {run.number} has changed nothing; the next one looks again."
        else:
            return "Choose Approve or Discard."
    except approvals.NotWaitingError as error:
        return str(error)
    messages.success(request, sentence)
    return ""


def _impact(access: Access, integration: Integration, run: SyncRun) -> dict[str, object]:
    """Say what it has meant to workspaces; of one that waits for a decision, what its removals would mean now.

    Of workspaces that this person may not enter, or that are gone, no more is said than how many wait with it.
    """
    if run.state == SyncRun.State.NEEDS_APPROVAL:
        return lines_for(access, approvals.removal_impacts(integration, run.removals))
    if not run.impact:
        return {}
    mine = lookup.workspaces_anywhere_for(access).filter(pk__in=[pk for pk, _ in run.impact])
    names = {pk: f"{organization}/{handle}" for pk, organization, handle in mine.values_list(*_NAME)}
    return {"workspaces": workspace_lines(kept_impact.read(run.impact, names), access.scope.tenant)}

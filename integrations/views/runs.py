"""Processes: the sync runs of an integration, and what each of them changed."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from integrations.models import Integration, SyncRun
from integrations.views.diff import group_changes
from integrations.views.page import find_integration, integration_page, render_live, run_status
from workspaces.access import Access, Power
from workspaces.htmx import render_page
from workspaces.scoping import scope_view
from workspaces.views.settings import check_tenant_settings

PAGE_SIZE = 50


@scope_view(Power.OWNER)
def run_list(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """List the runs, the latest first."""
    found = find_integration(access, integration)
    runs = SyncRun.objects.of(found).select_related("started_by")
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [run_status(access, found, run) for run in page]
    context = integration_page(access, found, rows=rows, page=page, crumbs=_crumbs(access, found, ("Processes", "")))
    return render_page(request, "integrations/runs.html", context, parts=())


@scope_view(Power.OWNER)
def process_list(request: HttpRequest, access: Access) -> HttpResponse:
    """List the runs of all integrations of the scope, the latest first: the Processes of its Activity."""
    check_tenant_settings(access)
    runs = SyncRun.objects.in_scope(access.scope).select_related("started_by", "integration__schedule")
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [run_status(access, run.integration, run) for run in page]
    return render_page(request, "integrations/processes.html", {"rows": rows, "page": page}, parts=())


@scope_view(Power.OWNER)
def run_detail(request: HttpRequest, access: Access, integration: str, run: int) -> HttpResponse:
    """Show one run: how it stands and, when it is over, every change or the reason why there is none."""
    found = find_integration(access, integration)
    mine = get_object_or_404(SyncRun.objects.filter(integration=found).select_related("started_by"), pk=run)
    runs_url = access.scope.url("run_list", integration=found.handle)
    context = integration_page(
        access,
        found,
        groups=group_changes(mine.changes, kind=request.GET.get("kind", ""), page=request.GET.get("page", "1")),
        is_one_kind="kind" in request.GET,
        crumbs=_crumbs(access, found, ("Processes", runs_url), (f"Sync {mine.pk}", "")),
    )
    return render_live(request, "integrations/run.html", context, run_status(access, found, mine), parts=())


def _crumbs(access: Access, integration: Integration, *below: tuple[str, str]) -> list[tuple[str, str]]:
    url = access.scope.url
    own = url("integration_detail", integration=integration.handle)
    return [("Integrations", url("integration_list")), (integration.handle, own), *below]

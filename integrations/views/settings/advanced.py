"""The Advanced tab: the handle, syncing, its schedule and deletion limit, and deleting."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError, HandleTakenError
from integrations.forms.advanced import DeletionLimitForm, HandleForm, ScheduleForm
from integrations.models import EventInlet, Integration
from integrations.settings import change
from integrations.views.frame import find_integration, integration_page, latest_status, render_live
from integrations.views.settings.config import stored_now
from workspaces.access import Access, Power
from workspaces.scoping import posted_from, scope_view
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_advanced(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show and change the handle; offer a sync, the schedule and the deletion."""
    found = find_integration(access, integration)
    form = HandleForm(found, what_to_judge(request))
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method != "POST":
        return _show(request, access, found)
    if form.is_valid():
        handle, version = form.cleaned_data["handle"], request.POST.get("version", "")
        try:
            saved = change.change_handle(integration=found, handle=handle, version=version, by=access.user)
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        except HandleTakenError:
            form.add_error("handle", f"Somebody has just taken {handle}. Choose another one.")
        else:
            messages.success(request, f"Saved the handle {saved}.")
            return redirect(access.scope.url("integration_advanced", integration=saved.handle))
    return _show(request, access, found, handle=form)


@scope_view(Power.OWNER)
@posted_from("integration_advanced")
def integration_schedule(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Change how often the integration syncs by itself."""
    found = find_integration(access, integration)
    form = ScheduleForm(found, request.POST)
    if form.is_valid():
        minutes, version = form.cleaned_data["minutes"], request.POST.get("version", "")
        try:
            change.change_schedule(integration=found, minutes=minutes, version=version, by=access.user)
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{found} syncs every {minutes} minutes now.")
            return redirect(access.scope.url("integration_advanced", integration=found.handle))
    return _show(request, access, found, schedule=form)


@scope_view(Power.OWNER)
@posted_from("integration_advanced")
def integration_deletion_limit(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Change how much a scheduled sync may remove without being approved."""
    found = find_integration(access, integration)
    form = DeletionLimitForm(found, request.POST)
    if form.is_valid():
        version = request.POST.get("version", "")
        try:
            change.change_deletion_limit(integration=found, version=version, by=access.user, **form.cleaned_data)
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Saved the deletion limit of {found}.")
            return redirect(access.scope.url("integration_advanced", integration=found.handle))
    return _show(request, access, found, limit=form)


def _show(
    request: HttpRequest,
    access: Access,
    integration: Integration,
    *,
    handle: HandleForm | None = None,
    schedule: ScheduleForm | None = None,
    limit: DeletionLimitForm | None = None,
) -> HttpResponse:
    base = access.scope.url("integration_advanced", integration=integration.handle)
    of_it = access.scope.url("integration_detail", integration=integration.handle)
    context = integration_page(
        access,
        integration,
        handle_form=handle or HandleForm(integration),
        schedule_form=schedule or ScheduleForm(integration),
        handle_stored=stored_now(handle),
        schedule_stored=stored_now(schedule),
        limit_form=limit or DeletionLimitForm(integration),
        limit_stored=stored_now(limit),
        limit_url=f"{base}deletion-limit/",
        current_url=base,
        schedule_url=f"{base}schedule/",
        sync_url=f"{of_it}sync/",
        preview_url=f"{of_it}preview/",
        runs_url=f"{of_it}processes/",
        delete_url=f"{of_it}delete/",
        notifications_url=f"{of_it}notifications/",
        inlet_url=f"{base}events/",
        has_inlet=EventInlet.objects.filter(integration=integration).exists(),
    )
    return render_live(
        request, "integrations/settings/advanced.html", context, latest_status(access, integration), parts=()
    )

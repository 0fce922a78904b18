"""Deleting integrations, organizations and workspaces: what goes is said first, and the handle is asked for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections import deletion as tree_deletion
from connections.models import Connection
from integrations.models import Integration
from integrations.settings import deletion
from workspaces.access import Access, Power, Scope, power_in
from workspaces.models import Workspace
from workspaces.scoping import organization_view, scope_view, workspace_view
from workspaces.web.delete_confirmation import ConfirmForm, Going, show_delete

_MOST_NAMES = 20


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_delete(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Ask for the handle and delete the integration; one whose deletion failed is deleted again."""
    found = _find(access, integration)
    list_url = access.scope.url("integration_list")
    if found is None:
        if request.method != "POST":
            raise Http404
        messages.info(request, f"There is no integration {integration} here any more.")
        return redirect(list_url)
    form = ConfirmForm(found.handle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        deletion.request_removal(integration=found, by=access.user, now=timezone.now())
        messages.success(request, f"Deleted the integration {found.handle}.")
        return redirect(list_url)
    is_active = found.state == Integration.State.ACTIVE
    return show_delete(
        request,
        form,
        what="integration",
        warning="All of its associated folders and connections will be deleted and removed from all workspaces."
        " This action is not reversible!",
        going=_going(found) if is_active else [],
        cancel_url=access.scope.url("integration_advanced", integration=found.handle) if is_active else list_url,
    )


def _find(access: Access, handle: str) -> Integration | None:
    integrations = Integration.objects.select_related("root_folder", "tenant", "organization")
    here = integrations.in_scope(access.scope) | integrations.delete_failed(access.scope)
    return here.filter(handle=handle).first()


def _going(integration: Integration) -> list[Going]:
    extent = tree_deletion.extent_of(integration.root_folder)
    return [
        Going(extent.connections, "connection", "connections"),
        Going(extent.folders, "folder", "folders"),
        _affected(list(extent.workspace_ids)),
    ]


def _affected(workspace_ids: list[int]) -> Going:
    names = tree_deletion.handles_of(workspace_ids[:_MOST_NAMES])
    more = len(workspace_ids) - len(names)
    one, several = "workspace has them in its schema", "workspaces have them in their schema"
    return Going(len(workspace_ids), one, several, [*names, f"and {more:,} more"] if more else names)


@organization_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_delete(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the handle and delete the organization with all that it owns."""
    organization = access.scope.keys["organization"]
    form = ConfirmForm(organization.handle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        deletion.delete_organization(scope=access.scope, by=access.user)
        messages.success(request, f"Deleted the organization {organization}.")
        return redirect(Scope(access.scope.tenant).url("tenant_home"))
    integrations = list(Integration.objects.filter(organization=organization).values_list("handle", flat=True))
    workspaces = list(Workspace.objects.filter(organization=organization).values_list("handle", flat=True))
    connections = Connection.objects.filter(organization=organization, removed_at=None).count()
    return show_delete(
        request,
        form,
        what="organization",
        warning="All of its integrations, connections, folders and workspaces will be deleted, and its members lose"
        " their roles here. This action is not reversible!",
        going=[
            Going(len(integrations), "integration", "integrations", sorted(integrations)[:_MOST_NAMES]),
            Going(connections, "connection", "connections"),
            Going(len(workspaces), "workspace", "workspaces", sorted(workspaces)[:_MOST_NAMES]),
        ],
        cancel_url=access.scope.url("organization_advanced"),
    )


@workspace_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_delete(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the handle and delete the workspace with all that it owns."""
    workspace = access.scope.place
    form = ConfirmForm(workspace.handle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        deletion.delete_workspace(scope=access.scope, by=access.user)
        messages.success(request, f"Deleted the workspace {workspace}.")
        above = Scope(access.scope.tenant, access.scope.organization)
        stays = power_in(above, access.memberships) != Power.NONE
        return redirect(above.url("organization_home") if stays else Scope(above.tenant).url("tenant_home"))
    connections = Connection.objects.filter(workspace_id=workspace.pk, removed_at=None).count()
    return show_delete(
        request,
        form,
        what="workspace",
        warning="Its schemas, aggregators and own connections will be deleted, and its members lose their roles here."
        " Connections that are shared with it stay where they are. This action is not reversible!",
        going=[Going(connections, "connection of its own", "connections of its own")],
        cancel_url=access.scope.url("workspace_advanced"),
    )

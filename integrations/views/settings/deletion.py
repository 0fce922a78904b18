"""Deleting integrations: what goes is shown first, and the handle is asked for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from connections import deletion as tree_deletion
from integrations.aws.iac.removal import removal
from integrations.models import Integration
from integrations.settings import deletion
from integrations.wizard import remains as what_remains
from workspaces.access import Access, Power
from workspaces.database import at_most_one
from workspaces.places.deletion import MOST_NAMES, Going
from workspaces.scoping import scope_view
from workspaces.views.delete_confirmation import ConfirmForm, show_delete


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
        left = what_remains.reference(found)
        deletion.request_removal(integration=found, by=access.user, now=timezone.now())
        messages.success(request, f"Deleted the integration {found.handle}.")
        return redirect(access.scope.url("integration_removed", remains=left))
    is_active = found.state == Integration.State.ACTIVE
    return show_delete(
        request,
        form,
        what="integration",
        warning="All of its associated folders and connections will be deleted and removed from all workspaces."
        " This action is not reversible!",
        going=_going(found) if is_active else [],
        cancel_url=access.scope.url("integration_advanced", integration=found.handle) if is_active else list_url,
        below="integrations/settings/remains.html",
        removal=removal(what_remains.of(found)),
    )


@scope_view(Power.OWNER)
@require_safe
def integration_removed(request: HttpRequest, access: Access, remains: str) -> HttpResponse:
    """Say what is still in AWS of an integration that was deleted, and how it is removed there."""
    left = what_remains.read(remains, access.scope)
    if left is None:
        raise Http404
    handle, what = left
    context = {"handle": handle, "removal": removal(what), "list_url": access.scope.url("integration_list")}
    return render(request, "integrations/settings/removed.html", context)


def _find(access: Access, handle: str) -> Integration | None:
    integrations = Integration.objects.select_related("root_folder", "tenant", "organization")
    here = integrations.in_scope(access.scope) | integrations.delete_failed(access.scope)
    return at_most_one(here.filter(handle=handle))


def _going(integration: Integration) -> list[Going]:
    extent = tree_deletion.extent_of(integration.root_folder)
    return [
        Going(extent.connections, "connection", "connections"),
        Going(extent.folders, "folder", "folders"),
        _affected(list(extent.workspace_ids)),
    ]


def _affected(workspace_ids: list[int]) -> Going:
    names = tree_deletion.handles_of(workspace_ids[:MOST_NAMES])
    more = len(workspace_ids) - len(names)
    one, several = "workspace has them in its schema", "workspaces have them in their schema"
    return Going(len(workspace_ids), one, several, [*names, f"and {more:,} more"] if more else names)

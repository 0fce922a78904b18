"""Deleting organizations and workspaces: what goes is said first, and the handle is asked for."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from workspaces.access import Access, Power, Scope, power_in
from workspaces.places import deletion
from workspaces.scoping import organization_view, workspace_view
from workspaces.views.delete_confirmation import ConfirmForm, show_delete


@organization_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_delete(request: HttpRequest, access: Access) -> HttpResponse:
    warning = (
        "All of its integrations, connections, folders and workspaces will be deleted, and its members lose"
        " their roles here. This action is not reversible!"
    )
    return _delete(request, access, "organization", warning, Scope(access.scope.tenant).url("tenant_home"))


@workspace_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_delete(request: HttpRequest, access: Access) -> HttpResponse:
    warning = (
        "Its schemas, aggregators and own connections will be deleted, and its members lose their roles here."
        " Connections that are shared with it stay where they are. This action is not reversible!"
    )
    above = Scope(access.scope.tenant, access.scope.organization)
    stays = power_in(above, access.memberships) != Power.NONE
    home = above.url("organization_home") if stays else Scope(above.tenant).url("tenant_home")
    return _delete(request, access, "workspace", warning, home)


def _delete(request: HttpRequest, access: Access, what: str, warning: str, home: str) -> HttpResponse:
    place = access.scope.place
    form = ConfirmForm(place.handle, request.POST if request.method == "POST" else None)
    if form.is_valid():
        deletion.delete_place(scope=access.scope, by=access.user)
        messages.success(request, f"Deleted the {what} {place}.")
        return redirect(home)
    going, cancel_url = deletion.going_with(access.scope), access.scope.url(f"{what}_advanced")
    return show_delete(request, form, what=what, warning=warning, going=going, cancel_url=cancel_url)

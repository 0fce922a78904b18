"""Permissions of folders and connections: who may use them, and from where."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from connections import actions, sharing
from connections.forms.permissions import PermissionsForm
from connections.models import Connection, Folder, Grant
from connections.sharing import Node
from connections.views.context import connection_page, folder_page, settings_links
from workspaces.access import Access, Power, Scope
from workspaces.models import Workspace
from workspaces.scoping import scope_view

CHANGED_MEANWHILE = (
    "Somebody else changed these permissions since you opened this page. Who may use it now is shown below;"
    " save again to replace it with what you selected."
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Somebody who may use a node, and the folder from which that comes; no origin for a grant on the node itself."""

    words: str
    origin: str = ""
    url: str = ""


@scope_view(Power.OWNER)
def folder_permissions(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    """Show and change who may use a folder and all below it."""
    node = get_object_or_404(Folder.objects.in_scope(access.scope), pk=folder)
    return _permissions(request, access, node, folder_page(request, access.scope, node))


@scope_view(Power.OWNER)
def connection_permissions(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Show and change who may use a connection."""
    found = Connection.objects.in_scope(access.scope).select_related("folder")
    node = get_object_or_404(found, pk=connection)
    return _permissions(request, access, node, connection_page(request, access.scope, node))


def _permissions(request: HttpRequest, access: Access, node: Node, context: dict[str, object]) -> HttpResponse:
    scope = access.scope
    own, inherited = sharing.grants_on(node), sharing.inherited_grants(node)
    form = PermissionsForm(scope, own, inherited, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            lost = actions.change_permissions(
                node=node, audiences=form.audiences(), seen=form.cleaned_data["seen"], by=access.user
            )
        except (Folder.DoesNotExist, Connection.DoesNotExist):
            raise Http404 from None
        except actions.ChangedMeanwhileError:
            form.add_error(None, CHANGED_MEANWHILE)
            form.data = data = request.POST.copy()
            data["seen"] = sharing.fingerprint(own)
        else:
            messages.success(request, f"Saved the permissions of {node.shown}.{_what_went(scope, lost)}")
            return redirect(request.path)
    base = scope.url("connection_list")
    audiences = [_inherited(grant, base) for grant in inherited] + [Audience(_words(grant)) for grant in own]
    context |= settings_links(access.scope, node) | {"form": form, "audiences": audiences}
    return render(request, "connections/permissions.html", context)


def _what_went(scope: Scope, workspace_ids: Sequence[int]) -> str:
    """Say which workspaces lost how many schemas, in a tenant with their organizations; nothing when none did."""
    if not workspace_ids:
        return ""
    found = Workspace.objects.filter(pk__in=set(workspace_ids)).select_related("organization")
    names = {one.pk: one.handle if scope.organization else f"{one.organization}/{one}" for one in found}
    counts = Counter(workspace_ids)
    went = ", ".join(f"{counts[pk]} from {name}" for pk, name in sorted(names.items(), key=lambda pair: pair[1]))
    return f" Removed from schemas: {went}."


def _inherited(grant: Grant, base: str) -> Audience:
    origin = grant.folder.shown if grant.folder else ""
    return Audience(_words(grant), origin, f"{base}folders/{grant.folder_id}/permissions/")


def _words(grant: Grant) -> str:
    if grant.workspace:
        return f"{grant.organization}/{grant.workspace}"
    if grant.organization:
        return f"All workspaces of {grant.organization}"
    return f"All organizations of {grant.tenant} and their workspaces"

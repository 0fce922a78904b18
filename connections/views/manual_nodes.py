"""Folders made by hand; what folders and connections are called, and deleting them."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from connections import deletion, manual_nodes
from connections.errors import HandleTakenError
from connections.forms.node import NodeForm
from connections.models import Connection, Folder
from connections.sharing import Node
from connections.views.context import node_url
from workspaces.access import Access, Power, Scope, check_tenant_settings
from workspaces.places.deletion import Going
from workspaces.scoping import scope_view
from workspaces.views.delete_confirmation import ConfirmForm, show_delete
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge
from workspaces.web.inputs import key_in
from workspaces.wording.names import isolated


@scope_view(Power.OWNER, with_workspace=True)
def folder_create(request: HttpRequest, access: Access) -> HttpResponse:
    def create(parent: Folder | None, **fields: str) -> Folder:
        return manual_nodes.create_folder(scope=access.scope, parent=parent, by=access.user, **fields)

    return create_node(request, access, Folder, create, template="connections/create_folder.html")


def create_node(
    request: HttpRequest,
    access: Access,
    model: type[Folder] | type[Connection],
    create: Callable[..., Node],
    *,
    template: str,
    next_page: str = "",
    next_step: str = "",
) -> HttpResponse:
    """Ask for a handle and a title, ``create`` the node in the folder that the URL names, and go to one of its pages.

    ``next_step`` is a sentence for the message that says so.
    """
    check_tenant_settings(access)
    scope, parent = access.scope, parent_of(request, access.scope)
    form = node_form(request, scope, model)
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method == "POST" and form.is_valid():
        try:
            made = create(parent, **form.cleaned_data)
        except HandleTakenError:
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        except manual_nodes.FolderGoneError as error:
            messages.error(request, str(error))
            return redirect(scope.url("connection_list"))
        else:
            message = f"Created the {made.kind} {isolated(made.shown)}."
            messages.success(request, " ".join(filter(None, (message, next_step))))
            return redirect(node_url(scope, made) + next_page)
    return render(request, template, {"form": form} | place_context(scope, parent))


def parent_of(request: HttpRequest, scope: Scope) -> Folder | None:
    """Find the folder that ``?folder=`` names, which is where something is to be made; none for the top of the scope.

    Raises Http404 for one of another scope, and PermissionDenied for one that an integration keeps.
    """
    wanted = request.GET.get("folder", "")
    if not wanted:
        return None
    known = Folder.objects.in_scope(scope).select_related("root")
    parent = get_object_or_404(known, pk=key_in(wanted))
    if parent.is_managed:
        raise PermissionDenied(manual_nodes.why_nothing_inside(parent))
    return parent


def place_context(scope: Scope, parent: Folder | None) -> dict[str, object]:
    above = scope.url("connection_list")
    crumbs = [("Connections", above)]
    if parent:
        above = scope.url("folder_detail", folder=parent.pk)
        crumbs.append((parent.shown, above))
    return {"parent": parent, "cancel_url": above, "crumbs": crumbs}


def node_form(
    request: HttpRequest, scope: Scope, model: type[Folder] | type[Connection], of: Node | None = None
) -> NodeForm:
    """Make the form of what a folder or connection is called, from what was posted or is being typed."""
    word = "folder" if model is Folder else "connection"
    return NodeForm(
        what_to_judge(request),
        is_taken=lambda handle: manual_nodes.is_handle_taken(scope, model, handle, but=of),
        taken=f"another {word} of {scope}",
        why_reserved=lambda handle: manual_nodes.why_reserved(model, handle),
        initial={"handle": of.handle, "title": of.title} if of else None,
    )


@scope_view(Power.OWNER, with_workspace=True)
def folder_delete(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    node = find_folder(access, folder)
    extent = deletion.extent_of(node)
    going = [
        Going(extent.folders - 1, "folder below it", "folders below it"),
        Going(extent.connections, "connection", "connections"),
        _losing(extent.workspace_ids),
    ]
    return _delete(request, access, node, "folder", going)


@scope_view(Power.OWNER, with_workspace=True)
def connection_delete(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    node = find_connection(access, connection)
    return _delete(request, access, node, "connection", [_losing(deletion.extent_of(node).workspace_ids)])


def _losing(workspace_ids: Sequence[int]) -> Going:
    handles = deletion.handles_of(workspace_ids)
    return Going(len(handles), "workspace loses schemas", "workspaces lose schemas", handles)


def find_folder(access: Access, pk: int) -> Folder:
    """Find a folder of the scope; raises Http404."""
    return get_object_or_404(Folder.objects.in_scope(access.scope).select_related("root"), pk=pk)


def find_connection(access: Access, pk: int) -> Connection:
    """Find a connection of the scope; raises Http404."""
    return get_object_or_404(Connection.objects.in_scope(access.scope).select_related("folder", "root"), pk=pk)


def _delete(request: HttpRequest, access: Access, node: Node, what: str, going: list[Going]) -> HttpResponse:
    if why := manual_nodes.why_managed(node, "deleted"):
        raise PermissionDenied(why)
    form = ConfirmForm(node.handle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        manual_nodes.delete_node(node=node, by=access.user)
        messages.success(request, f"Deleted the {what} {isolated(node.shown)}.")
        return redirect(access.scope.url("connection_list"))
    warning = "It is removed from all workspaces where it is in use. This action is not reversible!"
    cancel_url = f"{node_url(access.scope, node)}advanced/"
    return show_delete(request, form, what=what, warning=warning, going=going, cancel_url=cancel_url)

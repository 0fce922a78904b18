"""A workspace's schemas: what is in use, and adding and removing it."""

from collections.abc import Callable
from typing import Never

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from connections import actions, browse
from connections.models import Connection, Folder
from connections.schemas import in_use, schema_names, workspace_tree
from connections.schemas.rows import totals
from connections.sharing import Node
from connections.views.workspace import subtabs, workspace_of
from workspaces.access import Access, Power
from workspaces.scoping import workspace_view
from workspaces.web.htmx import htmx, render_page, search_text
from workspaces.web.pagination import numbered_page
from workspaces.wording.names import isolated


@workspace_view()
def schema_list(request: HttpRequest, access: Access) -> HttpResponse:
    """List the schemas of the workspace: where they come from, their state, and where two want one name."""
    text, only_conflicts = search_text(request), "conflicts" in request.GET
    inside = in_use.contents(workspace_of(access.scope))
    total = totals(inside)
    found = schema_names.SchemaList(inside, total, text=text, only_conflicts=only_conflicts)
    page = numbered_page(request, found)
    context: dict[str, object] = {
        "page": page,
        "rows": list(page),
        "folders": sorted(inside.folders.values(), key=lambda folder: folder.title.lower()),
        "total": total,
        "q": text,
        "only_conflicts": only_conflicts,
        "base_url": access.scope.url("connection_list"),
        "aggregators_url": access.scope.url("aggregator_list"),
        "subtabs": subtabs(access.scope),
    }
    return render_page(request, "connections/schemas/list.html", context, parts=("list",))


@workspace_view(Power.OWNER)
@require_POST
def folder_add(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    """Add to schema: a folder with all its present and future connections."""
    return _change(request, access, _folder(access, folder), actions.add_schema, "Added {} to the schema.")


@workspace_view(Power.OWNER)
@require_POST
def folder_remove(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    """Remove from schema: a folder that was added."""
    return _change(request, access, _folder(access, folder), actions.remove_schema, "Removed {} from the schema.")


@workspace_view(Power.OWNER)
@require_POST
def connection_add(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Add to schema: one connection."""
    return _change(request, access, _connection(access, connection), actions.add_schema, "Added {} to the schema.")


@workspace_view(Power.OWNER)
@require_POST
def connection_remove(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Remove from schema: a connection that was added itself."""
    node = _connection(access, connection)
    return _change(request, access, node, actions.remove_schema, "Removed {} from the schema.")


def _folder(access: Access, pk: int) -> Folder:
    folder = Folder.objects.filter(tenant=access.scope.tenant, pk=pk).first()
    return folder if folder and _is_usable(access, folder) else _nothing()


def _connection(access: Access, pk: int) -> Connection:
    found = Connection.objects.filter(tenant=access.scope.tenant, pk=pk).select_related("folder").first()
    return found if found and _is_usable(access, found) else _nothing()


def _is_usable(access: Access, node: Node) -> bool:
    return in_use.contents(workspace_of(access.scope)).visible.has(node)


def _nothing() -> Never:
    raise Http404


def _change(request: HttpRequest, access: Access, node: Node, change: Callable[..., None], done: str) -> HttpResponse:
    """Do it, and answer with the row as it is now, or go back to where the button was."""
    error = ""
    try:
        change(scope=access.scope, node=node, by=access.user)
    except actions.NotAddableError as refused:
        error = str(refused)
    if (htmx(request).target or "").startswith("node-"):
        return _row(request, access, node, error)
    messages.add_message(
        request, messages.ERROR if error else messages.SUCCESS, error or done.format(isolated(node.shown))
    )
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else access.scope.url("connection_list"))


def _row(request: HttpRequest, access: Access, node: Node, error: str) -> HttpResponse:
    inside = in_use.contents(workspace_of(access.scope))
    found = workspace_tree.only(node)[:1]
    browse.fill_in_places(found)
    rows = workspace_tree.mark(access.scope, inside, found)
    rows[0].error = error
    tree = {"rows": rows, "base_url": access.scope.url("connection_list"), "has_places": "place" in request.GET}
    response = render(request, "connections/workspace/rows.html", {"tree": tree})
    if isinstance(node, Folder) and not error:
        trigger_client_event(response, "schema")  # among what a search found may be what is in the folder
    return response

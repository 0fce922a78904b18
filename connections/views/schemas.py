"""A workspace's schemas: what is in use, and adding and removing it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from connections import actions, tree_listing
from connections.delegation import MANAGE, USE, may_manage
from connections.models import Connection, Folder
from connections.schemas import in_use, schema_names, workspace_tree
from connections.schemas.in_use import workspace_of
from connections.schemas.rows import totals
from connections.sharing import Node
from connections.views.workspace import subtabs
from workspaces.access import Access, Power
from workspaces.scoping import View, workspace_view
from workspaces.web.back import came_from
from workspaces.web.htmx import htmx, render_page, search_text
from workspaces.web.pagination import numbered_page
from workspaces.wording.names import isolated


@workspace_view(delegates=USE)
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
        "acts": may_manage(access),
    }
    return render_page(request, "connections/schemas/list.html", context, parts=("list",))


def _changing(nodes: "QuerySet[Any]", change: Callable[..., None], done: str) -> View:
    """Make the view that adds one of these nodes, which the URL names, to the schema or removes it."""

    @workspace_view(Power.OWNER, delegates=MANAGE)
    @require_POST
    def view(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
        (pk,) = ids.values()
        node = get_object_or_404(nodes, tenant=access.scope.tenant, pk=pk)
        if not in_use.contents(workspace_of(access.scope)).visible.has(node):
            raise Http404
        return _change(request, access, node, change, done)

    return view


_FOLDERS, _CONNECTIONS = Folder.objects.all(), Connection.objects.select_related("folder")
folder_add = _changing(_FOLDERS, actions.add_schema, "Added {} to the schema.")
folder_remove = _changing(_FOLDERS, actions.remove_schema, "Removed {} from the schema.")
connection_add = _changing(_CONNECTIONS, actions.add_schema, "Added {} to the schema.")
connection_remove = _changing(_CONNECTIONS, actions.remove_schema, "Removed {} from the schema.")


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
    return redirect(came_from(request, access.scope.url("connection_list")))


def _row(request: HttpRequest, access: Access, node: Node, error: str) -> HttpResponse:
    inside = in_use.contents(workspace_of(access.scope))
    found = workspace_tree.only(node)[:1]
    tree_listing.fill_in_places(found)
    rows = workspace_tree.mark(access.scope, inside, found)
    rows[0].error = error
    tree = {
        "rows": rows,
        "base_url": access.scope.url("connection_list"),
        "has_places": "place" in request.GET,
        "is_flat": "flat" in request.GET,
        "acts": may_manage(access),
    }
    response = render(request, "connections/workspace/rows.html", {"tree": tree})
    if isinstance(node, Folder) and not error:
        trigger_client_event(response, "schema")  # among what a search found may be what is in the folder
    return response

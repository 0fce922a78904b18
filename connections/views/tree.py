"""The tree: the top of a scope, a folder, and what a search finds; one level a page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from connections.delegation import SEE, of_node
from connections.models import Folder
from connections.views.context import folder_page
from connections.views.listing import tree_context
from workspaces.access import Access, Power, check_tenant_settings, holds
from workspaces.scoping import scope_view
from workspaces.web.htmx import htmx, render_page

# Asked for with this parameter by HTMX, a folder's page gives only the rows in it, to open below the folder's own row.
INSIDE = "inside"


@scope_view(Power.OWNER, delegates=holds(*SEE))
def connection_list(request: HttpRequest, access: Access) -> HttpResponse:
    check_tenant_settings(access)
    tree = tree_context(request, access, None)
    context = {"tree": tree, "integrations_url": access.scope.url("integration_list")}
    return render_page(request, "connections/list.html", context, parts=("list",))


@scope_view(Power.OWNER, delegates=of_node(*SEE))
def folder_detail(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    node = get_object_or_404(Folder.objects.in_scope(access.scope), pk=folder)
    tree = tree_context(request, access, node)
    context: dict[str, object] = {"tree": tree, "node": node}
    if htmx(request) and INSIDE in request.GET:
        return render_page(request, "connections/inside.html", context)
    context |= folder_page(request, access, node)
    context["inside"] = f"?folder={node.pk}"
    context["search_all_url"] = f"{tree.base_url}?{tree.wanted.query}"
    return render_page(request, "connections/folder.html", context, parts=("list",))

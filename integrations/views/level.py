"""The tree of an integration for who may see it and owns nothing: it stays within the integration's own pages."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from connections import tree_listing
from connections.models import Folder
from connections.views.listing import TreeContext, tree_context
from connections.views.tree import INSIDE
from integrations.delegation import VIEWERS
from integrations.models import Integration
from integrations.views.frame import find_integration, integration_page
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.htmx import htmx, render_page


@scope_view(Power.OWNER, delegates=VIEWERS)
def integration_folder(request: HttpRequest, access: Access, integration: str, folder: int) -> HttpResponse:
    """Show what is in one folder of the mirror; owners have the folder's own page."""
    found = find_integration(access, integration)
    mirrored = Folder.objects.filter(root=found.root_folder_id, removed_at=None).select_related("root")
    node = get_object_or_404(mirrored, pk=folder)
    if access.can_own:
        return redirect(access.scope.url("folder_detail", folder=node.pk))
    tree = tree_at(request, access, found, node)
    if htmx(request) and INSIDE in request.GET:
        return render_page(request, "connections/inside.html", {"tree": tree, "node": node})
    above = [(each.shown, f"{tree.base_url}folders/{each.pk}/") for each in tree_listing.line_to(node)[1:]]
    page = integration_page(access, found, above or [(node.shown, "")], tree=tree, node=node)
    return render_page(request, "integrations/folder.html", page, parts=("list",))


def tree_at(request: HttpRequest, access: Access, integration: Integration, folder: Folder) -> TreeContext:
    """Read one page of a folder of the mirror; for who owns nothing, its rows lead to what is in them alone."""
    tree = tree_context(request, access, folder)
    return tree if access.can_own else replace(tree, base_url=nodes_url(access, integration), acts=(), is_bare=True)


def nodes_url(access: Access, integration: Integration) -> str:
    """Give what the addresses of the folders of a mirror begin with, for this person."""
    if access.can_own:
        return access.scope.url("connection_list")
    return access.scope.url("integration_detail", integration=integration.handle)

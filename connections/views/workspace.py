"""A workspace's Connections: the tree of what it may use, and one folder or connection of it."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from connections import tree_listing
from connections.delegation import USE, may_manage
from connections.models import Connection
from connections.schemas import in_use, workspace_tree
from connections.schemas.conflicts import mark_conflicts
from connections.schemas.in_use import Contents, FolderOnLine, workspace_of
from connections.schemas.rows import SchemaRow
from connections.search.filters import NodeFilter
from connections.search.used import Used
from connections.tree_listing import Listing
from connections.views.listing import SCHEMA_ACTS, TreeContext, wanted_of
from connections.views.tree import INSIDE
from workspaces.access import Access, Power, Scope, power_in
from workspaces.database import at_most_one
from workspaces.models import Workspace
from workspaces.scoping import workspace_view
from workspaces.web.htmx import htmx, render_page
from workspaces.web.pagination import numbered_page

# Regions are an option, of which only owners of the connections know.
FILTERS: Final = ("kind", "state", "health", "handle", "schema", "ou")


@workspace_view(delegates=USE)
def usable_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show where the tree of what the workspace may use begins, or what a search finds in all of it."""
    inside = in_use.contents(workspace_of(access.scope))
    tree = _tree(request, access, inside, workspace_tree.tops(inside), has_places=True)
    organization = Scope(access.scope.tenant, access.scope.organization)
    can_share = power_in(organization, access.memberships) == Power.OWNER
    context: dict[str, object] = {
        "tree": tree,
        "subtabs": subtabs(access.scope),
        "share_url": organization.url("connection_list") if can_share else "",
    }
    return render_page(request, "connections/workspace/list.html", context, parts=("list",))


def contents_of(workspace: Workspace, below: int | None) -> Contents:
    """Read what a workspace has, or has below one folder; raises Http404 for one that it may not use."""
    inside = in_use.contents(workspace, folder_id=below)
    if below is not None and not (inside.line and inside.visible.cover.has(inside.path)):
        raise Http404
    return inside


@workspace_view(delegates=USE)
def usable_folder(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    inside = contents_of(workspace_of(access.scope), folder)
    tree = _tree(request, access, inside, workspace_tree.children(folder), has_places=False)
    here = inside.line[-1]
    context: dict[str, object] = {"tree": tree, "node": here}
    if htmx(request) and INSIDE in request.GET:
        return render_page(request, "connections/workspace/inside.html", context)
    base_url, above = tree.base_url, "".join(f"{one.id}/" for one in inside.line[:-1])
    context |= {
        "crumbs": _crumbs(access.scope, inside),
        "owner": workspace_tree.owner_of(access.scope, here),
        "managed_by": inside.line[0].managed_by,
        "is_added": folder in inside.folders,
        "acts": bool(tree.acts),
        "from_folder": inside.covering(above),
        "tabs": _own_tabs(access, here, f"{base_url}folders/{folder}/", "Connections", "config/"),
        "inside": f"?folder={folder}",
        "search_all_url": f"{base_url}?{tree.wanted.query}",
    }
    return render_page(request, "connections/workspace/folder.html", context, parts=("list",))


@workspace_view(delegates=USE)
def usable_connection(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    node = at_most_one(Connection.objects.filter(pk=connection).select_related("folder__root"))
    inside = in_use.contents(workspace_of(access.scope), folder_id=node.folder_id if node else None)
    if node is None or not inside.visible.has(node):
        raise Http404
    path = node.path_above
    is_added, folder = node.pk in inside.connections_since, inside.covering(path)
    row = SchemaRow("connection", node.pk, node.handle, path=path)
    if is_added or folder:
        mark_conflicts(inside, [row])
    context = {
        "node": node,
        "base_url": access.scope.url("connection_list"),
        "crumbs": _crumbs(access.scope, inside, is_whole=True),
        "owner": workspace_tree.owner_of(access.scope, node),
        "managed_by": node.folder.root.managed_by if node.folder and node.folder.root else "",
        "is_added": is_added,
        "from_folder": folder,
        "acts": may_manage(access),
        "conflict": row.conflict,
        "how_to_write": row.how_to_write,
        "tabs": _own_tabs(access, node, request.path, "Connection", "access/"),
    }
    return render(request, "connections/workspace/connection.html", context)


def _own_tabs(
    access: Access, node: FolderOnLine | Connection, url: str, first: str, settings: str
) -> list[tuple[str, str]]:
    """Give the tabs of what the workspace itself owns, for owners; what is shared has its settings elsewhere."""
    is_own = node.workspace_id is not None and access.can_own
    return [(first, url), ("Settings", f"{url}{settings}")] if is_own else []


def subtabs(scope: Scope) -> list[tuple[str, str]]:
    return [("Available", scope.url("connection_list")), ("In use", scope.url("schema_list"))]


def _tree(request: HttpRequest, access: Access, inside: Contents, rows: Listing, *, has_places: bool) -> TreeContext:
    """Read one page of rows, or of what the URL asks for below them."""
    wanted = wanted_of(request, FILTERS)
    is_search = bool(wanted.q or wanted.is_flat)
    listing = found_in(inside, wanted) if is_search else rows
    page = numbered_page(request, listing)
    found = list(page)
    if is_search or has_places:
        tree_listing.fill_in_places(found)
    scope = access.scope
    marked = workspace_tree.mark(scope, inside, found)
    below = inside.line[-1].id if inside.line else None
    base_url = scope.url("connection_list")
    acts = SCHEMA_ACTS if may_manage(access) else ()
    return TreeContext(page, marked, wanted, base_url, "", FILTERS, has_tops=has_places, below=below, acts=acts)


def found_in(inside: Contents, wanted: NodeFilter) -> Listing:
    """List what the workspace may use and the filter lets through."""
    used = Used(inside.cover.connections(), list(inside.connections_since))
    return wanted.narrow(workspace_tree.search(inside, wanted.q), used, inside.visible.folders)


def _crumbs(scope: Scope, inside: Contents, *, is_whole: bool = False) -> list[tuple[str, str]]:
    """Name the way down; folders that are not shared with the workspace are named, but lead nowhere."""
    base = scope.url("connection_list")
    line, path, steps = inside.line if is_whole else inside.line[:-1], "", []
    for one in line:
        path += f"{one.id}/"
        steps.append((one.title, f"{base}folders/{one.id}/" if inside.visible.cover.has(path) else ""))
    return [("Connections", base), *steps]

"""What the pages of folders and connections need: where they are, their tabs, who manages them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from connections import tree_listing
from connections.delegation import CONFIGURE, SEE, SHARE, Reach
from connections.models import Connection, Folder
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb


def folder_page(request: HttpRequest, access: Access, folder: Folder) -> dict[str, Any]:
    """Make what all pages of a folder show: where it is, its tabs, and who manages it."""
    scope = access.scope
    tabs = [("Connections", node_url(scope, folder)), ("Settings", _first_settings(scope, folder))]
    tabs += _used_by(access, folder)
    return _node_page(request, access, tree_listing.line_to(folder)) | {"kind": "Folder", "tabs": tabs}


def connection_page(request: HttpRequest, access: Access, node: Connection) -> dict[str, Any]:
    """Make what all pages of a connection show."""
    scope = access.scope
    line: list[Folder | Connection] = [*tree_listing.line_to(node.folder), node]
    tabs = [("Settings", _first_settings(scope, node))]
    if scope.workspace:
        tabs.insert(0, ("Connection", node_url(scope, node)))
    tabs += _used_by(access, node)
    return _node_page(request, access, line) | {"kind": "Connection", "tabs": tabs}


def node_url(scope: Scope, node: Folder | Connection) -> str:
    """Give the URL that those of all pages of a node begin with."""
    if isinstance(node, Folder):
        return scope.url("folder_detail", folder=node.pk)
    return scope.url("connection_detail", connection=node.pk)


def settings_page(request: HttpRequest, access: Access, node: Folder | Connection, name: str) -> dict[str, Any]:
    """Make what the page of a node's settings that has this name shows: the frame, and the navigation at its side.

    What a workspace owns it has for itself: there is nobody to share it with. The first page of a connection's
    settings is the connection's own.
    """
    scope = access.scope
    page = folder_page(request, access, node) if isinstance(node, Folder) else connection_page(request, access, node)
    base, first = node_url(scope, node), _first_settings(scope, node)
    links = [] if scope.workspace else [("Properties", first)]
    if not scope.workspace and Reach.of(access, *SHARE).has(node):
        links.append(("Permissions", f"{base}permissions/"))
    if Reach.of(access, *CONFIGURE).has(node):
        config = "config/" if node.is_managed or isinstance(node, Folder) else "access/"
        links += [("Config", base + config), ("Advanced", base + ("handle/" if node.is_managed else "advanced/"))]
    if access.can_own and not scope.workspace:
        links.append(("Delegates", f"{base}delegates/"))
    page |= {"current_url": first, "side_links": links, "settings_name": name}
    if dict(links)[name] == base:
        return page
    return page | {"page_name": name, "crumbs": [*page["crumbs"], (node.shown, base)]}


def _first_settings(scope: Scope, node: Folder | Connection) -> str:
    base = node_url(scope, node)
    if scope.workspace:
        return f"{base}config/" if isinstance(node, Folder) else f"{base}access/"
    return f"{base}settings/" if isinstance(node, Folder) else base


def _used_by(access: Access, node: Folder | Connection) -> list[tuple[str, str]]:
    """Give owners the tab that says which workspaces use it; what a workspace owns it alone uses."""
    if access.scope.workspace or not access.can_own:
        return []
    return [("Used by", f"{node_url(access.scope, node)}used-by/")]


def _node_page(request: HttpRequest, access: Access, line: Sequence[Folder | Connection]) -> dict[str, Any]:
    """Make the way down to a node; what lies above what was delegated is named, but leads nowhere."""
    scope, seen = access.scope, Reach.of(access, *SEE)
    base = scope.url("connection_list")
    above = [
        (one.shown, f"{base}folders/{one.pk}/" if seen.has_folder(one.path) else "")
        for one in line[:-1]
        if isinstance(one, Folder)
    ]
    managed_by = line[0].managed_by if isinstance(line[0], Folder) else ""
    return {
        "node": line[-1],
        "page_name": line[-1].shown,
        "titles_above": {folder.pk: folder.shown for folder in line[:-1]},
        "crumbs": [("Connections", base), *above],
        "current_url": request.path,
        "managed_by": managed_by,
        "integration_url": scope.url("integration_detail", integration=managed_by)
        if managed_by and _may_see_integration(access, managed_by)
        else "",
    }


def _may_see_integration(access: Access, handle: str) -> bool:
    """Whether the page of the integration that manages a node opens to this person."""
    return access.can_own or any(one.is_called(handle) for one in access.held_here.that_give(Verb.VIEW_INTEGRATION))

"""What the pages of folders and connections need: where they are, their tabs, who manages them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from connections import tree_listing
from connections.models import Connection, Folder
from workspaces.access import Scope


def folder_page(request: HttpRequest, scope: Scope, folder: Folder) -> dict[str, Any]:
    """Make what all pages of a folder show: where it is, its tabs, and who manages it."""
    tabs = [("Connections", node_url(scope, folder)), ("Settings", _first_settings(scope, folder))]
    tabs += _used_by(scope, folder)
    return _node_page(request, scope, tree_listing.line_to(folder)) | {"kind": "Folder", "tabs": tabs}


def connection_page(request: HttpRequest, scope: Scope, node: Connection) -> dict[str, Any]:
    """Make what all pages of a connection show."""
    line: list[Folder | Connection] = [*tree_listing.line_to(node.folder), node]
    tabs = [("Settings", _first_settings(scope, node))]
    if scope.workspace:
        tabs.insert(0, ("Connection", node_url(scope, node)))
    tabs += _used_by(scope, node)
    return _node_page(request, scope, line) | {"kind": "Connection", "tabs": tabs}


def node_url(scope: Scope, node: Folder | Connection) -> str:
    """Give the URL that those of all pages of a node begin with."""
    if isinstance(node, Folder):
        return scope.url("folder_detail", folder=node.pk)
    return scope.url("connection_detail", connection=node.pk)


def settings_page(request: HttpRequest, scope: Scope, node: Folder | Connection, name: str) -> dict[str, Any]:
    """Make what the page of a node's settings that has this name shows: the frame, and the navigation at its side.

    What a workspace owns it has for itself: there is nobody to share it with. The first page of a connection's
    settings is the connection's own.
    """
    page = folder_page(request, scope, node) if isinstance(node, Folder) else connection_page(request, scope, node)
    base, first = node_url(scope, node), _first_settings(scope, node)
    links = [] if scope.workspace else [("Properties", first), ("Permissions", f"{base}permissions/")]
    if node.is_managed:
        links += [("Config", f"{base}config/"), ("Advanced", f"{base}handle/")]
    else:
        links.append(("Config", f"{base}config/" if isinstance(node, Folder) else f"{base}access/"))
        links.append(("Advanced", f"{base}advanced/"))
    links += [] if scope.workspace else [("Delegates", f"{base}delegates/")]
    page |= {"current_url": first, "side_links": links, "settings_name": name}
    if dict(links)[name] == base:
        return page
    return page | {"page_name": name, "crumbs": [*page["crumbs"], (node.shown, base)]}


def _first_settings(scope: Scope, node: Folder | Connection) -> str:
    base = node_url(scope, node)
    if scope.workspace:
        return f"{base}config/" if isinstance(node, Folder) else f"{base}access/"
    return f"{base}settings/" if isinstance(node, Folder) else base


def _used_by(scope: Scope, node: Folder | Connection) -> list[tuple[str, str]]:
    """Give the tab that says which workspaces use it; what a workspace owns it alone uses."""
    return [] if scope.workspace else [("Used by", f"{node_url(scope, node)}used-by/")]


def _node_page(request: HttpRequest, scope: Scope, line: Sequence[Folder | Connection]) -> dict[str, Any]:
    base = scope.url("connection_list")
    above = [(folder.shown, f"{base}folders/{folder.pk}/") for folder in line[:-1]]
    managed_by = line[0].managed_by if isinstance(line[0], Folder) else ""
    return {
        "node": line[-1],
        "page_name": line[-1].shown,
        "titles_above": {folder.pk: folder.shown for folder in line[:-1]},
        "crumbs": [("Connections", base), *above],
        "current_url": request.path,
        "managed_by": managed_by,
        "integration_url": scope.url("integration_detail", integration=managed_by) if managed_by else "",
    }

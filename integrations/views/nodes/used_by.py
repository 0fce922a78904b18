"""*Used by*: the workspaces that use a folder or connection, what they would lose with it, and which could add it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.models import Folder
from connections.sharing import Node
from connections.views.context import connection_page, folder_page, node_url
from integrations.nodes.uses import WorkspaceUse, uses_of_node
from integrations.views.nodes.page import find_node
from integrations.views.workspace_impact import Lines, groups_of, workspace_url
from workspaces.access import Access, Power, Scope
from workspaces.models import Workspace
from workspaces.scoping import scope_view
from workspaces.web.pagination import numbered_page

_NAMES: Final = 3  # of each kind and workspace
_OFFERED: Final = 10  # workspaces to add it to

Link = tuple[str, str]  # what it says and where it leads


@dataclass(frozen=True, slots=True)
class Row:
    """One workspace that uses the node: ``url`` is where it does, ``added`` what was added to it."""

    name: str
    url: str
    connections: int
    is_itself: bool
    folders: Sequence[Link]
    single: Sequence[Link]
    more: int
    losses: Sequence[Lines]


@dataclass(frozen=True, slots=True)
class Offer:
    """A workspace that may use the node and does not; ``add_url`` takes a POST."""

    name: str
    url: str
    add_url: str


@scope_view(Power.OWNER)
@require_safe
def used_by(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
    """Show who uses a node of the scope; its owners are owners of every workspace that can."""
    node, scope = find_node(access, **ids), access.scope
    context = folder_page(request, scope, node) if isinstance(node, Folder) else connection_page(request, scope, node)
    found = uses_of_node(node, context["titles_above"])
    page = numbered_page(request, found.users)
    context |= {
        "page_name": "Used by",
        "crumbs": [*context["crumbs"], (node.shown, node_url(scope, node))],
        "page": page,
        "rows": [_row(scope, node, use) for use in page],
        "users": len(found.users),
        "allowed": found.allowed,
        "offers": [_offer(scope, node, space) for space in found.waiting[:_OFFERED]],
        "more_offers": len(found.waiting[_OFFERED:]),
        "permissions_url": f"{request.path.removesuffix('used-by/')}permissions/",
    }
    return render(request, "integrations/nodes/used_by.html", context)


def _row(scope: Scope, node: Node, use: WorkspaceUse) -> Row:
    base = workspace_url(scope.tenant, use.name)
    own = _path_of(node)
    names = list(use.single.items())
    return Row(
        name=use.name,
        url=f"{base}connections/{own}" if use.is_whole else f"{base}connections/in-use/",
        connections=use.connections,
        is_itself=node.pk in (use.folders if isinstance(node, Folder) else use.single),
        folders=[(title, f"{base}connections/folders/{pk}/") for pk, title in use.folders.items()],
        single=[(handle, f"{base}connections/{pk}/") for pk, handle in names[:_NAMES]],
        more=len(names[_NAMES:]),
        losses=groups_of(use.lost, base, most=_NAMES) if use.lost else (),
    )


def _offer(scope: Scope, node: Node, space: Workspace) -> Offer:
    name = f"{space.organization}/{space}"
    url = f"{workspace_url(scope.tenant, name)}connections/{_path_of(node)}"
    return Offer(name, url, f"{url}add/")


def _path_of(node: Node) -> str:
    return f"folders/{node.pk}/" if isinstance(node, Folder) else f"{node.pk}/"

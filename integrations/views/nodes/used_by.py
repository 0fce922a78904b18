"""*Used by*: the workspaces that use a folder or connection, what they would lose with it, and which could add it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.models import Folder
from connections.sharing import Node
from connections.views.context import connection_page, folder_page, node_url
from integrations.nodes import used_by as uses
from integrations.nodes.used_by import WorkspaceUse, uses_of_node
from integrations.planning import workspace_impact
from integrations.planning.workspace_impact import WorkspaceImpact
from integrations.views import workspace_impact as impact_view
from integrations.views.nodes.page import find_node
from integrations.views.workspace_impact import Lines, groups_of, workspace_url
from workspaces.access import Access, Power, Scope
from workspaces.models import Workspace
from workspaces.scoping import scope_view
from workspaces.web import remembered
from workspaces.web.pagination import numbered_page

_NAMES: Final = 3  # of each kind and workspace
_OFFERED: Final = 10  # workspaces to add it to

_CODE: Final = remembered.code_of(uses, workspace_impact, impact_view, sys.modules[__name__])

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
    context = folder_page(request, access, node) if isinstance(node, Folder) else connection_page(request, access, node)
    # Its address has the names of all places in it.
    key = ("used by", _CODE, request.path, request.GET.get("page"))
    users, about = remembered.remember(lambda: _uses(request, scope, node), *key)
    context |= about | {
        "page_name": "Used by",
        "crumbs": [*context["crumbs"], (node.shown, node_url(scope, node))],
        "page": numbered_page(request, range(users)),
        "users": users,
        "permissions_url": f"{request.path.removesuffix('used-by/')}permissions/",
    }
    return render(request, "integrations/nodes/used_by.html", context)


def _uses(request: HttpRequest, scope: Scope, node: Node) -> tuple[int, dict[str, object]]:
    """Find how many use the node, and what the page says of those on it and of those who do not."""
    found = uses_of_node(node)
    shown = list(numbered_page(request, found.users))
    losses = found.losses(shown)
    return len(found.users), {
        "rows": [_row(scope, node, use, losses.get(use.owner.workspace_id)) for use in shown],
        "allowed": found.allowed,
        "offers": [_offer(scope, node, space) for space in found.waiting[:_OFFERED]],
        "more_offers": len(found.waiting[_OFFERED:]),
    }


def _row(scope: Scope, node: Node, use: WorkspaceUse, lost: WorkspaceImpact | None) -> Row:
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
        losses=groups_of(lost, base, most=_NAMES) if lost else (),
    )


def _offer(scope: Scope, node: Node, space: Workspace) -> Offer:
    name = f"{space.organization}/{space}"
    url = f"{workspace_url(scope.tenant, name)}connections/{_path_of(node)}"
    return Offer(name, url, f"{url}add/")


def _path_of(node: Node) -> str:
    return f"folders/{node.pk}/" if isinstance(node, Folder) else f"{node.pk}/"

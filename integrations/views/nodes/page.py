"""What the settings pages of folders and connections share: finding the node, and asking to confirm."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from connections.sharing import Node
from connections.views.manual_nodes import find_connection, find_folder
from integrations.settings.change import UnseenImpactError
from integrations.views.workspace_impact import impact_context
from workspaces.access import Access


def find_node(access: Access, **ids: int) -> Node:
    """Find the node of the scope that the URL names, as ``folder`` or as ``connection``; raises Http404."""
    return find_folder(access, ids["folder"]) if "folder" in ids else find_connection(access, ids["connection"])


def show_node_impact(
    request: HttpRequest, access: Access, page: dict[str, object], unseen: UnseenImpactError, *, lead: str, act: str
) -> HttpResponse:
    """Ask whether a change may be saved that affects workspaces."""
    context = page | impact_context(request, access, unseen, lead=lead, act=act, cancel_url=request.path)
    return render(request, "integrations/nodes/impact.html", context)


def show_handle_impact(
    request: HttpRequest, access: Access, page: dict[str, object], unseen: UnseenImpactError
) -> HttpResponse:
    """Ask whether a connection may be called otherwise."""
    count = len(unseen.impacts)
    lead = (
        f"{count:,} workspace{' uses' if count == 1 else 's use'} this connection. Search paths and patterns that"
        " people typed are never rewritten."
    )
    return show_node_impact(request, access, page, unseen, lead=lead, act="Rename connection")

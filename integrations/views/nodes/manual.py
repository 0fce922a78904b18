"""The Advanced page of what was made by hand: what it is called, and what that means to workspaces."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from connections import manual_nodes
from connections.delegation import CONFIGURE, of_node
from connections.errors import HandleTakenError
from connections.forms.node import NodeForm
from connections.models import Connection, Folder
from connections.sharing import Node
from connections.views.context import node_url, settings_page
from connections.views.manual_nodes import node_form
from integrations.nodes import managed
from integrations.settings.change import UnseenImpactError
from integrations.views.nodes.page import find_node, show_handle_impact
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.htmx import asks_about_field, field_status
from workspaces.wording.names import isolated


@scope_view(Power.OWNER, with_workspace=True, delegates=of_node(*CONFIGURE))
@require_http_methods(["GET", "HEAD", "POST"])
def node_advanced(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
    """Change what a folder or connection made by hand is called, and lead to its deletion."""
    node, scope = find_node(access, **ids), access.scope
    why_managed = manual_nodes.why_managed(node, "renamed, moved or deleted")
    form = node_form(request, scope, type(node), node)
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    context = settings_page(request, access, node, "Advanced")
    if request.method == "POST":
        if why_managed:
            raise PermissionDenied(why_managed)
        try:
            if form.is_valid() and _change(request, form, access, node):
                messages.success(request, f"Saved {isolated(node.shown)}.")
                return redirect(request.path)
        except UnseenImpactError as unseen:
            return show_handle_impact(request, access, context, unseen)
    base = node_url(scope, node)
    context |= {"form": form, "why_managed": why_managed, "delete_url": f"{base}delete/"}
    return render(request, "integrations/nodes/advanced.html", context)


def _change(request: HttpRequest, form: NodeForm, access: Access, node: Node) -> bool:
    before, seen = (node.handle, node.title), request.POST.get("seen_impact", "")
    try:
        managed.rename_manual_node(node=node, seen_impact=seen, by=access.user, **form.cleaned_data)
    except (Folder.DoesNotExist, Connection.DoesNotExist):
        raise Http404 from None
    except HandleTakenError:
        form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        node.handle, node.title = before
        return False
    return True

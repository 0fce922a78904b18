"""Settings → Delegates of a folder or connection."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from connections.models import Folder
from connections.tree import ids_on
from connections.views.context import settings_page
from integrations.views.nodes.page import find_node
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.views.delegation.page import delegates_page


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def node_delegates(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
    """Show and change who may do what to a node, with what it inherits."""
    node = find_node(access, **ids)
    above = list(Folder.objects.in_scope(access.scope).filter(pk__in=ids_on(node.path_above)))
    page = settings_page(request, access, node, "Delegates")
    page |= {"delegates_base": access.scope.url("connection_list"), "here": f"This {node.kind}"}
    return delegates_page(request, access, node, "integrations/nodes/delegates.html", page, above=above)

"""Settings of folders; what an integration manages is shown, not changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from connections.delegation import SEE, of_node
from connections.models import Folder
from connections.views.context import settings_page
from workspaces.access import Access, Power
from workspaces.scoping import scope_view


@scope_view(Power.OWNER, delegates=of_node(*SEE))
def folder_settings(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    node = get_object_or_404(Folder.objects.in_scope(access.scope), pk=folder)
    source_label = "AWS root ID" if node.root_id == node.pk else "OU ID"
    context = settings_page(request, access, node, "Properties") | {"source_label": source_label}
    return render(request, "connections/settings.html", context)

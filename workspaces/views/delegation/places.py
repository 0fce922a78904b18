"""People → Delegates, of a tenant, an organization or a workspace."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.views.delegation import listed
from workspaces.views.delegation.page import delegates_page


@scope_view(Power.OWNER, with_workspace=True)
@require_http_methods(["GET", "HEAD", "POST"])
def place_delegates(request: HttpRequest, access: Access) -> HttpResponse:
    """Show and change who may do what to the place itself; of a tenant or organization show what is inside too."""
    frame: dict[str, object] = {}
    if not access.scope.workspace:
        frame["page"], frame["listed"] = listed.inside(request, access.scope)
    return delegates_page(request, access, access.scope.place, "workspaces/delegates/page.html", frame)

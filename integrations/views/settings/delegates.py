"""Advanced → Delegates of an integration."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from integrations.views.frame import find_integration, integration_page
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.views.delegation.page import delegates_page


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_delegates(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show and change who may do what to the integration."""
    found = find_integration(access, integration)
    advanced = access.scope.url("integration_advanced", integration=integration)
    page = integration_page(access, found, [("Advanced", advanced), ("Delegates", "")], current_url=advanced)
    return delegates_page(request, access, found, "integrations/settings/delegates.html", page)

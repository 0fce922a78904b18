"""The files of lists: all that the list's address shows, on all its pages, as CSV or JSON."""

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from connections.delegation import SEE, USE, Reach
from connections.models import Folder
from connections.schemas.in_use import workspace_of
from connections.search import filters
from connections.search.export import CONTENT_TYPES, export
from connections.tree_listing import Listing
from connections.views.listing import wanted_of
from connections.views.workspace import FILTERS, contents_of, found_in
from workspaces.access import Access, Power, holds
from workspaces.scoping import scope_view, workspace_view
from workspaces.web.inputs import key_in


@scope_view(Power.OWNER, delegates=holds(*SEE))
@require_safe
def node_export(request: HttpRequest, access: Access) -> StreamingHttpResponse:
    """Send what a list of the scope shows, or one below the folder that ``?below=`` names."""
    below = _below(request)
    folder = get_object_or_404(Folder.objects.in_scope(access.scope), pk=below) if below is not None else None
    found = filters.find(access.scope, wanted_of(request), below=folder)
    return _file(request, access, Reach.of(access, *SEE).narrow(found), has_reasons=True)


@workspace_view(delegates=USE)
@require_safe
def usable_export(request: HttpRequest, access: Access) -> StreamingHttpResponse:
    """Send what a list of the workspace shows, of what it may use."""
    below = _below(request)
    inside = contents_of(workspace_of(access.scope), below)
    return _file(request, access, found_in(inside, wanted_of(request, FILTERS)), has_reasons=False)


def _below(request: HttpRequest) -> int | None:
    text = request.GET.get("below")
    return None if text is None else key_in(text) or 0


def _file(request: HttpRequest, access: Access, listing: Listing, *, has_reasons: bool) -> StreamingHttpResponse:
    form = request.GET.get("format", "csv")
    if form not in CONTENT_TYPES:
        raise Http404
    name = f"connections-{str(access.scope).replace('/', '-')}-{timezone.now():%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""}
    lines = export(listing, form, tenant_id=access.scope.tenant.pk, has_reasons=has_reasons)
    return StreamingHttpResponse(lines, content_type=CONTENT_TYPES[form], headers=headers)

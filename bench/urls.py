"""The console's URLs, and beside them the views that its pages are compared with."""

from html import escape

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path

from connections import tree_listing
from connections.models import Connection, Folder
from connections.search.filters import NodeFilter
from connections.views.listing import TreeContext
from pipes.urls import urlpatterns as console
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Organization


class ConnectionAdmin(admin.ModelAdmin):
    """Django's admin, made to show as many rows at once as we have."""

    list_display = ("title", "handle", "source_id", "state", "folder")
    list_per_page = 500
    list_select_related = ("folder",)
    ordering = ("title",)
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        """Show the list of the tenant that a header names."""
        with isolation.as_tenant(int(request.headers["X-Tenant"])):
            return super().changelist_view(request, extra_context).render()


class Site(admin.AdminSite):
    """Django's admin as it comes: the operator's asks for a second factor, and shows nothing of tenants."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in who is signed in."""
        return request.user.is_authenticated


_site = Site(name="bench")
_site.register(Connection, ConnectionAdmin)


def empty(request: HttpRequest) -> HttpResponse:
    """Do nothing, behind the same middleware."""
    return HttpResponse("ok")


def written_out(request: HttpRequest, organization: int, folder: int) -> HttpResponse:
    """Show all of a folder by f-strings."""
    with isolation.as_tenant(_tenant_of(request)):
        _scope, rows = _rows(organization, folder)
        return HttpResponse("".join(map(_row, rows)))


def all_at_once(request: HttpRequest, organization: int, folder: int) -> HttpResponse:
    """Show all of a folder by our template, without pages."""
    with isolation.as_tenant(_tenant_of(request)):
        scope, rows = _rows(organization, folder)
        tree = TreeContext(None, rows, NodeFilter(), scope.url("connection_list"), scope.place.handle)  # type: ignore
        return HttpResponse(render_to_string("connections/rows.html", {"tree": tree}))


def whole_by_template(request: HttpRequest, organization: int, folder: int) -> HttpResponse:
    """Show a whole tree at once by our template, without pages."""
    with isolation.as_tenant(_tenant_of(request)):
        place = Organization.objects.select_related("tenant").get(pk=organization)
        scope = Scope(place.tenant, place)
        listing = tree_listing.search(scope, "", below=Folder.objects.get(pk=folder))
        tree = TreeContext(None, listing[0 : len(listing)], NodeFilter(), "", "")  # type: ignore
        return HttpResponse(render_to_string("connections/rows.html", {"tree": tree}))


def whole(request: HttpRequest, organization: int, folder: int) -> HttpResponse:
    """Show a whole tree at once by f-strings: folder by folder in the order of the tree, connections in them."""
    with isolation.as_tenant(_tenant_of(request)):
        folders = Folder.objects.filter(root=folder).order_by("path").values_list("id", "title", "handle")
        inside: dict[int, list[str]] = {}
        found = Connection.objects.filter(root=folder).values_list("id", "folder_id", "title", "handle", "source_id")
        for pk, above, title, handle, source_id in found:
            inside.setdefault(above, []).append(_line(pk, title, handle, source_id))
        lines = (_line(pk, title, handle, "") + "".join(inside.get(pk, [])) for pk, title, handle in folders)
        return HttpResponse("".join(lines))


def _tenant_of(request: HttpRequest) -> int:
    return int(request.GET["tenant"])


def _rows(organization: int, folder: int) -> tuple[Scope, list[tree_listing.Row]]:
    place = Organization.objects.select_related("tenant").get(pk=organization)
    scope = Scope(place.tenant, place)
    listing = tree_listing.children(scope, Folder.objects.get(pk=folder))
    return scope, listing[0 : len(listing)]


def _row(row: tree_listing.Row) -> str:
    return (
        f'<li><div class="tree-row"><span class="tree-leaf"></span><span class="tree-name"><svg class="icon" width="16"'
        f' height="16" aria-hidden="true"><use href="#icon-connection" /></svg><a href="{row.id}/"><bdi>'
        f"{escape(row.title)}</bdi></a><code>{escape(row.handle)}</code></span>"
        f'<code class="tree-id">{escape(row.source_id)}</code><span class="tree-state"><span class="chip chip-green">'
        f'{escape(str(row.state_label))}</span></span><span class="tree-manager"><span class="chip">'
        f'{escape(row.managed_by)}</span></span><a class="icon-button" href="{row.id}/" aria-label="Settings of'
        f' {escape(row.title)}" title="Settings"><svg class="icon" width="16" height="16" aria-hidden="true"><use'
        f' href="#icon-settings" /></svg></a></div></li>'
    )


def _line(pk: int, title: str, handle: str, source_id: str) -> str:
    return (
        f'<li><a href="{pk}/"><bdi>{escape(title)}</bdi></a><code>{escape(handle)}</code><code>{source_id}</code>'
        f'<a href="{pk}/settings/" aria-label="Settings of {escape(title)}">Settings</a></li>'
    )


urlpatterns = [
    path("bench/admin/", _site.urls),
    *console,
    path("bench/empty/", empty),
    path("bench/written-out/<int:organization>/<int:folder>/", written_out),
    path("bench/all-at-once/<int:organization>/<int:folder>/", all_at_once),
    path("bench/whole-by-template/<int:organization>/<int:folder>/", whole_by_template),
    path("bench/whole/<int:organization>/<int:folder>/", whole),
]

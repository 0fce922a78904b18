"""Lists of places: home, the organizations of a tenant, the workspaces of an organization, and the switchers."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from workspaces import isolation
from workspaces.access import Access, Power, Scope, check_tenant_settings
from workspaces.models import Membership, Plan, Role, Tenant, User
from workspaces.places import actions, lookup
from workspaces.places.lookup import Place, PlaceRow
from workspaces.scoping import account_view, organization_view, scope_view, tenant_view
from workspaces.web.back import came_from
from workspaces.web.htmx import htmx, render_page, search_text
from workspaces.web.pagination import numbered_page

MENU_SIZE = 20
_HOMES = {"tenant": "tenant_home", "org": "organization_home"}


@account_view
def home(request: HttpRequest, user: User) -> HttpResponse:
    """Open the one place that the person belongs to, else let them choose, or say what to do without any."""
    tenants = list(lookup.tenants_of(user)[:2])
    if not tenants:
        return render(request, "workspaces/no_tenant.html")
    return redirect("switch_tenant") if len(tenants) > 1 else redirect(_first_page(user, Scope(tenants[0])))


def _first_page(user: User, scope: Scope) -> str:
    """Give where somebody of one tenant begins: in their organization where they may enter just one."""
    with isolation.as_tenant(scope.tenant.pk):
        access = Access(user, scope, tuple(Membership.objects.filter(user=user, tenant=scope.tenant)))
        found = list(lookup.organizations_for(access)[:2])
    return Scope(scope.tenant, found[0]).url("organization_home") if len(found) == 1 else scope.url("tenant_home")


@scope_view(Power.OWNER)
@require_POST
def first_steps_hide(request: HttpRequest, access: Access) -> HttpResponse:
    actions.hide_first_steps(scope=access.scope, by=access.user, now=timezone.now())
    return redirect(came_from(request, access.scope.url(_HOMES[access.scope.level])))


@tenant_view()
def tenant_home(request: HttpRequest, access: Access) -> HttpResponse:
    return _organizations(
        request,
        access,
        {"heading": access.scope.tenant.name, "is_home": True, "settings_url": access.scope.url("tenant_settings")},
    )


@tenant_view(Power.OWNER)
def tenant_settings(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the same as the first tab of Tenant Settings."""
    check_tenant_settings(access)
    return _organizations(request, access, {"heading": "Organizations"})


def _organizations(request: HttpRequest, access: Access, context: dict[str, object]) -> HttpResponse:
    query, page = _page(request, lookup.organizations_for(access))
    rows = _rows(access, "organization", page)
    context |= {"page": page, "rows": rows, "q": query, "create_url": access.scope.url("organization_create")}
    return render_page(request, "workspaces/organizations.html", context, parts=("list",))


@organization_view()
def organization_home(request: HttpRequest, access: Access) -> HttpResponse:
    query, page = _page(request, lookup.workspaces_for(access))
    rows = _rows(access, "workspace", page)
    context = {"page": page, "rows": rows, "q": query, "create_url": access.scope.url("workspace_create")}
    return render_page(request, "workspaces/workspaces.html", context, parts=("list",))


@account_view
def switch_tenant(request: HttpRequest, user: User) -> HttpResponse:
    """List one's tenants; from inside a custom tenant that one owns, with its Tenant Settings."""
    query = search_text(request)
    found = lookup.matching(lookup.tenants_of(user), query)
    current = search_text(request, "from")
    rows = [PlaceRow(tenant, Scope(tenant).url("tenant_home"), Plan(tenant.plan).label) for tenant in found[:MENU_SIZE]]
    owned = lookup.tenants_of(user).filter(
        handle=current,
        plan=Plan.ENTERPRISE,
        pk__in=user.memberships.filter(role=Role.OWNER, organization=None).values("tenant_id"),
    )
    return _switch(request, "tenant", rows, query, current, settings_of=owned.first())


@tenant_view()
def switch_organization(request: HttpRequest, access: Access) -> HttpResponse:
    query = search_text(request)
    found = lookup.matching(lookup.organizations_for(access), query)
    return _switch(request, "organization", _rows(access, "organization", found[:MENU_SIZE]), query)


@organization_view()
def switch_workspace(request: HttpRequest, access: Access) -> HttpResponse:
    query = search_text(request)
    found = lookup.matching(lookup.workspaces_for(access), query)
    return _switch(request, "workspace", _rows(access, "workspace", found[:MENU_SIZE]), query)


def _switch(
    request: HttpRequest,
    word: str,
    rows: list[PlaceRow],
    query: str,
    current: str = "",
    settings_of: Tenant | None = None,
) -> HttpResponse:
    settings_url = Scope(settings_of).url("tenant_settings") if settings_of else ""
    current = current or search_text(request, "from")
    context = {"word": word, "rows": rows, "q": query, "current": current, "settings_url": settings_url}
    part = "#menu" if htmx(request) else ""
    response = render(request, f"workspaces/switch.html{part}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _page(request: HttpRequest, found: "QuerySet[Place]") -> tuple[str, "Page[Place]"]:
    query = search_text(request)
    return query, numbered_page(request, lookup.matching(found, query))


def _rows(access: Access, word: str, found: Iterable[Any]) -> list[PlaceRow]:
    rows = []
    for place in found:
        scope = replace(access.scope, **{word: place})
        role = lookup.role_in(scope, access)
        settings = scope.url(f"{word}_advanced") if role == "Owner" else ""
        rows.append(PlaceRow(place, scope.url(f"{word}_home"), role, settings))
    return rows

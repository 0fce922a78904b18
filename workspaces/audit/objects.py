"""Where the things that the audit log names have their pages. Each app says it of its own, when it is ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from workspaces import audit
from workspaces.access import Access, Power, Scope, power_in
from workspaces.database import at_most_one
from workspaces.models import Organization, Tenant, User, Workspace
from workspaces.web.inputs import key_in


@dataclass(frozen=True, slots=True)
class _Page:
    """The name of a URL, which takes ``argument``, filled from ``attribute``; ``there`` leaves out what is gone."""

    model: Any
    url_name: str
    argument: str
    attribute: str
    there: Mapping[str, object]


_pages: dict[str, _Page] = {}


def register(model: type[Model], url_name: str, argument: str, *, attribute: str = "pk", **there: object) -> None:
    """Say at which URL of its scope a row of this model has its page."""
    _pages[model._meta.model_name or ""] = _Page(model, url_name, argument, attribute, there)


def url_of(access: Access, kind: str, object_id: str) -> str:
    """Give the address of a thing's page; empty where it has none, is not there any more, or lies where nobody let
    this person in. The page itself says who may open it.
    """
    pk = key_in(object_id)
    if pk is None:
        return ""
    scope, name, arguments = _page_of(access.scope.tenant, kind, pk)
    is_known = scope is not None and power_in(scope, access.memberships) != Power.NONE
    return scope.url(name, **arguments) if scope and is_known else ""


def _page_of(tenant: Tenant, kind: str, pk: int) -> tuple[Scope | None, str, dict[str, object]]:
    """Find where a thing lies, and the name and arguments of its page there."""
    nowhere: tuple[Scope | None, str, dict[str, object]] = (None, "", {})
    if kind == "tenant":
        return (Scope(tenant), "tenant_home", {}) if pk == tenant.pk else nowhere
    if kind == "organization":
        organization = at_most_one(Organization.objects.filter(tenant=tenant, pk=pk))
        return (Scope(tenant, organization), "organization_home", {}) if organization else nowhere
    if kind == "workspace":
        workspace = at_most_one(Workspace.objects.filter(tenant=tenant, pk=pk).select_related("organization"))
        return (Scope(tenant, workspace.organization, workspace), "workspace_home", {}) if workspace else nowhere
    if kind == audit.SERVICE_ACCOUNT:
        there = User.objects.filter(service_tenant=tenant, is_active=True, pk=pk).select_related("service_organization")
        account = at_most_one(there)
        return (Scope(tenant, account.service_organization), "service_account", {"account": pk}) if account else nowhere
    page = _pages.get(kind)
    row = page and at_most_one(rows(kind, tenant).filter(pk=pk).select_related("organization"))
    if not page or not row:
        return nowhere
    scope = Scope(tenant, row.organization, getattr(row, "workspace", None))
    return scope, page.url_name, {page.argument: getattr(row, page.attribute)}


def rows(kind: str, tenant: Tenant) -> Any:
    """Give the things of a kind that are there, of a tenant. Raises KeyError for a kind that nobody has registered."""
    page = _pages[kind]
    return page.model.objects.filter(tenant=tenant, **page.there)

"""The tenant, its organizations and their workspaces."""

from collections.abc import Callable
from typing import Any, Final, Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from pydantic import BaseModel, Field

from workspaces.access import Access, Power, check_tenant_settings
from workspaces.api import shapes
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import ORG, WORKSPACE, Call, Routes, of_version
from workspaces.forms.places import PlaceForm
from workspaces.models import Organization, Tenant, Workspace
from workspaces.people import tokens
from workspaces.places import actions, deletion, lookup

routes = Routes("Places")


class NewPlace(Body):
    handle: str
    display_name: str | None = None


class PlaceChange(Body):
    handle: str | None = None
    display_name: str | None = None


class NewWorkspace(Body):
    handle: str
    instance_type: Literal["db1.shared", ""] | None = None
    desired_state: Literal["enabled", ""] | None = None


class LoginShape(BaseModel):
    type: Literal["email", "oauth", "saml"]
    state: Literal["enabled", "disabled"] = "disabled"


class TenantSettingsShape(shapes.Made):
    """How people sign in to the installation, which its operator decides, and how long tokens are good."""

    cli_session_timeout: int
    console_session_timeout: int
    login_email: LoginShape = LoginShape(type="email", state="enabled")
    login_github: LoginShape = LoginShape(type="oauth")
    login_google: LoginShape = LoginShape(type="oauth")
    login_saml: LoginShape = LoginShape(type="saml")
    max_token_expiration: int = Field(description="Seconds; 0 is unlimited")
    personal_workspaces: Literal["enabled", "disabled"] = "disabled"
    postgres_endpoint: Literal["enabled", "disabled"] = "disabled"
    user_provisioning: tuple[str, ...] = ("tenant_owner",)
    user_provisioning_permitted_domains: tuple[str, ...] = ()
    workspace_snapshot_permitted_visibility: tuple[str, ...] = ("workspace",)


_OPERATOR: Final = "Tenants are made and deleted by the operator of this installation."


class TenantSettingsChange(Body):
    """What can be sent; all but the life of tokens must be as it is."""

    max_token_expiration: int | None = Field(default=None, ge=0, le=10 * 365 * 86400)
    cli_session_timeout: int | None = None
    console_session_timeout: int | None = None
    login_email: dict[str, Any] | None = None
    login_github: dict[str, Any] | None = None
    login_google: dict[str, Any] | None = None
    login_saml: dict[str, Any] | None = None
    personal_workspaces: str | None = None
    postgres_endpoint: str | None = None
    user_provisioning: list[str] | None = None
    user_provisioning_permitted_domains: list[str] | None = None
    workspace_snapshot_permitted_visibility: list[str] | None = None


@routes.get("/tenant", gives=Page[shapes.TenantShape])
def list_tenants(call: Call, paging: Paging = PAGING) -> Page[shapes.TenantShape]:
    """List the tenant of the token."""
    own = Tenant.objects.filter(pk=call.tenant.pk).select_related(*shapes.PEOPLE_OF_ROW)
    return page_of(call, own, paging, shapes.tenant_shape)


@routes.get("/tenant/{tenant}", gives=shapes.TenantShape)
def get_tenant(call: Call, tenant: str) -> shapes.TenantShape:
    """Get the tenant of the token."""
    return shapes.tenant_shape(_own_tenant(call))


@routes.patch("/tenant/{tenant}", gives=shapes.TenantShape)
def change_tenant(call: Call, tenant: str, body: PlaceChange) -> shapes.TenantShape:
    """Change what the tenant is called."""
    own = _own_tenant(call)
    check_tenant_settings(call.access)
    change_place(call, body)
    return shapes.tenant_shape(Tenant.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=own.pk))


@routes.post("/tenant", gives=shapes.TenantShape, needs=Power.MEMBER)
def create_tenant(call: Call) -> shapes.TenantShape:
    """Refuse to make a tenant."""
    raise ProblemError(403, _OPERATOR)


@routes.delete("/tenant/{tenant}", gives=shapes.TenantShape, needs=Power.MEMBER)
def delete_tenant(call: Call, tenant: str) -> shapes.TenantShape:
    """Refuse to delete a tenant."""
    raise ProblemError(403, _OPERATOR)


@routes.patch("/settings", gives=TenantSettingsShape)
def change_settings(call: Call, body: TenantSettingsChange) -> TenantSettingsShape:
    """Set how long tokens are good; the rest is for the operator of the installation to decide."""
    if "max_token_expiration" in body.model_fields_set and body.max_token_expiration is not None:
        days, rest = divmod(body.max_token_expiration, 86400)
        if rest:
            raise invalid(
                "max_token_expiration", "Send whole days, as a number of seconds: 86,400 is one; 0 is no limit."
            )
        tokens.set_longest_life(tenant=call.tenant, days=days or None, by=call.user)
    now = get_settings(call)
    for name in sorted(body.model_fields_set - {"max_token_expiration"}):
        sent = getattr(body, name)
        if sent not in (None, "", _plain(getattr(now, name))):
            raise invalid(name, "The operator of this installation decides this.")
    return now


@routes.get("/settings", gives=TenantSettingsShape, needs=Power.OWNER)
def get_settings(call: Call) -> TenantSettingsShape:
    """Get how people of the tenant sign in."""
    tenant = _own_tenant(call)
    timeout = settings.SESSION_COOKIE_AGE
    return TenantSettingsShape(
        **shapes.made(tenant, tenant),
        cli_session_timeout=timeout,
        console_session_timeout=timeout,
        max_token_expiration=(tenant.token_max_days or 0) * 86400,
    )


@routes.get("/org", gives=Page[shapes.OrgShape])
def list_orgs(call: Call, paging: Paging = PAGING) -> Page[shapes.OrgShape]:
    """List the organizations that the person may enter."""
    rows = lookup.organizations_for(call.access).select_related(*shapes.PEOPLE_OF_ROW)
    return page_of(call, rows, paging, lambda one: shapes.org_shape(one, call.tenant))


@routes.post("/org", gives=shapes.OrgShape)
def create_org(call: Call, body: NewPlace) -> shapes.OrgShape:
    """Create an organization; who does owns it."""
    tenant = call.tenant
    made = _create(call.access, body, actions.create_organization, "organization", tenant.organizations)
    return shapes.org_shape(Organization.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=made.pk), tenant)


@routes.get("", gives=shapes.OrgShape, at=(ORG,))
def get_org(call: Call) -> shapes.OrgShape:
    """Get an organization."""
    return shapes.org_shape(_own_organization(call), call.tenant)


@routes.patch("", gives=shapes.OrgShape, at=(ORG,))
def change_org(call: Call, body: PlaceChange) -> shapes.OrgShape:
    """Change what an organization is called."""
    change_place(call, body)
    return shapes.org_shape(_own_organization(call), call.tenant)


@routes.delete("", gives=shapes.OrgShape, at=(ORG,))
def delete_org(call: Call) -> shapes.OrgShape:
    """Delete an organization with its workspaces, and all that is in them, for good."""
    organization = _own_organization(call)
    of_version(call, organization)
    deletion.delete_place(scope=call.scope, by=call.user)
    return shapes.org_shape(organization, call.tenant)


@routes.get("/workspace", gives=Page[shapes.WorkspaceShape], at=(ORG,))
def list_workspaces(call: Call, paging: Paging = PAGING) -> Page[shapes.WorkspaceShape]:
    """List the workspaces of an organization that the person may enter."""
    rows = lookup.workspaces_for(call.access).select_related(*shapes.PEOPLE_OF_ROW)
    organization, tenant = _organization(call.access), call.tenant
    return page_of(call, rows, paging, lambda one: shapes.workspace_shape(one, organization, tenant))


@routes.post("/workspace", gives=shapes.WorkspaceShape, at=(ORG,))
def create_workspace(call: Call, body: NewWorkspace) -> shapes.WorkspaceShape:
    """Create a workspace; who does owns it."""
    siblings = Workspace.objects.filter(organization=call.scope.organization)
    new = NewPlace(handle=body.handle)
    made = _create(call.access, new, actions.create_workspace, "workspace", siblings)
    found = Workspace.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=made.pk)
    return shapes.workspace_shape(found, _organization(call.access), call.tenant)


@routes.delete("", gives=shapes.WorkspaceShape, at=(WORKSPACE,))
def delete_workspace(call: Call) -> shapes.WorkspaceShape:
    """Delete a workspace with all that is set up in it, for good."""
    of_version(call, call.scope.place)
    workspace = call.scope.workspace
    assert workspace is not None  # noqa: S101  the route is of workspaces
    shape = shapes.workspace_shape(workspace, _organization(call.access), call.tenant)
    deletion.delete_place(scope=call.scope, by=call.user)
    return shape


def _plain(value: Any) -> Any:
    """Give a value of an answer as it is sent."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return list(value) if isinstance(value, tuple) else value


def _own_tenant(call: Call) -> Tenant:
    """Read the token's tenant anew, with its people."""
    return Tenant.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=call.tenant.pk)


def _own_organization(call: Call) -> Organization:
    """Read the organization of the path anew, with its people."""
    return Organization.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=_organization(call.access).pk)


def _organization(access: Access) -> Organization:
    organization = access.scope.organization
    assert organization is not None  # noqa: S101  the route is of organizations
    return organization


def _create(access: Access, body: NewPlace, create: Callable[..., Any], word: str, siblings: Any) -> Any:
    form = PlaceForm(
        {"handle": body.handle, "name": body.display_name or body.handle},
        is_taken=lambda handle: siblings.filter(handle=handle).exists(),
        taken=f"another {word} of {access.scope}",
    )
    try:
        with transaction.atomic():
            return create(scope=access.scope, by=access.user, **checked(form, name="display_name"))
    except IntegrityError:  # somebody took it after it was checked
        raise ProblemError(409, form.taken_error(body.handle).messages[0]) from None


def change_place(call: Call, body: Body) -> None:
    """Change the handle and name of the scope's place, where they are sent."""
    scope, place = call.scope, call.scope.place
    of_version(call, place)
    now = {"handle": place.handle, "name": place.name}
    wanted = now | body.given(handle="handle", name="display_name")
    form = PlaceForm(
        wanted, is_taken=lambda handle: lookup.is_taken(scope, handle), taken=f"another {place._meta.model_name}"
    )
    cleaned = checked(form, name="display_name")
    if cleaned == now:
        return
    try:
        with transaction.atomic():
            actions.change_place(scope=scope, by=call.user, **cleaned)
    except IntegrityError:  # somebody took it after it was checked
        raise ProblemError(409, form.taken_error(wanted["handle"]).messages[0]) from None

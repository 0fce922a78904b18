"""Who may use a folder or connection, one grant at a time: by those who own what owns it."""

from collections.abc import Callable
from typing import Final, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404

from connections import actions
from connections.actions import GrantedAlreadyError
from connections.api.finding import find_connection, find_folder, of_found
from connections.api.shapes import PermissionShape
from connections.delegation import SHARE
from connections.models import Grant
from connections.sharing import Node, audience_of
from workspaces.access import Power, Scope
from workspaces.api import shapes
from workspaces.api.bodies import Body
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import ORG, TENANT, Call, Routes, named, of_version
from workspaces.database import at_most_one
from workspaces.models import Organization, Tenant, Workspace

routes = Routes("Permissions")
_AT: Final = (TENANT, ORG)
_RELATED: Final = (
    "tenant",
    "organization",
    "workspace",
    *shapes.PEOPLE_OF_ROW,
    *(f"workspace__{name}" for name in shapes.PEOPLE_OF_ROW),
)
Result = TypeVar("Result")


class Audience(Body):
    """The whole tenant, an organization with all its workspaces, or with its organization one workspace."""

    tenant_handle: str | None = None
    identity_handle: str | None = None
    workspace_handle: str | None = None


def _routes_of(path: str, find: Callable[[Scope, str], Node]) -> None:
    """Declare the routes of the permissions on what is found at a path."""
    sharers, one = of_found(find, "node", *SHARE), f"{path}/permission/{{permission}}"

    @routes.get(f"{path}/permission", gives=Page[PermissionShape], at=_AT, needs=Power.OWNER, delegates=sharers)
    def list_permissions(call: Call, node: str, paging: Paging = PAGING) -> Page[PermissionShape]:
        """List who may use it by grants on it itself."""
        found = find(call.scope, node)
        return page_of(call, Grant.objects.filter(**found.key).select_related(*_RELATED), paging, _shaper(call, found))

    @routes.post(f"{path}/permission", gives=PermissionShape, at=_AT, delegates=sharers)
    def add_permission(call: Call, node: str, body: Audience) -> PermissionShape:
        """Let somebody else use it, too."""
        found = find(call.scope, node)
        grant = _refused_well(lambda: actions.add_grant(node=found, audience=_audience(call, body), by=call.user))
        return _shaper(call, found)(_find(found, grant.public_id))

    @routes.get(one, gives=PermissionShape, at=_AT, needs=Power.OWNER, delegates=sharers)
    def get_permission(call: Call, node: str, permission: str) -> PermissionShape:
        """Get one of the grants on it."""
        found = find(call.scope, node)
        return _shaper(call, found)(_find(found, permission))

    @routes.patch(one, gives=PermissionShape, at=_AT, delegates=sharers)
    def change_permission(call: Call, node: str, permission: str, body: Audience) -> PermissionShape:
        """Let somebody else use it instead."""
        found = find(call.scope, node)
        grant, audience = _find(found, permission), _audience(call, body)
        of_version(call, grant)
        _refused_well(lambda: actions.change_grant(node=found, grant=grant, audience=audience, by=call.user))
        return _shaper(call, found)(_find(found, permission))

    @routes.delete(one, gives=PermissionShape, at=_AT, delegates=sharers)
    def remove_permission(call: Call, node: str, permission: str) -> PermissionShape:
        """Take a grant back: who may not use it any more loses it from their schema."""
        found = find(call.scope, node)
        grant = _find(found, permission)
        of_version(call, grant)
        actions.delete_grant(node=found, grant=grant, by=call.user)
        return _shaper(call, found)(grant)


_routes_of("/connection/{node}", find_connection)
_routes_of("/connection_folder/{node}", find_folder)


def _find(node: Node, permission: str) -> Grant:
    found = at_most_one(Grant.objects.filter(**node.key, public_id=permission).select_related(*_RELATED))
    if found is None:
        raise Http404
    return found


def _refused_well(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except GrantedAlreadyError as error:
        raise ProblemError(409, str(error)) from None
    except ValidationError as error:
        raise invalid("identity_handle", error.messages[0]) from None


def _audience(call: Call, body: Audience) -> Scope:
    """Find whom a body names; raises ProblemError."""
    tenant, organization, workspace = body.tenant_handle, body.identity_handle, body.workspace_handle
    if tenant and not organization and not workspace:
        if tenant not in (call.tenant.handle, call.tenant.public_id):
            raise invalid("tenant_handle", f"“{tenant}” is not the tenant of this token, {call.tenant}.")
        return Scope(call.tenant)
    if tenant or not organization:
        raise invalid(
            "tenant_handle",
            "Name the tenant, or an organization by identity_handle, or with workspace_handle one of its workspaces.",
        )
    place = at_most_one(Organization.objects.filter(named(organization), tenant=call.tenant))
    if place is None:
        raise invalid("identity_handle", f"{call.tenant} has no organization “{organization}”.")
    if not workspace:
        return Scope(call.tenant, place)
    inner = at_most_one(Workspace.objects.filter(named(workspace) & Q(organization=place)))
    if inner is None:
        raise invalid("workspace_handle", f"{place} has no workspace “{workspace}”.")
    return Scope(call.tenant, place, inner)


def _shaper(call: Call, node: Node) -> Callable[[Grant], PermissionShape]:
    """Make what makes the shapes of grants on a node."""
    tenant = Tenant.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=call.tenant.pk)
    whole = shapes.tenant_shape(tenant)

    def shape(grant: Grant) -> PermissionShape:
        organization, workspace = audience_of(grant).organization, audience_of(grant).workspace
        return PermissionShape(
            **shapes.made(grant, tenant),
            id=grant.public_id,
            connection_id=node.public_id,
            tenant=None if organization else whole,
            tenant_id=None if organization else tenant.public_id,
            identity=shapes.identity_of_org(organization, tenant) if organization else None,
            identity_id=organization.public_id if organization else None,
            workspace=shapes.workspace_shape(workspace, organization, tenant) if workspace and organization else None,
            workspace_id=workspace.public_id if workspace else None,
        )

    return shape

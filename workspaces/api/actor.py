"""Who a token signs in, and where they belong."""

from typing import Final

from allauth.account.models import EmailAddress

from workspaces.access import Access, Scope
from workspaces.api import shapes
from workspaces.api.audit_log import AuditRecord, events_page
from workspaces.api.paging import PAGING, Page, Paging, cut, page_of
from workspaces.api.routes import Call, Routes
from workspaces.models import AuditEvent, Invitation, Organization, Role, Workspace
from workspaces.places import lookup

routes = Routes("Actor")
_PEOPLE: Final = shapes.PEOPLE_OF_ROW


@routes.get("/actor", gives=shapes.UserShape)
def actor(call: Call) -> shapes.UserShape:
    """Get the person of the token."""
    return shapes.user_shape(call.user, call.tenant)


@routes.get("/actor/org", gives=Page[shapes.UserOrgShape])
def orgs(call: Call, paging: Paging = PAGING) -> Page[shapes.UserOrgShape]:
    """List the organizations that the person belongs to; a tenant's owner belongs to all of it."""
    rows = lookup.organizations_for(call.access).select_related(*_PEOPLE)
    found, token = cut(call, rows, paging)
    return Page(items=[_own_org(call.access, organization) for organization in found], next_token=token)


def _own_org(access: Access, organization: Organization) -> shapes.UserOrgShape:
    own = (one for one in access.memberships if one.organization_id == organization.pk and one.workspace_id is None)
    member, tenant = next(own, None), access.scope.tenant
    role = Role.OWNER if access.is_tenant_owner else Role(member.role) if member else Role.MEMBER
    return shapes.UserOrgShape(
        **shapes.made(organization, tenant),
        id=member.public_id if member else organization.public_id,
        org=shapes.org_shape(organization, tenant),
        org_id=organization.public_id,
        user_id=access.user.public_id,
        role="owner" if role == Role.OWNER else "member",
    )


@routes.get("/actor/org/invite", gives=Page[shapes.UserOrgShape])
def invitations(call: Call, paging: Paging = PAGING) -> Page[shapes.UserOrgShape]:
    """List the organizations that the person is asked to join."""
    tenant = call.tenant
    confirmed = EmailAddress.objects.filter(user=call.user, verified=True).values("email")
    rows = Invitation.objects.open().filter(tenant=tenant, email__in=confirmed, workspace=None)
    people = [f"organization__{name}" for name in _PEOPLE]
    rows = rows.exclude(organization=None).select_related("organization", *people, *_PEOPLE)

    def shape(invitation: Invitation) -> shapes.UserOrgShape:
        organization = invitation.organization
        assert organization is not None  # noqa: S101  the query leaves those of the tenant itself out
        return shapes.UserOrgShape(
            **shapes.made(invitation, tenant),
            id=invitation.public_id,
            org=shapes.org_shape(organization, tenant),
            org_id=organization.public_id,
            user_id=call.user.public_id,
            role="owner" if invitation.role == Role.OWNER else "member",
            status="invited",
        )

    return page_of(call, rows, paging, shape)


@routes.get("/actor/workspace", gives=Page[shapes.ActorWorkspaceShape])
def workspaces(call: Call, paging: Paging = PAGING) -> Page[shapes.ActorWorkspaceShape]:
    """List the workspaces that the person can enter."""
    tenant = call.tenant
    rows = lookup.workspaces_anywhere_for(call.access).select_related("organization", *_PEOPLE)

    def shape(workspace: Workspace) -> shapes.ActorWorkspaceShape:
        organization = workspace.organization
        return shapes.ActorWorkspaceShape(
            id=workspace.public_id,
            handle=workspace.handle,
            role=lookup.role_in(Scope(tenant, organization, workspace), call.access).lower(),
            identity=shapes.identity_of_org(organization, tenant),
            identity_id=organization.public_id,
            workspace=shapes.workspace_shape(workspace, organization, tenant),
            workspace_id=workspace.public_id,
        )

    return page_of(call, rows, paging, shape)


@routes.get("/actor/activity", gives=Page[AuditRecord])
def activity(call: Call, paging: Paging = PAGING) -> Page[AuditRecord]:
    """List what the person has done in the tenant, the newest first."""
    own = AuditEvent.objects.filter(tenant_id=call.tenant.pk, actor_id=call.user.pk)
    return events_page(call, own, paging)

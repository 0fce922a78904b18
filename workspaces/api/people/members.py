"""Who belongs to the tenant, an organization or a workspace, and as what."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from pydantic import Field

from workspaces.access import Access, Power, Scope
from workspaces.api import shapes
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, cut, page_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import ORG, WORKSPACE, Call, Routes, named, of_version
from workspaces.database import at_most_one
from workspaces.forms.people import AddPersonForm, RoleForm
from workspaces.models import Invitation, Membership, Organization, Role, Tenant, Workspace
from workspaces.people import invitations
from workspaces.places import members
from workspaces.places.home import HomeError, StaysError

routes = Routes("Members")
_OF_MEMBER = ("user", *shapes.PEOPLE_OF_ROW)


class MemberPaging(Paging):
    q: str = Field(default="", max_length=100, description="A part of the handle, name or email")


class NewMember(Body):
    """Somebody of the tenant, by handle or id."""

    handle: str
    role: str


class NewInvitation(Body):
    """Somebody by email or handle."""

    email: str | None = None
    handle: str | None = None
    role: str


class TenantInvitation(Body):
    email: str
    role: str


class RoleChange(Body):
    role: str


@routes.get("/tenant/{tenant}/member", gives=Page[shapes.TenantUserShape], needs=Power.OWNER)
def list_tenant_members(call: Call, tenant: str, paging: MemberPaging = PAGING) -> Page[shapes.TenantUserShape]:
    """List the people of the tenant."""
    return page_of(call, _members(call.scope, paging.q), paging, lambda one: _of_tenant(one, call.tenant))


@routes.post("/tenant/{tenant}/member/invite", gives=shapes.TenantUserShape)
def invite_to_tenant(call: Call, tenant: str, body: TenantInvitation) -> shapes.TenantUserShape:
    """Invite somebody to the tenant by email."""
    invitation = _invite(call.access, body.email, body.role)
    return _invited_to_tenant(invitation, call.tenant)


@routes.get("/tenant/{tenant}/member/{user}", gives=shapes.TenantUserShape, needs=Power.OWNER)
def get_tenant_member(call: Call, tenant: str, user: str) -> shapes.TenantUserShape:
    """Get one of the people of the tenant."""
    if (invitation := _open_invitation(call, user)) is not None:
        return _invited_to_tenant(invitation, call.tenant)
    return _of_tenant(_member(call.access, user), call.tenant)


@routes.patch("/tenant/{tenant}/member/{user}", gives=shapes.TenantUserShape)
def change_tenant_member(call: Call, tenant: str, user: str, body: RoleChange) -> shapes.TenantUserShape:
    """Change what somebody is in the tenant."""
    if (invitation := _open_invitation(call, user)) is not None:
        return _invited_to_tenant(_invite(call.access, invitation.email, body.role), call.tenant)
    return _of_tenant(_change_role(call, user, body), call.tenant)


@routes.delete("/tenant/{tenant}/member/{user}", gives=shapes.TenantUserShape)
def remove_tenant_member(call: Call, tenant: str, user: str) -> shapes.TenantUserShape:
    """Take somebody out of the tenant, and of all places in it."""
    if (invitation := _open_invitation(call, user)) is not None:
        invitations.withdraw_invitation(invitation=invitation, by=call.user, now=timezone.now())
        return _invited_to_tenant(invitation, call.tenant)
    return _of_tenant(_remove(call, user), call.tenant)


@routes.get("/member", gives=Page[shapes.OrgUserShape], at=(ORG,))
def list_org_members(call: Call, paging: MemberPaging = PAGING) -> Page[shapes.OrgUserShape]:
    """List the people of an organization."""
    found, token = cut(call, _with_outer_owners(call.scope, paging.q), paging)
    return Page(items=[_of_org(one, call.scope) for one in found], next_token=token)


@routes.post("/member", gives=shapes.OrgUserShape, at=(ORG,))
def add_org_member(call: Call, body: NewMember) -> shapes.OrgUserShape:
    """Add somebody of the tenant to an organization."""
    return _of_org(_add(call.access, body), call.scope)


@routes.post("/member/invite", gives=shapes.OrgUserShape, at=(ORG,))
def invite_to_org(call: Call, body: NewInvitation) -> shapes.OrgUserShape:
    """Add who is in the tenant to an organization at once, and invite anybody else by email."""
    who = body.email or body.handle or ""
    form = AddPersonForm({"who": who, "role": body.role}, scope=call.scope)
    cleaned = checked(form, who="email" if body.email else "handle")
    if form.user is not None:
        return _of_org(_add(call.access, NewMember(handle=form.user.handle, role=body.role)), call.scope)
    invitation = _invite(call.access, cleaned["who"], body.role)
    fields = _invited(invitation, call.tenant)
    return shapes.OrgUserShape(**fields, org_id=_id(call.scope.organization), user_handle=invitation.email)


@routes.get("/member/{user}", gives=shapes.OrgUserShape, at=(ORG,))
def get_org_member(call: Call, user: str) -> shapes.OrgUserShape:
    """Get one of the people of an organization."""
    return _of_org(_member(call.access, user), call.scope)


@routes.patch("/member/{user}", gives=shapes.OrgUserShape, at=(ORG,))
def change_org_member(call: Call, user: str, body: RoleChange) -> shapes.OrgUserShape:
    """Change what somebody is in an organization."""
    return _of_org(_change_role(call, user, body), call.scope)


@routes.delete("/member/{user}", gives=shapes.OrgUserShape, at=(ORG,))
def remove_org_member(call: Call, user: str) -> shapes.OrgUserShape:
    """Take somebody out of an organization, and of all its workspaces."""
    return _of_org(_remove(call, user), call.scope)


@routes.get("/member", gives=Page[shapes.OrgWorkspaceUserShape], at=(WORKSPACE,))
def list_workspace_members(call: Call, paging: MemberPaging = PAGING) -> Page[shapes.OrgWorkspaceUserShape]:
    """List the people of a workspace."""
    found, token = cut(call, _with_outer_owners(call.scope, paging.q), paging)
    return Page(items=[_of_workspace(one, call.scope) for one in found], next_token=token)


@routes.post("/member", gives=shapes.OrgWorkspaceUserShape, at=(WORKSPACE,))
def add_workspace_member(call: Call, body: NewMember) -> shapes.OrgWorkspaceUserShape:
    """Add somebody of the tenant to a workspace."""
    return _of_workspace(_add(call.access, body), call.scope)


@routes.get("/member/{user}", gives=shapes.OrgWorkspaceUserShape, at=(WORKSPACE,))
def get_workspace_member(call: Call, user: str) -> shapes.OrgWorkspaceUserShape:
    """Get one of the people of a workspace."""
    return _of_workspace(_member(call.access, user), call.scope)


@routes.patch("/member/{user}", gives=shapes.OrgWorkspaceUserShape, at=(WORKSPACE,))
def change_workspace_member(call: Call, user: str, body: RoleChange) -> shapes.OrgWorkspaceUserShape:
    """Change what somebody is in a workspace."""
    return _of_workspace(_change_role(call, user, body), call.scope)


@routes.delete("/member/{user}", gives=shapes.OrgWorkspaceUserShape, at=(WORKSPACE,))
def remove_workspace_member(call: Call, user: str) -> shapes.OrgWorkspaceUserShape:
    """Take somebody out of a workspace."""
    return _of_workspace(_remove(call, user), call.scope)


def _members(scope: Scope, text: str = "") -> QuerySet[Membership]:
    return members.matching(members.members_of(scope), text).select_related(*_OF_MEMBER)


def _with_outer_owners(scope: Scope, text: str) -> list[QuerySet[Membership]]:
    """Give the members of a place, and those who own it by a place around it and have no role in it."""
    outer = [Scope(scope.tenant)] + ([Scope(scope.tenant, scope.organization)] if scope.workspace else [])
    parts, known = [_members(scope, text)], _in(members.members_of(scope))
    for place in reversed(outer):
        owners = members.owners_of(place)
        parts.append(members.matching(owners, text).select_related(*_OF_MEMBER).exclude(known))
        known |= _in(owners)
    return parts


def _in(some: QuerySet[Membership]) -> Q:
    return Q(user__in=some.order_by().values("user"))


def _open_invitation(call: Call, user: str) -> Invitation | None:
    """Find who is invited and has yet to come, by the id that stands for them until then."""
    there = Invitation.objects.open().select_related("tenant", "organization", "workspace", *shapes.PEOPLE_OF_ROW)
    return at_most_one(there.filter(**call.scope.keys, public_id=user))


def _invited_to_tenant(invitation: Invitation, tenant: Tenant) -> shapes.TenantUserShape:
    fields = _invited(invitation, tenant)
    return shapes.TenantUserShape(**fields, email=invitation.email, tenant_id=tenant.public_id)


def _member(access: Access, user: str) -> Membership:
    came = Invitation.objects.filter(**access.scope.keys, public_id=user, accepted_at__isnull=False).values("email")
    is_it = named(user, "user__") | Q(user__email__in=came) if user.startswith("m_") else named(user, "user__")
    if (found := _members(access.scope).filter(is_it).first()) is None:
        raise Http404
    return found


def _add(access: Access, body: NewMember) -> Membership:
    role = _role(access.scope, body.role)
    user = at_most_one(members.people_of(access.scope.tenant).filter(named(body.handle)))
    if user is None:
        raise invalid("handle", f"Nobody in {access.scope.tenant} is called “{body.handle}”. Invite them by email.")
    try:
        member = members.add_member(scope=access.scope, user=user, role=role, by=access.user)
    except members.AlreadyMemberError:
        raise ProblemError(409, f"{user} is in {access.scope} already. Change the role instead.") from None
    except HomeError as error:
        raise ProblemError(409, str(error)) from None
    return _members(access.scope).get(pk=member.pk)


def _role(scope: Scope, text: str) -> Role:
    return Role(checked(RoleForm({"role": text}, scope=scope))["role"])


def _change_role(call: Call, user: str, body: RoleChange) -> Membership:
    found = _member(call.access, user)
    of_version(call, found)
    role = _role(call.scope, body.role)
    try:
        members.change_role(scope=call.scope, member=found, role=role, by=call.user)
    except StaysError as error:
        raise ProblemError(409, str(error)) from None
    return _member(call.access, user)


def _remove(call: Call, user: str) -> Membership:
    found = _member(call.access, user)
    of_version(call, found)
    try:
        members.remove_member(scope=call.scope, member=found, by=call.user)
    except StaysError as error:
        raise ProblemError(409, str(error)) from None
    return found


def _invite(access: Access, email: str, role: str) -> Invitation:
    form = AddPersonForm({"who": email, "role": role}, scope=access.scope)
    cleaned = checked(form, who="email")
    if form.user is not None:
        raise ProblemError(409, f"{form.user} is in {access.scope.tenant} already. Add them by their handle.")
    whom = {"email": cleaned["who"], "role": cleaned["role"]}
    sent = invitations.send_invitation(scope=access.scope, **whom, by=access.user, now=timezone.now())
    transaction.on_commit(partial(invitations.mail_invitation, sent), robust=True)  # it stands anyhow
    return Invitation.objects.select_related(*shapes.PEOPLE_OF_ROW).get(pk=sent.invitation.pk)


def _invited(invitation: Invitation, tenant: Tenant) -> dict[str, Any]:
    """Give the fields of a member who has yet to come: whom the id stands for until then is the invitation."""
    nobody = shapes.UserShape(
        id=invitation.public_id,
        handle=invitation.email,
        display_name=invitation.email,
        status="invited",
        tenant_id=tenant.public_id,
        created_at=invitation.created_at,
        version_id=invitation.version,
    )
    fields = {"id": nobody.id, "user": nobody, "user_id": nobody.id, "role": invitation.role, "status": "invited"}
    return shapes.made(invitation, tenant) | fields


def _of_tenant(member: Membership, tenant: Tenant) -> shapes.TenantUserShape:
    fields = shapes.member_fields(member, tenant)
    email = "" if member.user.is_service_account else member.user.email
    return shapes.TenantUserShape(**fields, email=email, tenant_id=tenant.public_id)


def _of_org(member: Membership, scope: Scope) -> shapes.OrgUserShape:
    return shapes.OrgUserShape(
        **shapes.member_fields(member, scope.tenant),
        org_id=_id(scope.organization),
        user_handle=member.user.handle,
        scope="org" if member.organization_id else "tenant",
    )


def _of_workspace(member: Membership, scope: Scope) -> shapes.OrgWorkspaceUserShape:
    return shapes.OrgWorkspaceUserShape(
        **shapes.member_fields(member, scope.tenant),
        org_id=_id(scope.organization),
        user_handle=member.user.handle,
        scope="workspace" if member.workspace_id else "org" if member.organization_id else "tenant",
        workspace_handle=str(scope.workspace),
        workspace_id=_id(scope.workspace),
    )


def _id(place: Organization | Workspace | None) -> str:
    return place.public_id if place else ""

"""What people and places look like in answers: the fields are those that the published clients of Pipes decode.

Fields of theirs for which there is nothing here are empty or left out. A text that they want and that nobody has is
empty; ``created_by_id`` is that for what the system itself has made.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from workspaces.models import Membership, Organization, Tenant, Token, User, Workspace
from workspaces.models.versioned import Versioned


class UserShape(BaseModel):
    """A person, or a service account, in one tenant; only service accounts have a title.

    Their description is in the answers of the routes of service accounts, which are their owners', and in no other.
    """

    id: str
    handle: str
    display_name: str
    status: Literal["accepted", "pending", "invited"] = "accepted"
    tenant_id: str
    avatar_url: str = ""
    preview_access_mode: str = ""
    url: str | None = None
    token_min_issued_at: datetime | None = None
    title: str | None = None
    description: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    version_id: int


class Made(BaseModel):
    """Who made it and changed it last, and which version it is."""

    created_at: datetime
    created_by: UserShape | None = None
    created_by_id: str
    updated_at: datetime | None = None
    updated_by: UserShape | None = None
    updated_by_id: str
    version_id: int


class Deletable(Made):
    """What could be deleted in a system that keeps it then; ours are gone."""

    deleted_at: datetime | None = None
    deleted_by_id: str = ""


class TenantShape(Deletable):
    id: str
    handle: str
    display_name: str
    state: str = "enabled"
    avatar_url: str = ""
    token_min_issued_at: datetime | None = None


class OrgShape(Deletable):
    id: str
    handle: str
    display_name: str
    tenant_id: str
    avatar_url: str = ""
    url: str | None = None


class IdentityShape(BaseModel):
    """A person or an organization."""

    id: str
    handle: str
    display_name: str
    type: Literal["user", "org"]
    tenant: TenantShape | None = None
    tenant_id: str
    avatar_url: str = ""


class WorkspaceShape(Deletable):
    """A workspace; no query engine runs in it, so it is always enabled."""

    id: str
    handle: str
    identity_id: str
    desired_state: Literal["enabled", "disabled", "paused"] = "enabled"
    instance_type: Literal["db1.shared", "db1.small", "db1.medium"] = "db1.shared"
    db_volume_size_bytes: int = 0
    state: Literal["enabled"] = "enabled"
    search_path: list[str] | None = None
    search_path_prefix: list[str]


class UserOrgShape(Made):
    """An organization of the token's person."""

    id: str
    org: OrgShape
    org_id: str
    user_id: str
    role: Literal["owner", "member"]
    status: Literal["accepted", "invited"] = "accepted"


class ActorWorkspaceShape(BaseModel):
    """A workspace that the token's person can enter."""

    id: str
    handle: str
    role: str
    identity: IdentityShape
    identity_id: str
    workspace: WorkspaceShape
    workspace_id: str


class Member(Made):
    """A role of somebody in a place."""

    id: str
    user: UserShape
    user_id: str
    status: Literal["accepted", "invited", "pending"] = "accepted"
    last_activity_at: datetime | None = None


class TenantUserShape(Member):
    email: str
    role: Literal["owner", "member"]
    tenant: TenantShape | None = None
    tenant_id: str


class OrgUserShape(Member):
    org_id: str
    user_handle: str
    role: Literal["owner", "member"]
    scope: Literal["tenant", "org"] = "org"


class OrgWorkspaceUserShape(Member):
    org_id: str
    user_handle: str
    role: Literal["owner", "operator", "reader"]
    scope: Literal["org", "workspace", "tenant"] = "workspace"
    workspace_handle: str
    workspace_id: str


class TokenShape(Made):
    """A token; ``token`` is its text, in the one answer to the request that made it."""

    id: str
    user_id: str
    title: str
    status: Literal["active", "inactive"]
    last4: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    token: str | None = None


def user_shape(user: User, tenant: Tenant) -> UserShape:
    return UserShape(
        id=user.public_id,
        handle=user.handle,
        display_name=user.name or user.handle,
        tenant_id=tenant.public_id,
        token_min_issued_at=user.tokens_valid_from,
        title=user.name if user.is_service_account else None,
        created_at=user.joined_at,
        updated_at=user.updated_at,
        version_id=user.version,
    )


def made(row: Versioned, tenant: Tenant, *, at: datetime | None = None) -> dict[str, Any]:
    """Give the fields that all rows have; ``at`` is when it was made, where its column is called otherwise.

    Its people are in them, so read them with the row.
    """
    return {
        "created_at": at or row.created_at,  # type: ignore[attr-defined]  # which all have
        "created_by": user_shape(row.created_by, tenant) if row.created_by else None,
        "created_by_id": row.created_by.public_id if row.created_by else "",
        "updated_at": row.updated_at,
        "updated_by": user_shape(row.updated_by, tenant) if row.updated_by else None,
        "updated_by_id": row.updated_by.public_id if row.updated_by else "",
        "version_id": row.version,
    }


PEOPLE_OF_ROW = ("created_by", "updated_by")  # for select_related


def tenant_shape(tenant: Tenant) -> TenantShape:
    return TenantShape(
        **made(tenant, tenant),
        id=tenant.public_id,
        handle=tenant.handle,
        display_name=tenant.name,
        token_min_issued_at=tenant.tokens_valid_from,
    )


def org_shape(organization: Organization, tenant: Tenant) -> OrgShape:
    return OrgShape(
        **made(organization, tenant),
        id=organization.public_id,
        handle=organization.handle,
        display_name=organization.name,
        tenant_id=tenant.public_id,
    )


def identity_of_org(organization: Organization, tenant: Tenant) -> IdentityShape:
    return IdentityShape(
        id=organization.public_id,
        handle=organization.handle,
        display_name=organization.name,
        type="org",
        tenant_id=tenant.public_id,
    )


def identity_of_user(user: User, tenant: Tenant) -> IdentityShape:
    return IdentityShape(
        id=user.public_id,
        handle=user.handle,
        display_name=user.name or user.handle,
        type="user",
        tenant_id=tenant.public_id,
    )


def workspace_shape(
    workspace: Workspace, organization: Organization, tenant: Tenant, *, search_path: list[str] | None = None
) -> WorkspaceShape:
    return WorkspaceShape(
        **made(workspace, tenant),
        id=workspace.public_id,
        handle=workspace.handle,
        identity_id=organization.public_id,
        search_path=search_path,
        search_path_prefix=list(workspace.search_path_prefix),
    )


def member_fields(member: Membership, tenant: Tenant) -> dict[str, Any]:
    """Give what members of all places have; their user is read with them."""
    return {
        **made(member, tenant),
        "id": member.public_id,
        "user": user_shape(member.user, tenant),
        "user_id": member.user.public_id,
        "role": member.role,
    }


def token_shape(token: Token, user: User, tenant: Tenant, *, text: str | None = None) -> TokenShape:
    return TokenShape(
        **made(token, tenant),
        id=token.public_id,
        user_id=user.public_id,
        title=token.title,
        status="active" if token.is_active else "inactive",
        last4=token.last4,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        token=text,
    )

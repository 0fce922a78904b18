"""People and places."""

from workspaces.delegation.rows import OrganizationDelegation, TenantDelegation, WorkspaceDelegation
from workspaces.models.audit_event import AuditEvent
from workspaces.models.invitation import Invitation
from workspaces.models.membership import Membership, Role
from workspaces.models.organization import Organization
from workspaces.models.support_access import SupportAccess
from workspaces.models.tenant import Plan, Tenant
from workspaces.models.token import Token
from workspaces.models.user import User
from workspaces.models.workspace import Workspace

__all__ = [
    "AuditEvent",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationDelegation",
    "Plan",
    "Role",
    "SupportAccess",
    "Tenant",
    "TenantDelegation",
    "Token",
    "User",
    "Workspace",
    "WorkspaceDelegation",
]

"""Makers of what tests need; each makes one thing, the way the product makes it."""

from typing import Any

from workspaces import actions
from workspaces.access import Scope
from workspaces.models import Membership, Organization, Plan, Role, Tenant, User, Workspace

PASSWORD = "a-password-for-tests"


def user(handle: str, **fields: Any) -> User:
    """Make a person, ``handle@example.com``."""
    fields.setdefault("password", PASSWORD)
    return User.objects.create_user(email=f"{handle}@example.com", handle=handle, **fields)


def tenant(handle: str, *, owner: User, plan: Plan = Plan.TEAM) -> Tenant:
    """Make a tenant."""
    return actions.create_tenant(handle=handle, name=handle.title(), plan=plan, owner=owner, by=None)


def organization(scope: Scope, handle: str, *, owner: User) -> Organization:
    """Make an organization in the scope's tenant."""
    return actions.create_organization(scope=scope, handle=handle, name=handle.upper(), by=owner)


def workspace(scope: Scope, handle: str, *, owner: User) -> Workspace:
    """Make a workspace in the scope's organization."""
    return actions.create_workspace(scope=scope, handle=handle, name=handle.title(), by=owner)


def member(scope: Scope, person: User, role: Role) -> Membership:
    """Give somebody a role."""
    return actions.add_member(scope=scope, user=person, role=role, by=None)

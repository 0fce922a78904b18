"""Where a service account belongs: all that it can be is inside of its tenant, or of its organization there.

The database holds it too (``migrations/0017_service_accounts``); here is what is said of it.
"""

from workspaces.access import Scope
from workspaces.models import Role, User
from workspaces.wording.names import isolated


class StaysError(Exception):
    """Somebody cannot have a role, or cannot lose it; the text says why, and what to do instead."""


class HomeError(StaysError):
    """A service account would get a role outside of where it belongs, or leave there."""


def is_of(scope: Scope, user: User) -> bool:
    """Return whether this is a service account of the place itself, or of an organization inside it."""
    if scope.workspace is not None or user.service_tenant_id != scope.tenant.pk:
        return False
    return scope.organization is None or user.service_organization_id == scope.organization.pk


def check_role(scope: Scope, user: User, role: Role) -> None:
    """Raise HomeError when this is a service account that cannot be that in the place."""
    home = user.service_organization_id
    if not user.is_service_account or (home is None and user.service_tenant_id == scope.tenant.pk):
        return
    is_inside = scope.organization is not None and scope.organization.pk == home
    is_around = scope.organization is None and user.service_tenant_id == scope.tenant.pk
    if not is_inside and not (is_around and role == Role.MEMBER):
        raise HomeError(
            f"{isolated(user)} is a service account of an organization, and can have no role outside of it."
            f" Make a service account of {scope.tenant} for this."
        )


def why_it_stays(scope: Scope, user: User) -> str:
    """Say why this service account cannot leave the place, and what to do; empty for whoever can."""
    if not is_of(scope, user):
        return ""
    return f"{isolated(user)} is a service account, and stays where it belongs. Delete it instead."


def check_may_leave(scope: Scope, user: User) -> None:
    """Raise HomeError when this is a service account that would leave where it belongs."""
    if why := why_it_stays(scope, user):
        raise HomeError(why)

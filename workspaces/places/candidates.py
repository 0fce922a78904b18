"""Who of a place may get something of it delegated: its members who own nothing of it."""

from django.db.models import Q, QuerySet

from workspaces.access import Scope
from workspaces.models import Membership, Role, User


def candidates(scope: Scope) -> QuerySet[Membership]:
    """Give the members to whom something of the scope can be delegated, with their person, by handle.

    They are those of the scope and, in a workspace, of its organization; who owns the scope may do everything already.
    """
    places = Q(**scope.keys) | (Q(**scope.keys | {"workspace": None}) if scope.workspace else Q())
    found = Membership.objects.filter(places, user__is_active=True).exclude(user__in=_owning(scope).values("user"))
    return found.select_related("user").order_by("user__handle", "workspace")


def owns(user: User, scope: Scope) -> bool:
    """Whether somebody owns the scope, by a role in it or around it."""
    return _owning(scope).filter(user=user).exists()


def _owning(scope: Scope) -> QuerySet[Membership]:
    around = Q(organization=None, workspace=None)
    if scope.organization:
        around |= Q(organization=scope.organization, workspace=None)
    return Membership.objects.filter(Q(**scope.keys) | around, tenant=scope.tenant, role=Role.OWNER)

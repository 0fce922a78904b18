"""Which places a person may enter, and which handles are taken."""

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Q, QuerySet

from workspaces import isolation
from workspaces.access import Access, Power, Scope, power_in
from workspaces.models import Membership, Organization, Tenant, User, Workspace

Place = TypeVar("Place", Tenant, Organization, Workspace)


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place in a list: where it leads, what the person is there, and its settings for owners."""

    place: Tenant | Organization | Workspace
    url: str
    role: str
    settings_url: str = ""


def tenants_of(user: User) -> QuerySet[Tenant]:
    """Tenants that this person belongs to; inside isolation.as_user."""
    return Tenant.objects.filter(pk__in=Membership.objects.filter(user=user).values("tenant_id")).order_by("handle")


def organizations_for(access: Access) -> QuerySet[Organization]:
    found = Organization.objects.filter(tenant=access.scope.tenant).order_by("handle")
    if access.is_tenant_owner:
        return found
    return found.filter(pk__in=[m.organization_id for m in access.memberships if m.organization_id])


def workspaces_anywhere_for(access: Access) -> QuerySet[Workspace]:
    """Give the workspaces of all organizations of the tenant that this person may enter."""
    found = Workspace.objects.filter(tenant=access.scope.tenant).order_by("handle")
    if access.is_tenant_owner:
        return found
    return found.filter(Q(organization_id__in=access.owned_organization_ids) | Q(pk__in=access.usable_workspace_ids))


def workspaces_for(access: Access) -> QuerySet[Workspace]:
    found = Workspace.objects.filter(organization=access.scope.organization).order_by("handle")
    if power_in(Scope(access.scope.tenant, access.scope.organization), access.memberships) == Power.OWNER:
        return found
    return found.filter(pk__in=access.usable_workspace_ids)


def matching(places: QuerySet[Place], text: str) -> QuerySet[Place]:
    return places.filter(Q(handle__icontains=text) | Q(name__icontains=text)) if text else places


def role_in(scope: Scope, access: Access) -> str:
    """Name what this person is in a place that they may enter, in the product's words."""
    power = power_in(scope, access.memberships)
    if power == Power.NONE:
        return "Delegate"
    if power == Power.MEMBER:
        return "Reader" if scope.workspace else "Member"
    return power.name.capitalize()


def is_taken(scope: Scope, handle: str) -> bool:
    """Return whether another place beside the scope's innermost one already has this handle."""
    if scope.workspace is not None:
        found = Workspace.objects.filter(organization=scope.organization, handle=handle)
        return found.exclude(pk=scope.workspace.pk).exists()
    if scope.organization is not None:
        return scope.tenant.organizations.filter(handle=handle).exclude(pk=scope.organization.pk).exists()
    with isolation.as_operator():  # tenants' handles are unique over all customers; only yes or no leaves this block
        return Tenant.objects.filter(handle=handle).exclude(pk=scope.tenant.pk).exists()

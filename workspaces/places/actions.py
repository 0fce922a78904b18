"""What people do to places: each function is one transaction and writes one audit event."""

from datetime import datetime

from django.db import transaction

from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.models import Membership, Organization, Plan, Role, Tenant, User, Workspace
from workspaces.places import members


def create_tenant(*, handle: str, name: str, plan: Plan, owner: User, by: User | None) -> Tenant:
    """Create a customer's tenant with its first owner; the operator's action.

    Raises ValidationError when the handle is malformed or taken.
    """
    with isolation.as_operator():
        tenant = Tenant(handle=handle, name=name, plan=plan)
        tenant.full_clean()
        tenant.save()
        Membership.objects.create(user=owner, tenant=tenant, role=Role.OWNER)
        with isolation.as_tenant(tenant.pk):
            audit.record("tenant.created", scope=Scope(tenant), by=by, target=tenant, plan=plan, owner=owner.email)
    return tenant


@transaction.atomic
def change_plan(*, tenant: Tenant, plan: Plan, by: User) -> None:
    before, tenant.plan = tenant.plan, plan
    if before != plan:
        with isolation.as_tenant(tenant.pk):
            tenant.save(update_fields=["plan"])
            audit.record("tenant.plan_changed", scope=Scope(tenant), by=by, target=tenant, before=before, after=plan)


@transaction.atomic
def create_organization(*, scope: Scope, handle: str, name: str, by: User) -> Organization:
    """Create an organization in the scope's tenant; who creates it owns it."""
    organization = Organization.objects.create(tenant=scope.tenant, handle=handle, name=name)
    members.join(by, Scope(scope.tenant, organization), Role.OWNER)
    audit.record("organization.created", scope=Scope(scope.tenant, organization), by=by, target=organization)
    return organization


@transaction.atomic
def create_workspace(*, scope: Scope, handle: str, name: str, by: User) -> Workspace:
    """Create a workspace in the scope's organization; who creates it owns it."""
    workspace = Workspace.objects.create(
        tenant=scope.tenant, organization_id=scope.keys["organization"].pk, handle=handle, name=name
    )
    inner = Scope(scope.tenant, scope.organization, workspace)
    members.join(by, inner, Role.OWNER)
    audit.record("workspace.created", scope=inner, by=by, target=workspace)
    return workspace


@transaction.atomic
def change_place(*, scope: Scope, handle: str, name: str, by: User) -> None:
    place = scope.place
    before = {"handle": place.handle, "name": place.name}
    place.handle, place.name = handle, name
    place.save(update_fields=["handle", "name"])
    after = {"handle": handle, "name": name}
    audit.record(f"{place._meta.model_name}.changed", scope=scope, by=by, target=place, before=before, after=after)


@transaction.atomic
def hide_first_steps(*, scope: Scope, by: User, now: datetime) -> None:
    """Put away the list of what to do first in a tenant or organization, for all its owners."""
    place = scope.organization or scope.tenant
    place.first_steps_hidden_at = now
    place.save(update_fields=["first_steps_hidden_at"])
    audit.record(f"{place._meta.model_name}.first_steps_hidden", scope=scope, by=by, target=place)


def change_profile(*, user: User, handle: str, name: str) -> None:
    """Change a person's own handle and name; it belongs to no tenant, so no tenant's audit log has it.

    Raises IntegrityError when somebody else has the handle.
    """
    user.handle, user.name = handle, name
    with transaction.atomic():
        user.save(update_fields=["handle", "name"])

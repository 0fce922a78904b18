"""What the operator sees, and what acts each row has. Registered here is all that is: see ``pipes.apps``."""

from django.contrib import admin

from workspaces.access import Scope
from workspaces.models import Tenant, User
from workspaces.operator import forms
from workspaces.operator.acts import ActAdmin
from workspaces.places import members as places_members


@admin.register(Tenant)
class TenantAdmin(ActAdmin[Tenant]):
    list_display = ("handle", "name", "plan", "created_at")
    list_filter = ("plan",)
    search_fields = ("handle", "name")
    fields = ("handle", "name", "plan", "public_id", "created_at", "owners")
    makers = {"create": forms.CreateTenant}  # noqa: RUF012
    acts = {  # noqa: RUF012
        "rename": forms.RenameTenant,
        "plan": forms.ChangePlan,
        "add-owner": forms.AddOwner,
        "remove-owner": forms.RemoveOwner,
        "enter": forms.EnterForSupport,
        "leave": forms.LeaveSupport,
    }

    @admin.display
    def owners(self, tenant: Tenant) -> str:
        members = places_members.owners_of(Scope(tenant)).select_related("user").order_by("user__email")
        return ", ".join(f"{m.user.email}{'' if m.user.is_active else ' (deactivated)'}" for m in members)


@admin.register(User)
class UserAdmin(ActAdmin[User]):
    list_display = ("email", "handle", "name", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "handle", "name")
    fields = ("email", "handle", "name", "is_active", "is_superuser", "joined_at", "last_login", "tenants")
    acts = {  # noqa: RUF012
        "address": forms.SetAddress,
        "second-factor": forms.ResetSecondFactor,
        "deactivate": forms.Deactivate,
        "activate": forms.Reactivate,
        "make-operator": forms.MakeOperator,
        "remove-operator": forms.RemoveOperatorRights,
        "erase": forms.Erase,
    }

    @admin.display
    def tenants(self, person: User) -> str:
        own = person.memberships.filter(organization=None).select_related("tenant").order_by("tenant__handle")
        return ", ".join(f"{member.tenant} ({member.get_role_display()})" for member in own)

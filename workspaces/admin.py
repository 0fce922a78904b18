"""What the operator sees."""

from django.contrib import admin

from workspaces.models import Membership, Tenant, User


class MembershipInline(admin.TabularInline[Membership, Tenant]):
    """A tenant's members; owners are made here."""

    model = Membership
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 0

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        """Show the memberships of the tenant itself, not those of its organizations."""
        return super().get_queryset(request).filter(organization=None)


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    """Tenants and their plans."""

    list_display = ("handle", "name", "plan", "created_at")
    list_filter = ("plan",)
    search_fields = ("handle", "name")
    inlines = (MembershipInline,)

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        """Refuse: a tenant is never lost by a click."""
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """People of this installation."""

    list_display = ("email", "handle", "name", "is_active", "is_superuser")
    search_fields = ("email", "handle", "name")
    fields = ("email", "handle", "name", "is_active", "is_superuser")

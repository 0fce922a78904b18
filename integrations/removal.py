"""What goes for good, by the clock."""

from datetime import datetime, timedelta

from connections.models import Connection, Folder
from integrations.models import AccessTest, Draft
from workspaces import isolation
from workspaces.models import Tenant

# An account that returns within this time gets its connection back, with grants, overrides and schemas.
GRACE = timedelta(days=30)
_TESTS_ARE_KEPT = timedelta(days=7)


def clean_up(*, now: datetime) -> None:
    """Clean up tenant by tenant, each in a transaction of its own."""
    with isolation.as_operator():
        tenant_ids = list(Tenant.objects.values_list("pk", flat=True))
    for tenant_id in tenant_ids:
        with isolation.as_tenant(tenant_id):
            Draft.objects.filter(expires_at__lte=now).delete()
            AccessTest.objects.filter(created_at__lte=now - _TESTS_ARE_KEPT).delete()
            purge(now=now)


def purge(*, now: datetime) -> None:
    """Delete the rows of nodes that were removed longer ago than the days of grace; their handles are free again."""
    for model in (Connection, Folder):
        model.objects.filter(removed_at__lte=now - GRACE).delete()

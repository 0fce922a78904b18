"""Asking for health tests now, rather than when they are due; a worker runs them."""

from django.db import transaction

from connections.models import Health
from integrations.health import batches
from integrations.models import Integration, SyncSchedule
from workspaces import audit
from workspaces.models import User


@transaction.atomic
def request_tests(*, integration: Integration, by: User | None) -> int:
    """Have the failing connections tested now, and not when they are due; gives how many they are."""
    SyncSchedule.objects.select_for_update().filter(pk=integration.pk).first()  # no sync writes to them meanwhile
    tested = batches.tested(integration.tenant_id).filter(root=integration.root_folder_id)
    number = batches.make_due_now(integration.tenant_id, tested.filter(health=Health.FAILING))
    audit.record(
        "integration.health_test_requested", scope=integration.scope, by=by, target=integration, connections=number
    )
    return number

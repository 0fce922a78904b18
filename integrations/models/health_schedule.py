"""When the connections of each tenant are tested, and who is at it."""

from typing import ClassVar

from django.db import models

from integrations.models.lease import Leased
from workspaces.models import Tenant


class HealthSchedule(Leased):
    """One row for each tenant; it holds no secret and no name, so like that of syncs it is outside the tenants' wall.

    ``next_due_at`` is when the first of the tenant's connections is due. ``dispatched_at`` is set while a message is on
    its way to a worker, ``claim`` is the token of the tests under way.
    """

    tenant = models.OneToOneField(Tenant, primary_key=True, on_delete=models.CASCADE, related_name="+")
    next_due_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["HealthSchedule"]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["next_due_at"], name="health_schedule_due")]

    def __str__(self) -> str:
        return f"{self.tenant_id} due {self.next_due_at:%Y-%m-%d %H:%M:%S}"

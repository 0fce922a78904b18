"""When each integration is due, and who is working on it."""

from typing import ClassVar

from django.db import models

from integrations.models.integration import Integration

DEFAULT_INTERVAL_SECONDS = 15 * 60


class SyncSchedule(models.Model):
    """What the dispatcher works from; it holds no secret and no name, so it is the one table outside the tenants' wall.

    ``dispatched_at`` is set while a message is on its way to a worker. ``claim`` is the token of the running sync, good
    until ``claim_expires_at``, which the sync keeps pushing. A claim that expired belongs to a worker that died.
    ``failures`` counts the failed runs since the last good one.
    """

    integration = models.OneToOneField(Integration, primary_key=True, on_delete=models.CASCADE, related_name="schedule")
    tenant_id = models.BigIntegerField()
    interval_seconds = models.PositiveIntegerField(default=DEFAULT_INTERVAL_SECONDS)
    next_due_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    dispatched_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    claim_expires_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["SyncSchedule"]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["next_due_at"], name="schedule_due")]

    def __str__(self) -> str:
        return f"{self.integration_id} due {self.next_due_at:%Y-%m-%d %H:%M:%S}"

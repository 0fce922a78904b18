"""When the syncs of each integration and the health tests of each tenant are due, and who is working on them."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.integration import Integration
from integrations.models.lease import Leased
from workspaces.models import Tenant, User

DEFAULT_INTERVAL_SECONDS = 15 * 60
DEFAULT_REST_SECONDS = 24 * 60 * 60  # between full syncs, while events are known to come
MANY_TAKEOVERS = 3  # from so many on it is no mishap
# Clocks differ, and are set right by a little all the time.
CLOCK_SLACK = timedelta(minutes=1)


class SyncSchedule(Leased):
    """What the dispatcher works from; it holds no secret and no name, so it is the one table outside the tenants' wall.

    ``dispatched_at`` is set while a message is on its way to a worker. ``claim`` is the token of the running sync,
    which keeps pushing ``claim_expires_at``; that is ``lease.FREED`` where its worker is known to have died.
    ``planned_at`` is when ``next_due_at`` was reckoned: should it lie in the future, the clock was set back since, and
    the dispatcher mends all moments of the row; until then nobody writes an earlier one.
    ``asked_at`` is set while a person waits for the sync: it goes before those that are due by the clock. What that was
    and who it was stand in ``asked_trigger`` and ``asked_by`` where no run could be queued, for one ran. ``event_at``
    is when AWS reported a change that no sync has looked at yet; ``last_event_at`` outlives that sync.
    ``events_synced_at`` is when a full sync that events had started began or, once it is over, ended;
    ``events_rest_until`` is until when no event starts any.

    ``next_due_at`` may come from an event; ``full_due_at`` is when the clock wants a full sync (null: then too), and
    ``why_full`` why events do, where it is not empty. ``read_all_at`` is when the last full sync began that ended well.
    How long that is enough is in ``rest``, by what else is known of the inlet: ``heard_at`` is when it last let
    anything in, ``missed_at`` when a full sync found a change that it had not told, ``untold_at`` when it told of what
    no sync has seen one by one.

    ``failures`` counts the failed runs since the last good one; of them ``lasting_failures`` are those whose cause does
    not pass by itself. ``takeovers`` counts the workers that died in a row in the middle of the sync.
    ``failing_since`` is when it was clear that a fault lasts and people were notified, until a run succeeds again.
    """

    integration = models.OneToOneField(
        Integration, primary_key=True, on_delete=models.CASCADE, related_name="schedule", db_constraint=False
    )
    tenant_id = models.BigIntegerField()
    interval_seconds = models.PositiveIntegerField(default=DEFAULT_INTERVAL_SECONDS)
    next_due_at = models.DateTimeField()
    planned_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True)
    asked_trigger = models.CharField(max_length=10, null=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    event_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    events_synced_at = models.DateTimeField(null=True)
    events_rest_until = models.DateTimeField(null=True)
    full_due_at = models.DateTimeField(null=True)
    why_full = models.CharField(max_length=300, default="", db_default="")
    read_all_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    untold_at = models.DateTimeField(null=True)
    rest_seconds = models.PositiveIntegerField(default=DEFAULT_REST_SECONDS, db_default=DEFAULT_REST_SECONDS)
    failures = models.PositiveIntegerField(default=0)
    lasting_failures = models.PositiveIntegerField(default=0)
    takeovers = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["SyncSchedule"]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["next_due_at"], name="schedule_due"),
            models.Index(fields=["planned_at"], name="schedule_planned"),
            models.Index(
                fields=["tenant_id"],
                condition=Q(dispatched_at__isnull=False) | Q(claim__isnull=False),
                name="schedule_under_way",
            ),
        ]

    @property
    def interval(self) -> timedelta:
        """Between two full syncs."""
        return timedelta(seconds=self.interval_seconds)

    @property
    def rest(self) -> timedelta:
        """Between two full syncs while events are known to come."""
        return timedelta(seconds=max(self.rest_seconds, self.interval_seconds))

    def is_ahead(self, now: datetime) -> bool:
        """Whether the clock was set back since it was reckoned."""
        return self.planned_at > now + CLOCK_SLACK

    def __str__(self) -> str:
        return f"{self.integration_id} due {self.next_due_at:%Y-%m-%d %H:%M:%S}"


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

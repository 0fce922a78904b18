"""One discovery and reconciliation of one integration."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from integrations.models.integration import Integration
from workspaces.access import Scope
from workspaces.models import Tenant, User


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    """Ways to runs; without their changes, of which there may be thousands."""

    def of(self, integration: Integration) -> Self:
        """Runs of one integration, the latest first."""
        return self.filter(integration=integration).defer("changes").order_by("-pk")

    def in_scope(self, scope: Scope) -> Self:
        """Runs of all integrations that this tenant or organization itself owns, the latest first."""
        own = Integration.objects.in_scope(scope)
        return self.filter(integration__in=own).defer("changes").order_by("-pk")

    def latest_of(self, integrations: Iterable[Integration]) -> Self:
        """The latest run of each, found by the index however many there are."""
        latest = SyncRun.objects.filter(integration=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        ids = [integration.pk for integration in integrations]
        found = Integration.objects.filter(pk__in=ids).values_list(Subquery(latest))
        return self.filter(pk__in=found).defer("changes")


class SyncRun(models.Model):
    """A sync run (a *process* in the console): who started it, how far it is, what it changed, or why it did not.

    ``changes`` holds every change as ``[kind, node, source id, label, before, after]``; ``counts`` how many of each.
    """

    class Trigger(models.TextChoices):
        """What started it."""

        CREATED = "created", "Integration created"
        MANUAL = "manual", "Sync Integration"
        SCHEDULED = "scheduled", "Schedule"
        COMMAND = "command", "Command line"
        SETTINGS = "settings", "Discovery Settings"
        SELECTION = "selection", "Accounts to mirror"

    class State(models.TextChoices):
        """How it stands."""

        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"

    class Phase(models.TextChoices):
        """What a running sync is doing."""

        CHECKING = "checking", "Checking access"
        READING = "reading", "Reading the AWS organization"
        COMPARING = "comparing", "Updating the tree"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, blank=True)
    claim = models.UUIDField(default=uuid.uuid4)
    folders_read = models.PositiveIntegerField(default=0)
    accounts_read = models.PositiveIntegerField(default=0)
    aws_calls = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    error = models.TextField(blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["integration", "-id"], name="run_by_integration")]
        constraints = [
            # Whatever crashes and whoever clicks: one sync of an integration at a time.
            models.UniqueConstraint(
                fields=["integration"], condition=Q(state__in=["queued", "running"]), name="run_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_over(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.state in (self.State.SUCCEEDED, self.State.FAILED)

    @property
    def since(self) -> datetime:
        """When it came to how it stands: ended, was started or was queued."""
        return self.finished_at or self.started_at or self.queued_at

    @property
    def elapsed(self) -> timedelta:
        """How long it took, or has been taking."""
        return (self.finished_at or timezone.now()) - (self.started_at or self.queued_at)

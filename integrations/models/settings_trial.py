"""New discovery settings, or another choice of accounts, that are tried before anybody saves them."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations import retention
from integrations.models.integration import Integration
from integrations.models.settings import IntegrationSettings
from workspaces.models import User


def trial_expiry() -> datetime:
    """Give the time at which a trial that starts now is dropped."""
    return timezone.now() + retention.TRIAL


class SettingsTrial(IntegrationSettings):
    """A real discovery with settings that are not saved yet, and what it found.

    ``base_version`` is the integration's version that they were typed on. ``snapshot`` is what was read, as compressed
    JSON; ``left_out`` the ids of the organizational units that the new credentials may not read.

    It is ``about`` other credentials, or which accounts are mirrored, or nothing new at all: what a sync would change.
    The latter two read with the credentials that are in use, as a sync does; ``confirmed_gone`` are the ids that AWS
    said are gone. One that ``is_unattended``, which a program has asked for, is saved as soon as it is read, unless
    that would remove more than the deletion limit.
    """

    class About(models.TextChoices):
        """What may be saved of it."""

        DISCOVERY = "discovery", "Discovery Settings"
        SELECTION = "selection", "Accounts to mirror"
        PREVIEW = "preview", "Preview"

    class State(models.TextChoices):
        """How far it is; a ready one waits for *Save* or *Discard*."""

        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="trial", db_constraint=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    about = models.CharField(max_length=10, choices=About, default=About.DISCOVERY)
    base_version = models.PositiveIntegerField()
    is_unattended = models.BooleanField(default=False, db_default=False)
    phase = models.CharField(max_length=60, blank=True)
    folders_read = models.PositiveIntegerField(default=0)
    accounts_read = models.PositiveIntegerField(default=0)
    aws_calls = models.PositiveIntegerField(default=0)
    snapshot = models.BinaryField(default=b"")
    left_out = models.JSONField(default=list)
    confirmed_gone = models.JSONField(default=list)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    progressed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=trial_expiry)

    objects: ClassVar[models.Manager["SettingsTrial"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="ready") | ~Q(snapshot=b""), name="trial_ready_has_snapshot"),
        ]

    def __str__(self) -> str:
        return f"trial of {self.integration_id}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.READY, self.State.FAILED)

    @property
    def units_read(self) -> int:
        """How many OUs were read; the root is read too, and is none."""
        return max(self.folders_read - 1, 0)

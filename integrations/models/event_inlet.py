"""Where AWS reports that an AWS organization changed, and what it has reported that no sync has seen yet."""

import uuid
from typing import ClassVar

from django.db import models

from integrations.models.integration import Integration
from integrations.planning.targeted.hints import Hint, Told
from workspaces.models import Tenant


class EventInlet(models.Model):
    """The address that EventBridge sends an integration's events to, and the proof that it is the customer's.

    ``uid`` is in the URL, which may be seen in logs. The key comes in a header; only its SHA-256 is kept, so a reader
    of the database cannot send events.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="inlet", db_constraint=False)
    uid = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    key_made_at = models.DateTimeField()

    objects: ClassVar[models.Manager["EventInlet"]] = models.Manager()

    def __str__(self) -> str:
        return str(self.uid)


class AwsEvent(models.Model):
    """An event of which no sync has seen the change yet; its row goes when one has, or when it was looked for enough.

    ``event_id``, ``name`` and ``occurred_at`` are what it says of itself, for people. ``hints`` are the accounts and
    OUs that it names, each as ``[id, what to expect]``. It was looked for ``looks`` times, and next is at ``look_at``.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    event_id = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    hints = models.JSONField()
    looks = models.PositiveSmallIntegerField(default=0)
    look_at = models.DateTimeField()

    objects: ClassVar[models.Manager["AwsEvent"]] = models.Manager()

    class Meta:
        constraints = [
            # EventBridge may send one twice. With the tenant, so that a name of another's tells nothing.
            models.UniqueConstraint(fields=["integration", "event_id", "tenant"], name="event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.event_id}"

    @property
    def told(self) -> Told:
        return Told(self.occurred_at, tuple(Hint(source_id, expects) for source_id, expects in self.hints))

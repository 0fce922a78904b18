"""Where AWS reports that an AWS organization changed."""

import uuid
from typing import ClassVar

from django.db import models

from integrations.models.integration import Integration
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

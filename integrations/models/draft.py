"""An integration in the making."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from integrations.models.settings import IntegrationSettings
from workspaces.handles import PlaceHandleField
from workspaces.models import User

LIFETIME = timedelta(days=7)


def draft_expiry() -> datetime:
    """Give the time at which a draft that was touched now is dropped."""
    return timezone.now() + LIFETIME


class Draft(IntegrationSettings):
    """The wizard's memory: survives sign-out, reload and the back button; becomes an integration at its last step.

    ``steps_done`` counts the steps that were saved, so it is also the number of the step to take up again.
    """

    handle = PlaceHandleField(blank=True)
    steps_done = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=draft_expiry)

    objects: ClassVar[models.Manager["Draft"]] = models.Manager()

    def __str__(self) -> str:
        return self.handle or "draft"

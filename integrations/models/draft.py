"""An integration in the making."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone

from integrations import retention
from integrations.models.settings import NamedSettings
from workspaces.access import Scope
from workspaces.handles import PlaceHandleField
from workspaces.models import User


def draft_expiry() -> datetime:
    """Give the time at which a draft that was touched now is dropped."""
    return timezone.now() + retention.DRAFT


class DraftQuerySet(models.QuerySet["Draft"]):
    def in_scope(self, scope: Scope, *, now: datetime) -> Self:
        """Drafts that this tenant or organization owns and that have not expired."""
        return self.filter(tenant=scope.tenant, organization=scope.organization, expires_at__gt=now)


class Draft(NamedSettings):
    """The wizard's memory: survives sign-out, reload and the back button; becomes an integration at its last step.

    ``steps_done`` counts the steps that are complete, so it is also the number of the step to take up again.
    ``permissions`` is what was chosen on the last step.
    """

    handle = PlaceHandleField(blank=True)
    permissions = models.JSONField(default=dict)
    steps_done = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=draft_expiry)

    objects = DraftQuerySet.as_manager()

    def __str__(self) -> str:
        return self.handle or "draft"

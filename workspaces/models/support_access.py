"""When the operator of the installation may look into a tenant."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from workspaces import retention
from workspaces.models.tenant import Tenant
from workspaces.models.user import User


class SupportAccessQuerySet(models.QuerySet["SupportAccess"]):
    def live(self, now: datetime) -> Self:
        return self.filter(ended_at=None, expires_at__gt=now)


class SupportAccess(models.Model):
    """One operator who may look into one tenant, for a reason that its owners read, for an hour at most."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    operator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = SupportAccessQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("started_at"), expires_at__lte=F("started_at") + retention.SUPPORT_ACCESS),
                name="support_access_is_short",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="support_access_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.operator_id} in {self.tenant_id}"

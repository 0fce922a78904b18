"""What happened, who did it, and from where."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

# What is recorded when a thing of each kind gets another handle; the details have the one before.
HANDLE_CHANGES: Final = {
    "tenant": "tenant.changed",
    "organization": "organization.changed",
    "workspace": "workspace.changed",
    "integration": "integration.handle_changed",
}


class AuditEvent(models.Model):
    """One action, kept for good: no foreign keys, so that it outlives what it names.

    Triggers forbid changing it, and set the actor's email and the time, whatever was given for them.
    """

    tenant_id = models.BigIntegerField()
    organization_id = models.BigIntegerField(null=True)
    workspace_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_id = models.CharField(max_length=40)
    object_label = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    remote_address = models.GenericIPAddressField(null=True)
    happened_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["AuditEvent"]] = models.Manager()

    class Meta:
        # The log is read newest first, in a place or of a person; "in a place" comes with further filters.
        indexes = [
            models.Index(fields=["tenant_id", "-happened_at", "-id"], name="audit_by_tenant"),
            models.Index(fields=["organization_id", "-happened_at", "-id"], name="audit_by_organization"),
            models.Index(fields=["workspace_id", "-happened_at", "-id"], name="audit_by_workspace"),
            # Of these few the handle is looked at one by one: the wall between tenants keeps it out of an index.
            models.Index(
                fields=["tenant_id"],
                condition=Q(action__in=sorted(HANDLE_CHANGES.values())),
                name="audit_former_handles",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_label}"

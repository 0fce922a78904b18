"""The link to one AWS organization."""

from typing import Self

from django.db import models
from django.db.models import Q

from connections.models import Folder
from integrations.models.settings import AccessMode, IntegrationSettings
from workspaces.access import Scope
from workspaces.handles import PlaceHandleField

__all__ = ["AccessMode", "Integration"]


class IntegrationQuerySet(models.QuerySet["Integration"]):
    """Ways to integrations; they start at a scope."""

    def in_scope(self, scope: Scope) -> Self:
        """Integrations that this tenant or organization itself owns."""
        return self.filter(tenant=scope.tenant, organization=scope.organization)


class Integration(IntegrationSettings):
    """The link to one AWS organization, and the folder that mirrors its root.

    ``source_organization_id`` is the AWS organization that the first sync found; a later sync that finds another changes
    nothing. ``role_proved_at`` is when the role was last seen to refuse everybody without our external id.
    """

    handle = PlaceHandleField()
    root_folder = models.OneToOneField(Folder, on_delete=models.PROTECT, related_name="integration")
    source_organization_id = models.CharField(max_length=40, blank=True)
    management_account_id = models.CharField(max_length=12, blank=True)
    role_proved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        constraints = [
            # Unique over the whole tenant, org-level ones included: the documentation's rule.
            models.UniqueConstraint(fields=["tenant", "handle"], name="integration_handle_unique"),
            # Every handle of a connection begins with it.
            models.CheckConstraint(
                condition=Q(handle_prefix__regex=r"^([a-z][a-z0-9_]*)?$"), name="integration_prefix_wellformed"
            ),
        ]

    def __str__(self) -> str:
        return self.handle

"""What every row has that a tenant, an organization or a workspace owns."""

from django.db import models

from workspaces.models.organization import Organization
from workspaces.models.tenant import Tenant
from workspaces.models.workspace import Workspace


class ScopedModel(models.Model):
    """A row with an owner: the tenant (both keys null), an organization (``workspace`` null) or a workspace.

    ``organization`` and ``workspace`` carry no plain foreign key constraint: the migrations give them composite ones
    that include the tenant (``migrations._steps.scope_keys``), so that a row cannot name another tenant's places.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    workspace = models.ForeignKey(
        Workspace, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        abstract = True

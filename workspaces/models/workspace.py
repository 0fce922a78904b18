"""Where connections are used."""

from typing import ClassVar

from django.db import models

from workspaces.delegation.verbs import permissions_of
from workspaces.handles import PlaceHandleField
from workspaces.models.organization import Organization
from workspaces.models.tenant import Tenant
from workspaces.models.versioned import PublicIdField, Versioned


class Workspace(Versioned):
    """One set of schemas; the configuration lives here, the query engine does not.

    ``search_path_prefix`` names the schemas that are looked up first, in this order, whether or not they exist.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="workspaces", db_constraint=False
    )
    handle = PlaceHandleField()
    name = models.CharField(max_length=100)
    search_path_prefix = models.JSONField(default=list, blank=True)
    public_id = PublicIdField("w")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Workspace"]] = models.Manager()

    class Meta:
        permissions = permissions_of("workspace")
        constraints = [
            models.UniqueConstraint(fields=["organization", "handle"], name="workspace_handle_unique"),
            models.UniqueConstraint(fields=["tenant", "organization", "id"], name="workspace_in_organization"),
        ]

    def __str__(self) -> str:
        return self.handle

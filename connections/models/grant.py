"""Who may use a folder or a connection."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from connections.models.connection import Connection
from connections.models.folder import Folder
from workspaces.models.scoped import ScopedModel
from workspaces.models.versioned import PublicIdField, Versioned


class Grant(ScopedModel, Versioned):
    """ "This folder or connection may be used by …": the audience is the row's own scope.

    Both keys null: all organizations of the tenant and all their workspaces. ``organization`` only: all its workspaces.
    ``workspace``: that one. "All" covers those that come later, because it is one row and not a list. A trigger refuses
    an audience outside the scope of the node.
    """

    folder = models.ForeignKey(Folder, null=True, on_delete=models.CASCADE, related_name="grants", db_constraint=False)
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="grants", db_constraint=False
    )
    public_id = PublicIdField("perm")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Grant"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(folder__isnull=True, connection__isnull=False)
                | Q(folder__isnull=False, connection__isnull=True),
                name="grant_on_one_node",
            ),
            models.UniqueConstraint(
                fields=["folder", "connection", "organization", "workspace"], name="grant_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(workspace__isnull=True) | Q(organization__isnull=False),
                name="grant_workspace_has_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.folder_id or self.connection_id} for {self.workspace_id or self.organization_id or 'all'}"

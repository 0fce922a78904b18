"""What was added to a workspace."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from connections.models.connection import Connection
from connections.models.folder import Folder
from workspaces.models.scoped import ScopedModel
from workspaces.models.versioned import PublicIdField, Versioned


class Schema(ScopedModel, Versioned):
    """A connection, or a folder with all its present and future connections, that was added to a workspace.

    A row says what a person added, not what is there now: that is what was added and may (still) be used; see
    schemas.py. A trigger refuses a node outside the scopes that the workspace lies in.

    ``lost_at`` is when a revoked grant took it; it is deleted after the days of grace. ``returned_at`` is when a grant
    gave it back: under a name that something newer has by then it is the later one.
    """

    folder = models.ForeignKey(Folder, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    public_id = PublicIdField("s")
    added_at = models.DateTimeField(auto_now_add=True)
    lost_at = models.DateTimeField(null=True, editable=False)
    returned_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Schema"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(folder__isnull=True, connection__isnull=False)
                | Q(folder__isnull=False, connection__isnull=True),
                name="schema_of_one_node",
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=False, workspace__isnull=False), name="schema_in_a_workspace"
            ),
            models.UniqueConstraint(
                fields=["workspace", "folder", "connection"], name="schema_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return str(self.folder or self.connection)

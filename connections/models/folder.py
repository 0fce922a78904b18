"""Connection folders."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from connections.models.node import Node, NodeManager
from connections.tree import PathField
from workspaces.delegation.verbs import permissions_of
from workspaces.handles import PlaceHandleField


class Folder(Node):
    """A node that holds folders and connections; a discovered one mirrors the root or an organizational unit.

    ``managed_by`` is on the top folder of a mirror only: the handle of the integration that keeps the mirror true.
    """

    kind = "folder"
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children", db_constraint=False
    )
    path = PathField(unique=True)
    managed_by = PlaceHandleField(blank=True, editable=False)

    objects: ClassVar[NodeManager["Folder"]] = NodeManager()

    class Meta(Node.Meta):
        permissions = permissions_of("folder")
        constraints = [
            *Node.Meta.constraints,
            models.CheckConstraint(
                # The top folder of a mirror exists before the provider was read for the first time.
                condition=Q(is_managed=False) | ~Q(source_id="") | Q(root=models.F("id")),
                name="folder_managed_has_source",
            ),
            models.CheckConstraint(
                # A root of NULL must not make this neither true nor false: then it would pass.
                condition=Q(managed_by="") | Q(root__isnull=False, root=models.F("id")),
                name="folder_managed_by_on_top_only",
            ),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="folder_not_its_own_parent"),
            models.CheckConstraint(condition=Q(path__endswith="/"), name="folder_path_ends_with_slash"),
        ]

    @property
    def path_above(self) -> str:
        """The path of the folder that it is in; empty at the top of a scope."""
        return self.path.removesuffix(f"{self.pk}/")

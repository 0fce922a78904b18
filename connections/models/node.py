"""What folders and connections have in common."""

from typing import Any, ClassVar, Literal, TypeVar

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, NullIf

from workspaces.access import Scope
from workspaces.handles import NodeHandleField
from workspaces.models.scoped import ScopedModel
from workspaces.models.versioned import PublicIdField, Versioned


class SortedAsTitle(models.Func):
    """A handle that is compared as titles are; Django has no index over its own Collate within another function."""

    template = '%(expressions)s COLLATE "default"'
    arity = 1


# What pages call a node, in a query set: lists are in its order, by an index that says the same.
SHOWN = Coalesce(NullIf("title", Value("")), SortedAsTitle("handle"), output_field=models.CharField())

AnyNode = TypeVar("AnyNode", bound="Node", covariant=True)


class NodeManager(models.Manager[AnyNode]):
    """Ways into the tree; each starts at a scope."""

    def in_scope(self, scope: Scope) -> models.QuerySet[AnyNode]:
        """Nodes that this scope itself owns and that have not been removed."""
        return self.filter(**scope.keys, removed_at=None)


class Node(ScopedModel, Versioned):
    """A folder or a connection.

    A managed node mirrors something at a provider: ``source_id`` is the provider's id, ``root`` the top folder of the
    mirror. A removed node (``removed_at``) keeps its row, and so its handle, grants and options, for the days of grace.
    """

    handle = NodeHandleField()
    is_handle_static = models.BooleanField(default=False)
    title = models.CharField(max_length=128, blank=True)
    is_managed = models.BooleanField(default=False)
    source_id = models.CharField(max_length=68, blank=True)
    root = models.ForeignKey(
        "connections.Folder", null=True, on_delete=models.CASCADE, related_name="+", editable=False, db_constraint=False
    )
    options = models.JSONField(default=dict, blank=True)
    public_id = PublicIdField("c")
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Node"]]
    kind: ClassVar[Literal["folder", "connection"]]  # the word for it in names of actions, constraints and fields

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "organization", "workspace", "handle"],
                name="%(class)s_handle_unique",
                nulls_distinct=False,
                deferrable=models.Deferrable.DEFERRED,  # one statement may swap two handles
            ),
            models.UniqueConstraint(fields=["root", "source_id"], name="%(class)s_source_unique"),
            models.CheckConstraint(
                condition=Q(is_managed=True, root__isnull=False) | Q(is_managed=False, root__isnull=True, source_id=""),
                name="%(class)s_managed_has_root",
            ),
            models.CheckConstraint(
                condition=Q(handle__regex=r"^[a-z][a-z0-9_]{0,62}$"), name="%(class)s_handle_wellformed"
            ),
            models.CheckConstraint(
                condition=Q(workspace__isnull=True) | Q(organization__isnull=False),
                name="%(class)s_workspace_has_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def shown(self) -> str:
        """What pages call it: its title or, without one, its handle."""
        return self.title or self.handle

    @property
    def scope(self) -> Scope:
        """What owns it."""
        return Scope(self.tenant, self.organization, self.workspace)

    @property
    def key(self) -> dict[str, Any]:
        """The field of a grant or schema that names it."""
        return {self.kind: self}

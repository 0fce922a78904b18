"""Schemas that unite several connections."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from workspaces.handles import RESERVED_SCHEMAS, NodeHandleField
from workspaces.models.scoped import ScopedModel
from workspaces.models.versioned import PublicIdField, Versioned


class Aggregator(ScopedModel, Versioned):
    """A workspace schema that unites the connections whose handles match one of its patterns (names, or with ``*``)."""

    handle = NodeHandleField()
    patterns = models.JSONField(default=list)
    public_id = PublicIdField("agg")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Aggregator"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "handle"], name="aggregator_handle_unique"),
            models.CheckConstraint(
                condition=Q(handle__regex=r"^[a-z][a-z0-9_]{0,62}$") & ~Q(handle__in=RESERVED_SCHEMAS),
                name="aggregator_handle_wellformed",
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=False, workspace__isnull=False), name="aggregator_in_a_workspace"
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def fingerprint(self) -> str:
        """Its handle and patterns in one line, which shows a person that somebody else has changed it meanwhile."""
        return " ".join([self.handle, *self.patterns])

"""Connections: the leaves."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from connections.models.folder import Folder
from connections.models.node import Node, NodeManager


class ConnectionState(models.TextChoices):
    """Where the account behind a connection is in its life; only an active one can be used."""

    ACTIVE = "active", "Active"
    PENDING_ACTIVATION = "pending_activation", "Pending activation"
    SUSPENDED = "suspended", "Suspended"
    PENDING_CLOSURE = "pending_closure", "Pending closure"
    UNKNOWN = "unknown", "Unknown state"
    UNCONFIGURED = "unconfigured", "Not configured"

    @property
    def why_disabled(self) -> str:
        """Say why a connection in this state cannot be used, and what would change that; empty when it can."""
        return _WHY_DISABLED.get(self, "")


class Connection(Node):
    """One account, in a folder or at the top of its scope; its handle is its schema name."""

    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.CASCADE, related_name="connections")
    plugin = models.CharField(max_length=30, default="aws")
    state = models.CharField(max_length=20, choices=ConnectionState, default=ConnectionState.ACTIVE)

    objects: ClassVar[NodeManager["Connection"]] = NodeManager()

    class Meta(Node.Meta):
        constraints = [
            *Node.Meta.constraints,
            models.CheckConstraint(condition=Q(state__in=ConnectionState.values), name="connection_state_known"),
            models.CheckConstraint(
                condition=Q(is_managed=False) | (Q(folder__isnull=False) & ~Q(source_id="")),
                name="connection_managed_has_folder_and_source",
            ),
        ]

    @property
    def why_disabled(self) -> str:
        """Say why the connection cannot be used, and what would change that; empty when it can."""
        return ConnectionState(self.state).why_disabled


_WHY_DISABLED = {
    ConnectionState.PENDING_ACTIVATION: "Its account is not active yet; the connection is enabled when it is.",
    ConnectionState.SUSPENDED: "Its account is suspended; the connection is enabled again when the account is active.",
    ConnectionState.PENDING_CLOSURE: "Its account is being closed; the connection is removed when the account is gone.",
    ConnectionState.UNCONFIGURED: "It has no access to an account yet: an owner enters that on its Config page.",
    ConnectionState.UNKNOWN: "Its account is in a state that Pipes does not know, so it is taken for not usable.",
}

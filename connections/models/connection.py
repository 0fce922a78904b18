"""Connections: the leaves."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from connections.models.folder import Folder
from connections.models.node import SHOWN, Node, NodeManager
from workspaces.delegation.verbs import permissions_of
from workspaces.handles import how_to_write, why_system_owned


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


class Health(models.TextChoices):
    """Whether Pipes can access the account behind a connection, as a test in the background last found."""

    UNTESTED = "untested", "Not tested"
    HEALTHY = "healthy", "Healthy"
    FAILING = "failing", "Failing"

    @classmethod
    def shown(cls, health: str, state: str) -> "Health":
        """Give what pages show: what is disabled is not tested, and what was found before says nothing any more."""
        return cls(health) if state == ConnectionState.ACTIVE else cls.UNTESTED


class Connection(Node):
    """One account, in a folder or at the top of its scope; its handle is its schema name.

    ``health_reason`` says what is wrong and, on a second line, what to do, or why no test came to a result yet; it is
    empty for what is healthy. ``health_due_at`` is when it is tested next. Only the tests write these:
    in particular no sync, so that a connection that moved or returned keeps them.
    """

    kind = "connection"
    folder = models.ForeignKey(
        Folder, null=True, blank=True, on_delete=models.CASCADE, related_name="connections", db_constraint=False
    )
    plugin = models.CharField(max_length=30, default="aws")
    state = models.CharField(max_length=20, choices=ConnectionState, default=ConnectionState.ACTIVE)
    # Of the account, as AWS has them; written by syncs.
    email = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    joined_at = models.DateTimeField(null=True, editable=False)
    # The database has the defaults too: syncs write below Django and name none of these.
    health = models.CharField(
        max_length=10, choices=Health, default=Health.UNTESTED, db_default=Health.UNTESTED, editable=False
    )
    health_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    health_changed_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    health_tested_at = models.DateTimeField(null=True, editable=False)
    health_due_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects: ClassVar[NodeManager["Connection"]] = NodeManager()

    class Meta(Node.Meta):
        permissions = permissions_of("connection")
        constraints = [
            *Node.Meta.constraints,
            models.CheckConstraint(condition=Q(state__in=ConnectionState.values), name="connection_state_known"),
            models.CheckConstraint(
                condition=Q(is_managed=False) | (Q(folder__isnull=False) & ~Q(source_id="")),
                name="connection_managed_has_folder_and_source",
            ),
            models.CheckConstraint(
                condition=Q(health="untested") | Q(health__in=["healthy", "failing"], health_tested_at__isnull=False),
                name="connection_health_known",
            ),
        ]
        indexes = [
            # Counted for each integration, and listed.
            models.Index(
                fields=["root", "health", "state"], condition=Q(removed_at__isnull=True), name="connection_health"
            ),
            # Listed in their order, and searched in it where much is found.
            models.Index(
                F("tenant"),
                Lower(SHOWN),
                F("id"),
                condition=Q(removed_at__isnull=True),
                name="connection_by_name",
            ),
            # What patterns match of what is in use is counted from it alone.
            models.Index(
                fields=["tenant", "organization", "workspace", "handle", "folder", "state"],
                condition=Q(removed_at__isnull=True),
                name="connection_by_handle",
            ),
            models.Index(
                fields=["tenant", "health_due_at"],
                condition=Q(removed_at__isnull=True, state="active"),
                name="connection_health_due",
            ),
        ]

    @property
    def path_above(self) -> str:
        """The path of the folder that it is in; empty at the top of a scope."""
        return self.folder.path if self.folder else ""

    @property
    def why_disabled(self) -> str:
        """Say why the connection cannot be used, and what would change that; empty when it can."""
        return ConnectionState(self.state).why_disabled

    @property
    def why_no_schema(self) -> str:
        """Say why no schema can have its handle, and what to do; empty when one can."""
        why = why_system_owned(self.handle)
        return f"{why} Give this connection another handle: queries do not find it under this one." if why else ""

    @property
    def how_to_write(self) -> str:
        return how_to_write(self.handle)

    @property
    def shown_health(self) -> Health:
        return Health.shown(self.health, self.state)

    @property
    def health_sentence(self) -> str:
        if self.why_disabled:
            return f"It is not tested. {self.why_disabled}"
        return self.health_reason or _HEALTH_SENTENCES[self.shown_health]

    @property
    def next_test_at(self) -> datetime | None:
        """When it is tested next; None when that is due already."""
        return self.health_due_at if self.health_due_at > timezone.now() else None


_HEALTH_SENTENCES = {
    Health.UNTESTED: "It was not tested yet; that happens by itself.",
    Health.HEALTHY: "Pipes can access its account.",
    Health.FAILING: "Pipes cannot access its account.",
}
_WHY_DISABLED = {
    ConnectionState.PENDING_ACTIVATION: "Its account is not active yet; the connection is enabled when it is.",
    ConnectionState.SUSPENDED: "Its account is suspended; the connection is enabled again when the account is active.",
    ConnectionState.PENDING_CLOSURE: "Its account is being closed; the connection is removed when the account is gone.",
    ConnectionState.UNCONFIGURED: "It has no access to an account yet: an owner enters that on its Config page.",
    ConnectionState.UNKNOWN: "Its account is in a state that Pipes does not know, so it is taken for not usable.",
}

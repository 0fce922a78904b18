"""How a connection made by hand signs in to its account."""

from typing import ClassVar

from django.db import models

from connections.models import Connection
from integrations.models.settings import AccessSettings
from workspaces.access import Scope


class AccountAccess(AccessSettings):
    """The access of one hand-made connection; a discovered one signs in as its integration says.

    ``discovery_external_id`` is the one that the connection's own role must require, ``next_discovery_external_id`` a
    rotated one that no test has proved yet. The row goes with the connection,
    also where rows are deleted without Django: the database's own key sees to that.

    ``sent_keys`` are those that a program's config has named of how to sign in, and so finds in it again; null where
    no program has sent one.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    next_discovery_external_id = models.CharField(max_length=60, blank=True, editable=False)
    sent_keys = models.JSONField(null=True, editable=False)

    objects: ClassVar[models.Manager["AccountAccess"]] = models.Manager()

    def __str__(self) -> str:
        return f"access of {self.connection_id}"

    @property
    def tested_external_id(self) -> str:
        """The external id that a test tries, and that the role should require now."""
        return self.next_discovery_external_id or self.discovery_external_id

    @property
    def scope(self) -> Scope:
        return self.connection.scope

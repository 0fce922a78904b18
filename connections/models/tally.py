"""How many connections there are, kept by the database."""

from typing import ClassVar

from django.db import models

from workspaces.access import Scope
from workspaces.models.organization import Organization
from workspaces.models.tenant import Tenant
from workspaces.models.workspace import Workspace


class TallyManager(models.Manager["Tally"]):
    """Ways to the numbers."""

    def in_scope(self, scope: Scope) -> models.QuerySet["Tally"]:
        """Those of the connections that this scope itself owns."""
        return self.filter(**scope.keys)


class Tally(models.Model):
    """So many of the connections directly in a folder are alike; ``folder_id`` is 0 at the top of a scope.

    Triggers write it, see ``migrations/0015_tallied``. Several rows may be about the same, and a number may be below
    zero: only their sums are true, and those always. Removed connections are not counted. ``keys`` is the sum of the
    primary keys, by which is seen that it is others that are as many.
    """

    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    organization = models.ForeignKey(
        Organization, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    workspace = models.ForeignKey(
        Workspace, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    root_id = models.BigIntegerField(null=True)
    folder_id = models.BigIntegerField()
    plugin = models.CharField(max_length=30)
    state = models.CharField(max_length=20)
    health = models.CharField(max_length=10)
    number = models.BigIntegerField()
    keys = models.BigIntegerField()

    objects: ClassVar[TallyManager] = TallyManager()

    class Meta:
        indexes = [models.Index(fields=["tenant", "folder_id"], name="tally_of_folder")]

    def __str__(self) -> str:
        return f"{self.number} {self.state} {self.health} in {self.folder_id}"

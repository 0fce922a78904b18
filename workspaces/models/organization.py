"""A team inside a tenant."""

from typing import ClassVar

from django.db import models

from workspaces.delegation.verbs import permissions_of
from workspaces.handles import PlaceHandleField
from workspaces.models.tenant import Tenant, new_public_id
from workspaces.models.versioned import Versioned


def organization_public_id() -> str:
    return new_public_id("o")


class Organization(Versioned):
    """A team; ``first_steps_hidden_at`` is when an owner put away the list of what to do first."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="organizations")
    handle = PlaceHandleField()
    name = models.CharField(max_length=100)
    public_id = models.CharField(max_length=22, unique=True, default=organization_public_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    first_steps_hidden_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Organization"]] = models.Manager()

    class Meta:
        permissions = permissions_of("organization")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "handle"], name="organization_handle_unique"),
            models.UniqueConstraint(fields=["tenant", "id"], name="organization_in_tenant"),
        ]

    def __str__(self) -> str:
        return self.handle

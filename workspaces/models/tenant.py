"""One customer: the outermost wall."""

import secrets
from typing import ClassVar

from django.db import models

from workspaces.delegation.verbs import permissions_of
from workspaces.handles import PlaceHandleField
from workspaces.models.versioned import Versioned


def new_public_id(prefix: str) -> str:
    """Make an id that may be shown to others (it names the owner in external ids): 80 random bits."""
    return f"{prefix}_{secrets.token_hex(10)}"


def tenant_public_id() -> str:
    return new_public_id("t")


class Plan(models.TextChoices):
    """What a customer pays for; decides where integrations may be made."""

    DEVELOPER = "developer", "Developer"
    TEAM = "team", "Team"
    ENTERPRISE = "enterprise", "Enterprise"


class Tenant(Versioned):
    """A customer; ``first_steps_hidden_at`` is when an owner put away the list of what to do first.

    Tokens that are made now are good for ``token_max_days``, where it says so; those from before ``tokens_valid_from``
    are good for nothing.
    """

    handle = PlaceHandleField(unique=True)
    name = models.CharField(max_length=100)
    plan = models.CharField(max_length=20, choices=Plan, default=Plan.DEVELOPER)
    public_id = models.CharField(max_length=22, unique=True, default=tenant_public_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    first_steps_hidden_at = models.DateTimeField(null=True, editable=False)
    token_max_days = models.PositiveIntegerField(null=True, editable=False)
    tokens_valid_from = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Tenant"]] = models.Manager()

    class Meta:
        permissions = permissions_of("tenant")
        constraints = [models.CheckConstraint(condition=models.Q(plan__in=Plan.values), name="tenant_plan_known")]

    def __str__(self) -> str:
        return self.handle

    @property
    def is_custom(self) -> bool:
        """Whether the tenant has a face of its own (Tenant Settings): Enterprise only."""
        return self.plan == Plan.ENTERPRISE

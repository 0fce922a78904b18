"""Who belongs where, and as what."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from workspaces.models.scoped import ScopedModel
from workspaces.models.user import User
from workspaces.models.versioned import PublicIdField, Versioned


class Role(models.TextChoices):
    """What a member may do; operators and readers exist in workspaces only."""

    OWNER = "owner", "Owner"
    MEMBER = "member", "Member"
    OPERATOR = "operator", "Operator"
    READER = "reader", "Reader"


PLACE_ROLES = (Role.OWNER, Role.MEMBER)
WORKSPACE_ROLES = (Role.OWNER, Role.OPERATOR, Role.READER)


class Membership(ScopedModel, Versioned):
    """One person's role in one tenant, organization or workspace.

    A person who belongs to an organization or workspace also has a membership of its tenant.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    public_id = PublicIdField("m")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Membership"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tenant", "organization", "workspace"],
                name="membership_once_per_place",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(workspace__isnull=True, role__in=PLACE_ROLES)
                | Q(workspace__isnull=False, role__in=WORKSPACE_ROLES),
                name="membership_role_fits_place",
            ),
            models.CheckConstraint(
                condition=Q(workspace__isnull=True) | Q(organization__isnull=False),
                name="membership_workspace_has_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

"""Who was asked to join a place, by email."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from workspaces.models.membership import PLACE_ROLES, WORKSPACE_ROLES, Role
from workspaces.models.scoped import ScopedModel
from workspaces.models.user import User
from workspaces.models.versioned import PublicIdField, Versioned


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Keep those that were neither accepted nor withdrawn; they may have expired, and can then be sent again."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def sent_by(self, user: User) -> Self:
        return self.filter(Q(sender=user) | Q(sender=None, invited_by=user.email))


class Invitation(ScopedModel, Versioned):
    """A role in a place that waits for the owner of an email address.

    Only the SHA-256 of the token is kept: a reader of the database cannot accept. ``sent_at`` is empty until the mail
    server has taken the email. ``sender`` sent it last, ``invited_by`` is the address that they had then; invitations
    of former versions have no sender, and are known by that address.
    """

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.EmailField(max_length=254)
    sender = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    public_id = PublicIdField("m")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "organization", "workspace", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(
                condition=Q(workspace=None, role__in=PLACE_ROLES)
                | Q(workspace__isnull=False, role__in=WORKSPACE_ROLES),
                name="invitation_role_fits_place",
            ),
            models.CheckConstraint(
                condition=Q(workspace=None) | Q(organization__isnull=False),
                name="invitation_workspace_has_organization",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(withdrawn_at=None), name="invitation_ended_in_one_way"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def is_over(self, now: datetime) -> bool:
        """Return whether it can no longer be accepted: used, withdrawn or too old."""
        return self.accepted_at is not None or self.withdrawn_at is not None or self.expires_at <= now

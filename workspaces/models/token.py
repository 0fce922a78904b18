"""What a program signs in with, in the place of a person."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Final

from django.db import models

from workspaces.models.membership import Membership
from workspaces.models.tenant import Tenant
from workspaces.models.user import User
from workspaces.models.versioned import PublicIdField, Versioned

_SECRET_BYTES: Final = 30  # 240 random bits, 40 characters


def token_hash(token: str) -> str:
    """Give the SHA-256 by which a token is found: its secret is random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


class Token(Versioned):
    """One person in one tenant, for a program; only its hash is kept.

    It goes with the membership that it was made with. ``last_used_at`` is about right: it is written once in a while.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    public_id = PublicIdField("tpt")
    title = models.CharField(max_length=100, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    last4 = models.CharField(max_length=4, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Token"]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["tenant", "user"], name="token_of_person")]

    def __str__(self) -> str:
        """Name it by what no person has written: the audit log keeps this for good."""
        return f"…{self.last4}"

    def is_over(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def new_token_text(public_id: str) -> str:
    """Make the text that a program sends; it begins with the token's id, as ``tpt_…_secret``."""
    return f"{public_id}_{secrets.token_urlsafe(_SECRET_BYTES).replace('-', 'A').replace('_', 'B')}"

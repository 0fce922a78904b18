"""A row of work that one worker at a time has, for a time."""

from datetime import datetime

from django.db import models


class Leased(models.Model):
    """``claim`` is the token of who works on the row, good until ``claim_expires_at``; both are null where nobody does.

    They are set and taken back by ``jobs.lease``, which says what a claim means.
    """

    claim = models.UUIDField(null=True)
    claim_expires_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def is_taken(self, now: datetime) -> bool:
        """Whether somebody works on it: a claim that expired belongs to a worker that died, and counts for nothing."""
        return self.claim_expires_at is not None and self.claim_expires_at >= now

    def set_free(self) -> None:
        """Let nobody have the row, which the caller has locked and saves."""
        self.claim = self.claim_expires_at = None

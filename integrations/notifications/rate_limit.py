"""How much one person can have sent: a stolen session must not become a mail gun."""

import hashlib
from datetime import datetime
from typing import Final

from workspaces import rate_limit
from workspaces.models import User

SENT_PER_HOUR: Final = 30  # tests, repeats and questions, by one person
ASKED_PER_DAY: Final = 3  # questions to one address, by one tenant


class TooManySentError(Exception):
    """So much was sent that nothing more is for now; the text is a sentence that says until when."""


def count(by: User, now: datetime) -> None:
    """Count one notification that this person has sent. Raises TooManySentError."""
    if rate_limit.count(f"notifications:{by.pk}:{now:%Y%m%d%H}", seconds=2 * 3600) > SENT_PER_HOUR:
        raise TooManySentError(
            f"You have had {SENT_PER_HOUR} notifications sent within this hour. Try again in the next one."
        )


def count_question(tenant_id: int, address: str, now: datetime) -> None:
    """Count one letter that asks an address for confirmation. Raises TooManySentError."""
    digest = hashlib.sha256(address.encode()).hexdigest()
    if rate_limit.count(f"asked:{tenant_id}:{digest}:{now:%Y%m%d}", seconds=25 * 3600) > ASKED_PER_DAY:
        raise TooManySentError(
            f"{address} was asked {ASKED_PER_DAY} times today whether it wants emails. Try again tomorrow."
        )

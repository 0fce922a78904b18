"""How much one person can have sent: a stolen session must not flood anybody with emails."""

from datetime import datetime
from typing import Final

from workspaces.models import User
from workspaces.rate_limit import Window, concealed
from workspaces.rate_limit import count as count_towards

SENT_PER_HOUR: Final = 30  # tests, repeats and questions, by one person
ASKED_PER_DAY: Final = 3  # questions to one address, by one tenant


def count(by: User, now: datetime) -> None:
    """Count one notification that this person has sent. Raises LimitReachedError."""
    refusal = f"You have had {SENT_PER_HOUR} notifications sent within this hour. Try again in the next one."
    count_towards("notifications", by.pk, limit=SENT_PER_HOUR, window=Window.HOUR, now=now, refusal=refusal)


def count_question(tenant_id: int, address: str, now: datetime) -> None:
    """Count one email that asks an address for confirmation. Raises LimitReachedError."""
    refusal = f"{address} was asked {ASKED_PER_DAY} times today whether it wants emails. Try again tomorrow."
    key = f"{tenant_id}:{concealed(address)}"
    count_towards("asked", key, limit=ASKED_PER_DAY, window=Window.DAY, now=now, refusal=refusal)

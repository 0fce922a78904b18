"""Who gets the emails about an integration: its owners, and typed addresses whose owners agreed.

Nothing but the question goes to a typed address before somebody who reads its mail has answered it: else anybody could
have emails sent to a stranger. A confirmed address of a member of the place needs no question.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing

from integrations.models import EmailNotifications, Integration
from workspaces.places.members import active_owners_of
from workspaces.sign_in import adapter

MOST: Final = 50
_SALT: Final = "integrations.notifications.recipients"


def of(emails: EmailNotifications) -> list[str]:
    """Give each address once: the owners of the integration's place as they are now, then those that were typed."""
    return list(dict.fromkeys([*owners(emails), *confirmed(emails)]))[:MOST]


def owners(emails: EmailNotifications) -> list[str]:
    """Give the owners' addresses, if they are to get emails."""
    if not emails.to_owners:
        return []
    active = active_owners_of(emails.integration.scope)
    return list(active.order_by("user__email").values_list("user__email", flat=True))


def confirmed(emails: EmailNotifications) -> list[str]:
    """Give the typed addresses that may be written to."""
    asked = [address for address in emails.addresses if address not in emails.confirmed]
    known = adapter.confirmed_of_members(emails.integration.scope, asked) if asked else set()
    return [address for address in emails.addresses if address not in asked or address in known]


def unconfirmed(emails: EmailNotifications) -> list[str]:
    """Give the typed addresses that get nothing yet."""
    if not emails.addresses:
        return []
    known = {*owners(emails), *confirmed(emails)}
    return [address for address in emails.addresses if address not in known]


@dataclass(frozen=True, slots=True)
class Holder:
    """What the link in an email says of its holder: one typed address of one integration, by its digest."""

    tenant_id: int
    integration_id: int
    digest: str

    def find(self, emails: EmailNotifications) -> str:
        """Give the address, if it is still among those that were typed; else nothing."""
        return next((address for address in emails.addresses if _digest(address) == self.digest), "")


def token_for(integration: Integration, address: str) -> str:
    """Make what the links in an email hold: signed by us, and without the address, for URLs end up in logs."""
    return signing.dumps([integration.tenant_id, integration.pk, _digest(address)], salt=_SALT)


def holder_of(token: str, *, max_age: timedelta | None = None) -> Holder | None:
    """Read a link; nothing when we did not make it, or longer ago than that."""
    try:
        return Holder(*signing.loads(token, salt=_SALT, max_age=max_age))
    except signing.BadSignature:
        return None


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:32]

"""Addresses at which a shell fetches a setup file: signed by us, for an hour, and opening nothing else.

Nobody is signed in there. What an address holds says which settings and which file, and neither what is in the file
nor whose it is: addresses end up in the history of shells.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings as installation
from django.core import signing
from django.urls import reverse

from integrations.models import Draft, Integration
from integrations.models.settings import NamedSettings
from integrations.wizard import setup_files
from workspaces import rate_limit
from workspaces.database import at_most_one
from workspaces.rate_limit import Window

LIFETIME: Final = timedelta(hours=1)
_SALT: Final = "integrations.wizard.file_links"
_PER_MINUTE: Final = 30  # of the files of one integration: more than people paste


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address says: a file of these settings of this tenant."""

    tenant_id: int
    uid: UUID
    file: str


def url_of(settings: NamedSettings, file: str) -> str:
    """Make the address of one file, which works from now on for an hour."""
    reference = signing.dumps([settings.tenant_id, settings.uid.hex, file], salt=_SALT)
    return installation.BASE_URL.rstrip("/") + reverse("setup_file", kwargs={"reference": reference})


def wanted(reference: str) -> Wanted | None:
    """Read an address; nothing when we did not make it, or longer ago than that."""
    try:
        tenant_id, uid, file = signing.loads(reference, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return Wanted(tenant_id, UUID(hex=uid), file) if file in setup_files.FILES else None


def find(wanted: Wanted, *, now: datetime) -> NamedSettings | None:
    """Find the draft, or the integration that it became, as its roles are to be set up.

    Runs in a transaction of that tenant. Raises LimitReachedError.
    """
    rate_limit.count("setup_files", wanted.uid, limit=_PER_MINUTE, window=Window.MINUTE, now=now)
    drafts = Draft.objects.filter(expires_at__gt=now)
    active = Integration.objects.filter(state=Integration.State.ACTIVE)
    for settings in (drafts, active):
        found = settings.filter(tenant=wanted.tenant_id, uid=wanted.uid).select_related("tenant", "organization")
        if (first := at_most_one(found)) is not None:
            return setup_files.to_be_set_up(first)
    return None

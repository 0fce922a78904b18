"""The inlet of an integration: the address that EventBridge sends events to, and the key that it opens with."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from connections.errors import ChangedMeanwhileError
from integrations import edit_conflicts
from integrations.models import AwsEvent, EventInlet, Integration, SyncSchedule
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.models import User
from workspaces.people.invitations import hash_of

KEY_HEADER: Final = "X-Pipes-Key"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An inlet with its key, which is shown once and then known to nobody here."""

    inlet: EventInlet
    key: str = field(repr=False)


def url_of(inlet: EventInlet) -> str:
    return settings.BASE_URL.rstrip("/") + reverse("event_inlet", kwargs={"inlet": inlet.uid})


@transaction.atomic
def enable(*, integration: Integration, by: User, now: datetime) -> IssuedKey | None:
    """Open the inlet of an integration; None when it is open: it stays as it is, and so does its key.

    Raises ChangedMeanwhileError when somebody deleted the integration meanwhile.
    """
    edit_conflicts.lock(integration)  # a second click waits here, and then finds the inlet that the first one opened
    key = secrets.token_urlsafe(32)
    inlet, is_new = EventInlet.objects.get_or_create(
        tenant_id=integration.tenant_id,
        integration=integration,
        defaults={"key_hash": hash_of(key), "key_made_at": now},
    )
    if not is_new:
        return None
    audit.record("integration.events_enabled", scope=integration.scope, by=by, target=integration)
    return IssuedKey(inlet, key)


@transaction.atomic
def rotate_key(*, integration: Integration, made_at: str, by: User, now: datetime) -> IssuedKey:
    """Give the inlet of an integration another key: the old one opens nothing any more.

    ``made_at`` says which key is to be replaced, as the person's form says; a form that is sent twice replaces it once.
    Raises ChangedMeanwhileError when the inlet has another one by now, or is closed, or the integration is deleted.
    """
    edit_conflicts.hold(integration)
    inlet = at_most_one(EventInlet.objects.filter(integration=integration))
    if inlet is None:
        raise ChangedMeanwhileError("Events are disabled by now: there is no key to rotate.")
    if inlet.key_made_at.isoformat() != made_at:
        raise ChangedMeanwhileError(
            "The key was rotated already, and was left as it is now. Rotate it again if nobody has copied the new one."
        )
    key = secrets.token_urlsafe(32)
    inlet.key_hash, inlet.key_made_at = hash_of(key), now
    inlet.save(update_fields=["key_hash", "key_made_at"])
    SyncSchedule.objects.filter(pk=integration.pk).update(heard_at=None)  # from here on, of the new key
    audit.record("integration.events_key_rotated", scope=integration.scope, by=by, target=integration)
    return IssuedKey(inlet, key)


@transaction.atomic
def close(*, integration: Integration, by: User) -> None:
    """Close the inlet of an integration, for good: another one gets another address. Quiet when it is closed.

    Raises ChangedMeanwhileError when somebody deleted the integration meanwhile.
    """
    edit_conflicts.hold(integration)
    closed, _ = EventInlet.objects.filter(integration=integration).delete()
    if closed:
        AwsEvent.objects.filter(integration=integration).delete()
        SyncSchedule.objects.filter(pk=integration.pk).update(heard_at=None, last_event_at=None)
        audit.record("integration.events_disabled", scope=integration.scope, by=by, target=integration)

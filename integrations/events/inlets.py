"""Events from AWS: EventBridge reports that an AWS organization changed, and a sync starts within seconds.

An event is a hint and no more. Nothing of it is read, so nothing of it can be believed: the sync reads the AWS
organization itself. Many events are one sync, and one that comes while a sync reads is exactly one more after it.
However many come, the syncs that they start leave each other a rest.
"""

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest, Least
from django.urls import reverse

from connections.errors import ChangedMeanwhileError
from integrations import edit_conflicts
from integrations.models import EventInlet, Integration, SyncSchedule
from integrations.sync.schedule import EVENTS_REST
from workspaces import audit, isolation, rate_limit
from workspaces.models import User
from workspaces.people.invitations import hash_of
from workspaces.rate_limit import Window

KEY_HEADER: Final = "X-Pipes-Key"
# Changes come in bursts, and AWS takes a moment itself until its lists show them.
DEBOUNCE: Final = timedelta(seconds=8)
_PER_MINUTE: Final = 600  # to one inlet: more than any AWS organization changes
# EventBridge waits 5 seconds for an answer, and comes back when there is none.
_LOCK_WAIT: Final = "2s"


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
    inlet = EventInlet.objects.filter(integration=integration).first()
    if inlet is None:
        raise ChangedMeanwhileError("Events are disabled by now: there is no key to rotate.")
    if inlet.key_made_at.isoformat() != made_at:
        raise ChangedMeanwhileError(
            "The key was rotated already, and was left as it is now. Rotate it again if nobody has copied the new one."
        )
    key = secrets.token_urlsafe(32)
    inlet.key_hash, inlet.key_made_at = hash_of(key), now
    inlet.save(update_fields=["key_hash", "key_made_at"])
    audit.record("integration.events_key_rotated", scope=integration.scope, by=by, target=integration)
    return IssuedKey(inlet, key)


@transaction.atomic
def close(*, integration: Integration, by: User) -> None:
    """Close the inlet of an integration, for good: another one gets another address. Quiet when it is closed."""
    closed, _ = EventInlet.objects.filter(integration=integration).delete()
    if closed:
        audit.record("integration.events_disabled", scope=integration.scope, by=by, target=integration)


def as_holder_of(key_hash: str) -> AbstractContextManager[None]:
    """Run one transaction that sees the inlet whose key has this SHA-256, and nothing else of any tenant."""
    return isolation.bound(event_key=key_hash, tenant_id="")


def receive(uid: UUID, key: str, *, now: datetime) -> bool:
    """Have a sync started soon; False when this key does not open this inlet, whatever the reason.

    The key is 256 random bits and is found by its hash, so how long that takes gives nothing away. While AWS
    refuses or fails, events do not bring the next try forward: it reads all that they could report.

    Raises LimitReachedError, and OperationalError when somebody holds the integration's row for too long.
    """
    key_hash = hash_of(key)
    # Who has used up their minute costs the database nothing.
    rate_limit.check("events", key_hash, limit=_PER_MINUTE, window=Window.MINUTE, now=now)
    with as_holder_of(key_hash):
        inlet = EventInlet.objects.first()  # the wall shows no other than the one that this key opens
        if inlet is None or not secrets.compare_digest(inlet.uid.bytes, uid.bytes):
            return False
        # Not before: what opens nothing leaves no trace, or strangers could fill the cache.
        rate_limit.count("events", key_hash, limit=_PER_MINUTE, window=Window.MINUTE, now=now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_WAIT])
        there = SyncSchedule.objects.filter(pk=inlet.integration_id, tenant_id=inlet.tenant_id)
        rested = Greatest(Value(now + DEBOUNCE), F("events_synced_at") + Value(EVENTS_REST))  # NULL counts for nothing
        soon = Case(When(failures=0, then=Least(F("next_due_at"), rested)), default=F("next_due_at"))
        # The first of a burst writes; those after it find it waiting, and need no lock.
        is_first = there.filter(event_at=None).update(event_at=now, last_event_at=now, next_due_at=soon)
        return bool(is_first) or there.exists()

"""Events from AWS: EventBridge reports that an AWS organization changed, and a sync looks within seconds.

An event is a hint and no more: a sync asks AWS about the accounts and OUs that it names, and where that is not enough
it reads the whole AWS organization. Many events are one sync, and however many come, the syncs that they start leave
each other a rest.
"""

import secrets
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Least

from integrations.events import reading
from integrations.events.reading import Report, Sort
from integrations.jobs.sending import LOW_PRIORITY, Task, send
from integrations.models import AwsEvent, EventInlet, SyncSchedule
from integrations.sync.targeted.pending import MOST_KEPT
from integrations.sync.targeted.rest import EVENTS_REST
from workspaces import isolation, rate_limit
from workspaces.database import at_most_one
from workspaces.people.invitations import hash_of
from workspaces.rate_limit import Window

# Changes come in bursts: what follows within a moment is looked at with the first.
DEBOUNCE: Final = timedelta(seconds=1)
# Before everything is read: AWS takes a moment itself until its lists show a change.
FULL_DEBOUNCE: Final = timedelta(seconds=8)
_PER_MINUTE: Final = 600  # to one inlet: more than any AWS organization changes
_NOTED_EVERY: Final = timedelta(seconds=1)
_UNREADABLE: Final = "An event came that does not say what changed, or names too much."
_TOO_MANY: Final = f"More than {MOST_KEPT} events came at once."
# EventBridge waits 5 seconds for an answer, and comes back when there is none.
_LOCK_WAIT: Final = "2s"


def as_holder_of(key_hash: str) -> AbstractContextManager[None]:
    """Run one transaction that sees the inlet whose key has this SHA-256, and nothing else of any tenant.

    A caller that has found it there then calls ``isolation.bind(tenant_id=…)`` inside it.
    """
    return isolation.bound(event_key=key_hash, tenant_id="")


def receive(uid: UUID, key: str, body: bytes = b"", *, now: datetime) -> bool:
    """Take an event, so that a sync looks soon; False when this key does not open this inlet, whatever the reason.

    The key is 256 random bits and is found by its hash, so how long that takes gives nothing away. While AWS
    refuses or fails, events do not bring the next try forward: it reads all that they could report.

    Raises LimitReachedError, and OperationalError when somebody holds the integration's row for too long.
    """
    key_hash = hash_of(key)
    # Who has used up their minute costs the database nothing.
    rate_limit.check("events", key_hash, limit=_PER_MINUTE, window=Window.MINUTE, now=now)
    with as_holder_of(key_hash):
        inlet = at_most_one(EventInlet.objects.all())  # the wall shows no other than the one that this key opens
        if inlet is None or not secrets.compare_digest(inlet.uid.bytes, uid.bytes):
            return False
        # Not before: what opens nothing leaves no trace, or strangers could fill the cache.
        rate_limit.count("events", key_hash, limit=_PER_MINUTE, window=Window.MINUTE, now=now)
        isolation.bind(tenant_id=inlet.tenant_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_WAIT])
        return _take(inlet, reading.read(body, now=now), now)


def _take(inlet: EventInlet, report: Report, now: datetime) -> bool:
    there = SyncSchedule.objects.filter(pk=inlet.integration_id, tenant_id=inlet.tenant_id)
    if report.is_sign_of_life:
        there.update(heard_at=now)
        return there.exists()
    if report.is_of_aws:
        _note(there, "last_event_at", now, heard_at=now)
    kept = _keep(inlet, report, now) if report.sort is Sort.CHANGE else None
    if report.sort is Sort.NOTHING or kept is Kept.BEFORE:
        return there.exists()
    why_full = "" if kept is Kept.NOW else _TOO_MANY if kept else _UNREADABLE
    # NULL counts for nothing.
    due_at = Greatest(Value(now + DEBOUNCE), F("events_rest_until"))
    noted: dict[str, object] = {"event_at": now}
    if why_full:
        due_at = Greatest(Value(now + FULL_DEBOUNCE), F("events_synced_at") + Value(EVENTS_REST))
        noted |= {"why_full": why_full}
        _note(there, "untold_at", now)
    soon = Case(When(failures=0, then=Least(F("next_due_at"), due_at)), default=F("next_due_at"))
    # The first of a burst writes; those after it find it waiting, and need no lock.
    is_first = Q(event_at=None) | Q(why_full="") if why_full else Q(event_at=None)
    if not there.filter(is_first).update(next_due_at=soon, **noted):
        return there.exists()
    if not why_full:  # sooner than the dispatcher, which comes too where this gets lost
        key = inlet.tenant_id, inlet.integration_id
        sent = partial(send, Task.SYNC, *key, after=DEBOUNCE, priority=LOW_PRIORITY)
        transaction.on_commit(sent, robust=True)
    return True


def _note(there: QuerySet[SyncSchedule], name: str, now: datetime, **values: object) -> None:
    """Write a moment, but not for each of a burst: that would be a queue at one row."""
    is_old = Q(**{name: None}) | Q(**{f"{name}__lt": now - _NOTED_EVERY})
    there.filter(is_old).update(**{name: now}, **values)


class Kept(Enum):
    NOW = auto()
    BEFORE = auto()  # EventBridge may send one twice
    NOT = auto()  # too many are kept already


def _keep(inlet: EventInlet, report: Report, now: datetime) -> Kept:
    """Keep an event until a sync has seen what it reports."""
    kept = AwsEvent.objects.filter(integration=inlet.integration_id).values_list("event_id", flat=True)
    if report.event_id in kept:
        return Kept.BEFORE
    if len(kept) >= MOST_KEPT:
        return Kept.NOT
    event = AwsEvent(
        tenant_id=inlet.tenant_id,
        integration_id=inlet.integration_id,
        event_id=report.event_id,
        name=report.name,
        occurred_at=report.occurred_at or now,
        received_at=now,
        hints=[[hint.source_id, hint.expects] for hint in report.hints],
        look_at=now,
    )
    AwsEvent.objects.bulk_create([event], ignore_conflicts=True)
    return Kept.NOW

"""What was read of an AWS organization a moment ago, so that the sync that follows need not read it all again.

A green Test Discovery, a preview and a sync that stopped to ask have read everything; the first sync, *Sync
Integration* on the preview's page and *Approve* apply just that. It is kept for that one run and given once, and only
while nothing has happened since: the same credentials, minutes old, no other run, no event from AWS, nobody who asked
for a sync. The run asks AWS which AWS organization it is; where anything is odd, it reads everything.

Lock order: the schedule's row first, as everywhere.
"""

import zlib
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest, Least

from integrations import retention
from integrations.access import findings
from integrations.models import (
    AccessMode,
    AccessTest,
    Integration,
    KnownSnapshot,
    ReadBy,
    SettingsTrial,
    SyncRun,
    SyncSchedule,
)
from integrations.models.schedules import DEFAULT_INTERVAL_SECONDS
from integrations.models.settings import AccessSettings
from integrations.planning.snapshot import Snapshot, pack, unpack
from workspaces import isolation
from workspaces.database import at_most_one
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

# Which run may apply what was read by what.
_FOR: Final = {
    ReadBy.TEST: SyncRun.Trigger.CREATED,
    ReadBy.PREVIEW: SyncRun.Trigger.MANUAL,
    ReadBy.QUESTION: SyncRun.Trigger.APPROVAL,
}
# Those who ask for these know what was read; all others may have changed something since.
KNOWING: Final = (SyncRun.Trigger.CREATED, SyncRun.Trigger.APPROVAL)
_UNREADABLE: Final = (zlib.error, ValueError, KeyError, TypeError)
_SOON: Final = timedelta(seconds=DEFAULT_INTERVAL_SECONDS)


def keep_test(integration: Integration) -> None:
    """Keep what the last Test Discovery has read, if it has passed with exactly these settings, for the first sync."""
    test = findings.newest_passed(integration, AccessTest.Kind.DISCOVERY)
    if test is not None and test.finished_at is not None and test.snapshot:
        _keep(integration, ReadBy.TEST, test.finished_at, bytes(test.snapshot))


def keep_preview(trial: SettingsTrial, integration: Integration, run: SyncRun) -> None:
    """Keep what a preview has read for the run that was asked for on its page and waits.

    The caller has locked the schedule's row.
    """
    last_end = _other_runs(integration, run).values_list("finished_at", flat=True).first()
    has_read_newer = last_end is not None and last_end > trial.created_at
    if not has_read_newer and _has_same_credentials(trial, integration):
        _keep(integration, ReadBy.PREVIEW, trial.progressed_at, bytes(trial.snapshot), run)


def keep_question(run: SyncRun, integration: Integration, snapshot: Snapshot, *, now: datetime) -> None:
    """Keep what a run has read that stops to ask, in the transaction in which it ends."""
    _keep(integration, ReadBy.QUESTION, run.read_at or now, pack(snapshot))


def forget(integration: Integration) -> None:
    """Have the next run read everything."""
    KnownSnapshot.objects.filter(pk=integration.pk).delete()


def take(run: SyncRun, integration: Integration, *, organization_id: str, now: datetime) -> Snapshot | None:
    """Give what this run, which has come as far as reading, need not read again; None when it has to read.

    Nobody gets it a second time. The run's row says of whom it has it, and the next full sync, which reads everything,
    comes after the usual interval at the latest, for what has changed between that read and now.
    """
    if run.trigger not in _FOR.values():
        return None
    with isolation.as_tenant(integration.tenant_id):
        there = KnownSnapshot.objects.filter(pk=integration.pk)
        if not (run.read_by or there.exists()):
            return None
        schedule = SyncSchedule.objects.select_for_update().filter(pk=integration.pk)
        event_at = at_most_one(schedule.values_list(Greatest("last_event_at", "untold_at"), flat=True))
        known = at_most_one(there)
        there.delete()
        snapshot = _usable(known, run, integration, event_at, organization_id, now) if known else None
        _say(run, known if snapshot else None)
        if snapshot:
            soon = Value(now + _SOON)
            due = {name: Least(F(name), soon) for name in ("next_due_at", "full_due_at")}
            schedule.update(read_all_at=None, **due)  # full syncs do not rest on what nobody has read since
        return snapshot


def give_up(run: SyncRun) -> None:
    """Say of a run that it reads everything after all."""
    with isolation.as_tenant(run.tenant_id):
        _say(run, None)


def _say(run: SyncRun, known: KnownSnapshot | None) -> None:
    before, after = (run.read_by, run.read_at), (known.read_by, known.read_at) if known else ("", None)
    run.read_by, run.read_at = after
    if after != before:
        SyncRun.objects.filter(pk=run.pk).update(read_by=run.read_by, read_at=run.read_at)


def _keep(integration: Integration, by: ReadBy, read_at: datetime, packed: bytes, run: SyncRun | None = None) -> None:
    """Keep it for the run that comes next, or for ``run``; not when one follows anyway that reads everything."""
    forget(integration)
    schedule = SyncSchedule.objects.get(pk=integration.pk)
    if schedule.event_at is not None or schedule.asked_trigger is not None:
        return
    KnownSnapshot.objects.create(
        integration=integration,
        tenant_id=integration.tenant_id,
        read_by=by,
        read_at=read_at,
        fingerprint=findings.fingerprint(integration, AccessTest.Kind.DISCOVERY),
        newest_run=_other_runs(integration, run).values_list("pk", flat=True).first(),
        event_at=max(filter(None, (schedule.last_event_at, schedule.untold_at)), default=None),
        snapshot=packed,
    )


def _other_runs(integration: Integration, run: SyncRun | None) -> QuerySet[SyncRun]:
    """The runs of an integration but for this one, the newest first."""
    runs = SyncRun.objects.of(integration)
    return runs.exclude(pk=run.pk) if run else runs


def _usable(
    known: KnownSnapshot,
    run: SyncRun,
    integration: Integration,
    event_at: datetime | None,
    organization_id: str,
    now: datetime,
) -> Snapshot | None:
    """Give the snapshot if this run may apply it; the log says why not."""
    newest_run = _other_runs(integration, run).values_list("pk", flat=True).first()
    snapshot = None
    if _FOR[ReadBy(known.read_by)] != run.trigger:
        why = "it is for another run"
    elif abs(now - known.read_at) > retention.KNOWN_SNAPSHOT:
        why = "it is too old"
    elif known.fingerprint != findings.fingerprint(integration, AccessTest.Kind.DISCOVERY):
        why = "it was read with other credentials"
    elif (known.newest_run, known.event_at) != (newest_run, event_at) or run.events:
        why = "something has happened since"
    else:
        snapshot, why = _unpacked(known, integration, organization_id)
    if why:
        log.info("snapshot_not_used", reason=why, read_by=known.read_by)
    return snapshot


def _unpacked(known: KnownSnapshot, integration: Integration, organization_id: str) -> tuple[Snapshot | None, str]:
    """Unpack what was kept, or say why it is not to be trusted."""
    try:
        snapshot = unpack(bytes(known.snapshot))
    except _UNREADABLE:
        return None, "it cannot be read"
    if snapshot.organization_id != organization_id:
        return None, "the credentials lead to another AWS organization"
    if not snapshot.left_out_folders <= set(integration.unseen_folders):
        return None, "it leaves out what may not be left out"
    return snapshot, ""


def _has_same_credentials(one: SettingsTrial, other: Integration) -> bool:
    """Whether both sign in the same, secrets included, which each row has sealed for itself."""
    try:
        return _credentials(one) == _credentials(other)
    except SecretUnreadableError:
        return False


def _credentials(settings: AccessSettings) -> tuple[str, ...]:
    if settings.access_mode == AccessMode.KEY:
        return settings.access_mode, settings.access_key_id, settings.secret_key
    return settings.access_mode, settings.role_arn, settings.discovery_external_id

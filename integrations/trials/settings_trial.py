"""New discovery settings as requests see them: tried first, then looked at, then saved with all that they change.

What talks to AWS is ``run``, which only tasks import.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from connections import bulk
from connections.schemas.workspace_uses import uses_of
from integrations import edit_conflicts, retention
from integrations.jobs import slots
from integrations.jobs.outcome import Outcome
from integrations.jobs.sending import NOT_TAKEN, Task, send_on_commit
from integrations.models import AccessMode, AwsEvent, Integration, SettingsTrial, SyncRun, SyncSchedule
from integrations.models.settings import SETTINGS_FIELDS, IntegrationSettings
from integrations.notifications import outbox
from integrations.planning import absence, deletion_limit
from integrations.planning.deletion_limit import HeldToItError
from integrations.planning.diff import Change, describe
from integrations.planning.reconcile import Plan, Tree
from integrations.planning.selection import Selection, select
from integrations.planning.selection_tree import Outline
from integrations.planning.snapshot import Snapshot, unpack
from integrations.planning.workspace_impact import View, WorkspaceImpact, fingerprint, impacts
from integrations.sync import mirror, requests
from workspaces import audit, database, isolation
from workspaces.models import User

_LOST: Final = slots.why_lost("this", again="Save the settings")
# A preview changes nothing, so that closing it is no event.
_DISCARDED: Final = {SettingsTrial.About.DISCOVERY: "settings", SettingsTrial.About.SELECTION: "selection"}


class OtherTrialError(Exception):
    """Somebody tries other settings, which would be lost; the text says who, and what to do."""


class TrialGoneError(Exception):
    """There is nothing to save: it was discarded, replaced or saved by somebody, or an hour has passed."""


class SyncUnderWayError(Exception):
    """A sync runs right now, and only one of the two can write."""


class StaleReadError(Exception):
    """A sync has seen a newer state of AWS than what this trial has read, or has added what is missing in it."""


class UnseenOutcomeError(Exception):
    """What saving would change is not what the person has seen."""


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What saving a trial would change; ``snapshot`` is all that was read."""

    snapshot: Snapshot
    selection: Selection
    tree: Tree
    plan: Plan
    changes: Sequence[Change]
    impacts: Sequence[WorkspaceImpact]

    @property
    def fingerprint(self) -> str:
        """Equal for equal changes with equal impact, now and by what is chosen later."""
        return fingerprint(self.impacts, self.selection.stored, *map(astuple, self.changes))

    def why_over(self, integration: Integration) -> str:
        """Say why it removes more than the deletion limit; empty when it does not."""
        percent, count = integration.deletion_limit_percent, integration.deletion_limit_count
        return deletion_limit.why_over(self.tree, self.plan, percent=percent, count=count)


def find(integration: Integration, *, now: datetime) -> SettingsTrial | None:
    """Find the trial of an integration that is open; one whose worker died reads as failed."""
    found = SettingsTrial.objects.select_related("created_by").defer("snapshot")
    trial = database.at_most_one(found.filter(integration=integration, expires_at__gt=now))
    is_silent = trial is not None and not trial.is_over and trial.progressed_at < now - slots.PATIENCE
    if trial is not None and is_silent and not slots.may_still_come(trial, now=now):
        trial.state, trial.error = SettingsTrial.State.FAILED, _LOST
    return trial


@transaction.atomic
def start(
    *, integration: Integration, wanted: IntegrationSettings, version: str, by: User, is_unattended: bool = False
) -> SettingsTrial:
    """Try these settings in the background; an older trial of the same integration makes room.

    One that nobody attends is saved when it is read, see ``unattended``.
    Raises ChangedMeanwhileError when somebody changed the integration since the page was made.
    """
    current = edit_conflicts.hold(integration, version=version)  # on any plan: keys in use may be rotated
    trial = begin(current, wanted, about=SettingsTrial.About.DISCOVERY, by=by, is_unattended=is_unattended)
    audit.record("integration.settings_tried", scope=current.scope, by=by, target=current, **_shown(trial))
    return trial


def begin(
    integration: Integration,
    wanted: IntegrationSettings,
    *,
    about: SettingsTrial.About,
    by: User,
    is_unattended: bool = False,
) -> SettingsTrial:
    """Put a trial in the place of an older one, in the transaction of a caller who has the integration locked."""
    SettingsTrial.objects.filter(integration=integration).delete()
    kept = {name: getattr(wanted, name) for name in SETTINGS_FIELDS if name not in ("id", "uid", "sealed_secret_key")}
    kept |= {"about": about, "base_version": integration.version, "created_by": by}
    if is_unattended:
        kept |= {"is_unattended": True, "expires_at": timezone.now() + retention.UNATTENDED_TRIAL}
    trial = SettingsTrial(integration=integration, **kept)
    if wanted.access_mode == AccessMode.KEY:
        trial.secret_key = wanted.secret_key  # encrypted for this row now
    trial.save()
    ids = trial.tenant_id, trial.pk
    send_on_commit(Task.SETTINGS_TRIAL, *ids, otherwise=partial(fail_unsent, *ids))
    return trial


def fail_unsent(tenant_id: int, trial_id: int) -> None:
    """End a trial that no worker could be sent for; it is asked for again."""
    with isolation.as_tenant(tenant_id):
        SettingsTrial.objects.filter(pk=trial_id, state=SettingsTrial.State.QUEUED).update(
            state=SettingsTrial.State.FAILED, error=NOT_TAKEN, phase=""
        )


@transaction.atomic
def discard(*, integration: Integration, about: SettingsTrial.About, by: User) -> None:
    deleted, _ = SettingsTrial.objects.filter(integration=integration, about=about).delete()
    if deleted and about in _DISCARDED:
        audit.record(f"integration.{_DISCARDED[about]}_discarded", scope=integration.scope, by=by, target=integration)


def outcome_of(trial: SettingsTrial, integration: Integration) -> TrialOutcome:
    snapshot = unpack(bytes(trial.snapshot))
    selection = trial.chosen
    tree = mirror.load(integration)
    planned = mirror.plan(integration, tree, select(snapshot, selection))
    before, after = View.of(tree), View.after(tree, planned)
    ids = [held.id for held in tree.folders], [held.id for held in tree.connections]
    found = impacts(uses_of(*ids, names=before.names | after.names), before, after)
    return TrialOutcome(snapshot, selection, tree, planned, describe(planned, tree, snapshot), found)


@transaction.atomic
def save(
    *, integration: Integration, version: str, seen: str, by: User, now: datetime, why_held: str = ""
) -> Integration:
    """Save a trial's settings and apply what it read, in one transaction.

    ``seen`` is the fingerprint of the outcome that the person saw, ``why_held`` says why the deletion limit holds for
    them. Raises ChangedMeanwhileError, TrialGoneError, SyncUnderWayError, StaleReadError, UnseenOutcomeError or
    HeldToItError; nothing is changed then.
    """
    about = SettingsTrial.About.DISCOVERY
    current, trial, outcome = apply(
        integration=integration, version=version, about=about, seen=seen, now=now, why_held=why_held
    )
    before = _shown(current)
    _take_over(current, trial, outcome, now)
    counts = end(current, trial, outcome, trigger=SyncRun.Trigger.SETTINGS, by=by, now=now)
    facts: dict[str, Any] = {"before": before, "after": _shown(current), "changes": counts}
    if before["access_mode"] == current.access_mode == AccessMode.KEY:
        facts |= {"secret_key": "replaced"}
    audit.record("integration.discovery_settings_changed", scope=current.scope, by=by, target=current, **facts)
    return current


def apply(
    *,
    integration: Integration,
    version: str,
    about: SettingsTrial.About,
    seen: str,
    now: datetime,
    why_held: str,
) -> tuple[Integration, SettingsTrial, TrialOutcome]:
    """Lock what is to be saved, make sure that it may be, and change the tree; raises as ``save`` does."""
    current = edit_conflicts.hold(integration, version=version)
    if about != SettingsTrial.About.DISCOVERY:
        edit_conflicts.check_plan(current)
    _check_no_sync(current, now)
    ready = SettingsTrial.objects.select_for_update().filter(integration=current, about=about, expires_at__gt=now)
    trial = database.at_most_one(ready.filter(state=SettingsTrial.State.READY))
    if trial is None:
        raise TrialGoneError
    if SyncRun.objects.changed_something(current, after=trial.created_at).exists():
        raise StaleReadError
    outcome = outcome_of(trial, current)
    is_of_another = outcome.snapshot.organization_id != current.source_organization_id  # then all that was there goes
    unproved = absence.to_confirm(outcome.plan, outcome.tree, outcome.snapshot) - frozenset(trial.confirmed_gone)
    if unproved and not is_of_another:
        raise StaleReadError
    if outcome.fingerprint != seen:
        raise UnseenOutcomeError
    if why_held and (over := outcome.why_over(current)):
        raise HeldToItError(f"{over} {why_held}")
    try:
        with bulk.settled():
            mirror.apply(outcome.plan, outcome.tree, current, now=now)
    except bulk.TreeChangedError as error:  # by somebody else, at this moment
        raise UnseenOutcomeError from error
    return current, trial, outcome


def end(
    integration: Integration,
    trial: SettingsTrial,
    outcome: TrialOutcome,
    *,
    trigger: SyncRun.Trigger,
    by: User,
    now: datetime,
) -> dict[str, int]:
    """Record what was saved as a run, notify of it, and drop the trial.

    What an earlier run asked about is answered by it, as by any run that has read everything. Gives how many changes
    of each kind there were.
    """
    counts: dict[str, int] = dict(Counter(change.kind for change in outcome.changes))
    changes = [astuple(change) for change in outcome.changes]
    run = SyncRun.objects.create(
        tenant_id=integration.tenant_id,
        integration=integration,
        trigger=trigger,
        started_by=by,
        state=SyncRun.State.SUCCEEDED,
        folders_read=trial.folders_read,
        accounts_read=trial.accounts_read,
        aws_calls=trial.aws_calls,
        changes=changes,
        counts=counts,
        queued_at=trial.created_at,
        started_at=trial.created_at,
        finished_at=now,
    )
    failing_since = SyncSchedule.objects.values_list("failing_since", flat=True).get(pk=integration.pk)
    outbox.run_ended(run, Outcome(changes=changes), failing_since=failing_since, now=now)
    asked = SyncRun.State.NEEDS_APPROVAL, SyncRun.State.APPROVED
    SyncRun.objects.filter(integration=integration, state__in=asked).update(state=SyncRun.State.SUPERSEDED)
    # What has changed since it was tried, the next sync reads.
    SyncSchedule.objects.filter(pk=integration.pk).update(read_all_at=None)
    trial.delete()
    return counts


def _check_no_sync(integration: Integration, now: datetime) -> None:
    """Refuse while a sync has the integration; the claim of one whose worker died is taken from it."""
    row = SyncSchedule.objects.get(pk=integration.pk)
    if row.is_taken(now):
        raise SyncUnderWayError
    if row.claim is not None:
        row.set_free()
        row.next_due_at = now
        row.save(update_fields=["claim", "claim_expires_at", "next_due_at"])


def _take_over(integration: Integration, trial: SettingsTrial, outcome: TrialOutcome, now: datetime) -> None:
    """Put what was tried onto the integration; what the other mode needed is dropped."""
    snapshot = outcome.snapshot
    is_role = trial.access_mode == AccessMode.ROLE
    integration.access_mode = trial.access_mode
    integration.role_arn = trial.role_arn if is_role else ""
    integration.access_key_id = "" if is_role else trial.access_key_id
    integration.secret_key = "" if is_role else trial.secret_key
    if is_role and trial.discovery_external_id == integration.next_discovery_external_id:
        integration.discovery_external_id, integration.next_discovery_external_id = trial.discovery_external_id, ""
    integration.role_proved_at = now if is_role else None
    if integration.source_organization_id != snapshot.organization_id:  # of that, no event has come yet
        AwsEvent.objects.filter(integration=integration).delete()
        SyncSchedule.objects.filter(pk=integration.pk).update(heard_at=None, last_event_at=None)
    integration.source_organization_id = snapshot.organization_id
    integration.management_account_id = snapshot.management_account_id
    integration.unseen_folders = sorted(snapshot.left_out_folders)
    integration.selection_facts = Outline(snapshot, outcome.selection).facts.to_json()
    integration.save()
    requests.forget_failures(integration)


def _shown(settings: IntegrationSettings) -> dict[str, str]:
    """Give what may be shown of discovery settings: no secret is among it."""
    return {
        "access_mode": settings.access_mode,
        "role_arn": settings.role_arn,
        "access_key_id": settings.access_key_id,
        "discovery_external_id": settings.discovery_external_id,
    }

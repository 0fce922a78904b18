"""Runs one trial: a real discovery, the result of which waits in the trial's row.

Only tasks import this: it talks to AWS. What AWS refuses or fails to answer ends the trial, with the sentence.
"""

import time
from dataclasses import dataclass
from typing import Final

import structlog
from django.utils import timezone

from integrations.access.credentials import credentials_of
from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import Identity, identify, read_snapshot
from integrations.aws.errors import AwsError
from integrations.aws.role_checks import refuse_open_role
from integrations.aws.session import AwsSession, RoleCredentials, open_session
from integrations.jobs import concurrency
from integrations.models import SettingsTrial
from integrations.planning import absence
from integrations.planning.reconcile import Taken, plan
from integrations.planning.snapshot import Progress, Snapshot, pack
from integrations.sync import mirror
from integrations.sync.verification import AnotherOrganizationError, check_gone, check_same_organization
from workspaces import isolation
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

_BUG: Final = "An unexpected error stopped this. Nothing was changed; the operator's log has it."


class _OverError(Exception):
    """Nobody waits for this trial any more: it was discarded, or another one took its place."""


@dataclass(slots=True)
class _Work:
    """One trial under way."""

    trial: SettingsTrial
    retries: Retries
    calls: int = 0
    told_at: float = 0.0
    confirmed_gone: frozenset[str] = frozenset()

    def count_call(self) -> None:
        """Count one call to AWS."""
        self.calls += 1

    def tell(self, phase: str) -> None:
        """Say what is being done."""
        self.write(phase=phase)

    def tell_progress(self, progress: Progress) -> None:
        """Keep the counters current, no more often than places says."""
        if time.monotonic() - self.told_at >= concurrency.PROGRESS_SECONDS:
            self.write(folders_read=progress.folders, accounts_read=progress.accounts)

    def tell_calls(self) -> None:
        """Keep the number of calls current, no more often than places says."""
        if time.monotonic() - self.told_at >= concurrency.PROGRESS_SECONDS:
            self.write()

    def write(self, **values: object) -> None:
        """Write to the trial's row; raises _OverError when it is gone."""
        self.told_at = time.monotonic()
        with isolation.as_tenant(self.trial.tenant_id):
            running = SettingsTrial.objects.filter(pk=self.trial.pk, state=SettingsTrial.State.RUNNING)
            if not running.update(progressed_at=timezone.now(), aws_calls=self.calls, **values):
                raise _OverError


def run(tenant_id: int, trial_id: int, *, retries: Retries | None = None) -> bool:
    """Run a trial that waits, if there is a place for it; tell whether it was run. A bug is raised.

    A message that comes twice or late finds nothing to do.
    """
    now = timezone.now()
    with isolation.as_tenant(tenant_id):
        waiting = SettingsTrial.objects.filter(pk=trial_id, state=SettingsTrial.State.QUEUED)
        has_place = concurrency.take(tenant_id, now=now)
        if not has_place or not waiting.update(state=SettingsTrial.State.RUNNING, progressed_at=now):
            return False
        trial = SettingsTrial.objects.select_related("tenant", "organization", "integration").get(pk=trial_id)
    work = _Work(trial, retries or Retries())
    with structlog.contextvars.bound_contextvars(tenant=tenant_id, integration=trial.integration_id, trial=trial_id):
        error = _BUG
        try:
            snapshot = _read(work)
            error = ""
            _ready(work, snapshot)
        except _OverError:
            log.info("trial_superseded")
            error = ""
        except (AwsError, AnotherOrganizationError, SecretUnreadableError) as refused:
            error = str(refused)
        finally:
            if error:
                _fail(work, error)
    return True


def _read(work: _Work) -> Snapshot:
    credentials = credentials_of(work.trial, purpose="test")
    work.tell("Signing in to AWS")
    session = open_session(credentials, on_call=work.count_call, retries=work.retries)
    if isinstance(credentials, RoleCredentials):
        work.tell("Making sure that nobody else can assume the role")
        refuse_open_role(credentials, on_call=work.count_call, retries=work.retries)
    work.tell("Asking which AWS organization it is")
    identity = identify(session)
    if work.trial.about != SettingsTrial.About.DISCOVERY:
        return _read_as_syncs_do(work, session, identity)
    work.tell("Reading the AWS organization")
    # What these credentials may not read would go: that is for the person to see and decide.
    everything = read_snapshot(session, identity=identity, on_progress=work.tell_progress, may_leave_out=lambda _: True)
    if identity.organization_id == work.trial.integration.source_organization_id:
        return _confirm(work, session, everything)
    return everything


def _read_as_syncs_do(work: _Work, session: AwsSession, identity: Identity) -> Snapshot:
    """Read with the credentials that are in use."""
    integration = work.trial.integration
    check_same_organization(integration, identity.organization_id)
    work.tell("Reading the AWS organization")
    unseen = frozenset(integration.unseen_folders)
    snapshot = read_snapshot(
        session,
        identity=identity,
        on_progress=work.tell_progress,
        may_leave_out=unseen.__contains__ if unseen else None,
    )
    return _confirm(work, session, snapshot)


def _confirm(work: _Work, session: AwsSession, snapshot: Snapshot) -> Snapshot:
    """Have AWS say that what is missing, and not out of sight, is gone."""
    with isolation.as_tenant(work.trial.tenant_id):
        tree = mirror.load(work.trial.integration)
    absent = absence.to_confirm(plan(tree, snapshot, Taken()), tree, snapshot)
    if not absent:
        return snapshot
    work.tell("Making sure that what is missing is gone")
    work.confirmed_gone = absent
    return check_gone(session, snapshot, absent, on_progress=work.tell_calls)


def _ready(work: _Work, snapshot: Snapshot) -> None:
    work.write(
        state=SettingsTrial.State.READY,
        phase="",
        folders_read=len(snapshot.folders),
        accounts_read=len(snapshot.accounts),
        snapshot=pack(snapshot),
        left_out=sorted(snapshot.left_out_folders),
        confirmed_gone=sorted(work.confirmed_gone),
    )


def _fail(work: _Work, sentence: str) -> None:
    try:
        work.write(state=SettingsTrial.State.FAILED, error=sentence, phase="")
    except _OverError:
        log.info("trial_superseded")

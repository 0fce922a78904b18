"""One sync run: claim → read → plan → confirm → apply → record.

The network is never touched inside a transaction, and the tree is changed in one transaction or not at all. A read that
failed or was not whole raises, and the run ends as failed with the sentence of what was wrong.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError
from django.utils import timezone

from integrations import changes, mirror, reconcile, schedule
from integrations.access import credentials_of
from integrations.aws.access_test import refuse_open_role
from integrations.aws.errors import AwsError
from integrations.aws.organizations import confirm_gone, identify, read_snapshot
from integrations.aws.session import AwsSession, RoleCredentials, open_session
from integrations.models import Integration, SyncRun
from integrations.reconcile import Plan, Tree
from integrations.secrets import SecretUnreadableError
from integrations.snapshot import Progress, Snapshot
from workspaces import isolation

log = structlog.get_logger(__name__)

# Trust policies change: a role is proved anew to refuse strangers this often.
PROOF_LIFETIME = timedelta(days=1)
_PROGRESS_SECONDS = 0.5
_ATTEMPTS_AT_HANDLES = 3

Watch = Callable[[SyncRun], None]


class SyncRefusedError(Exception):
    """The sync must not go on: what AWS answered is whole, but is not what this integration mirrors."""


@dataclass(slots=True)
class _Work:
    """What one run carries from step to step."""

    run: SyncRun
    integration: Integration
    watch: Watch
    told_at: float = 0.0

    def tell(self, phase: SyncRun.Phase, progress: Progress | None = None) -> None:
        """Keep the run's row current; a phase is written at once, counters not more often than twice a second."""
        is_new_phase = self.run.phase != phase
        if progress is not None:
            self.run.folders_read, self.run.accounts_read = progress.folders, progress.accounts
            self.run.aws_calls = progress.calls
        if not is_new_phase and time.monotonic() - self.told_at < _PROGRESS_SECONDS:
            return
        self.told_at, self.run.phase = time.monotonic(), phase
        with isolation.as_tenant(self.run.tenant_id):
            self.run.save(update_fields=["phase", "folders_read", "accounts_read", "aws_calls"])
        self.watch(self.run)


def run(tenant_id: int, integration_id: int, *, watch: Watch = lambda _: None) -> SyncRun | None:
    """Run what is due for this integration; None when nothing is, somebody else is at it, or it is gone.

    ``watch`` is told of each step. What AWS refuses or fails to answer ends the run as failed; so does a bug, and it is
    raised.
    """
    run = schedule.start(tenant_id, integration_id, now=timezone.now())
    if run is None:
        return None
    structlog.contextvars.bind_contextvars(tenant=tenant_id, integration=integration_id, run=run.pk)
    failure, is_transient = (
        "An unexpected error stopped the sync. Nothing was changed; the operator's log has it.",
        False,
    )
    try:
        with schedule.heartbeat(run):
            with isolation.as_tenant(tenant_id):
                integration = Integration.objects.select_related("tenant", "organization").get(pk=integration_id)
            _sync(_Work(run, integration, watch))
    except AwsError as error:
        failure, is_transient = error.sentence, error.is_transient
    except (SyncRefusedError, SecretUnreadableError) as error:
        failure = str(error)
    finally:
        if not run.is_over:
            _fail(run, failure, is_transient=is_transient)
        watch(run)
    return run


def _sync(work: _Work) -> None:
    session, snapshot = _read(work)
    work.tell(SyncRun.Phase.COMPARING)
    confirmed: frozenset[str] = frozenset()
    attempts = 0
    while True:
        try:
            with isolation.as_tenant(work.run.tenant_id):
                unconfirmed = _plan_and_apply(work, snapshot, confirmed, now=timezone.now()) - confirmed
        except IntegrityError:
            # Somebody took a handle between our look and our write: plan again with what is there now.
            attempts += 1
            if attempts == _ATTEMPTS_AT_HANDLES:
                raise
            continue
        if not unconfirmed:
            return
        confirmed |= _confirm(session, unconfirmed)


def _read(work: _Work) -> tuple[AwsSession, Snapshot]:
    integration, now = work.integration, timezone.now()
    work.tell(SyncRun.Phase.CHECKING)
    credentials = credentials_of(integration, purpose="sync")
    is_proof_due = integration.role_proved_at is None or integration.role_proved_at < now - PROOF_LIFETIME
    session = open_session(credentials)
    if isinstance(credentials, RoleCredentials) and is_proof_due:
        refuse_open_role(credentials)
        with isolation.as_tenant(integration.tenant_id):
            Integration.objects.filter(pk=integration.pk, role_arn=integration.role_arn).update(role_proved_at=now)
    identity = identify(session)
    _check_same_organization(integration, identity.organization_id)
    work.tell(SyncRun.Phase.READING)
    snapshot = read_snapshot(
        session, identity=identity, on_progress=lambda progress: work.tell(SyncRun.Phase.READING, progress)
    )
    _check_same_organization(integration, snapshot.organization_id)
    work.run.folders_read, work.run.accounts_read = len(snapshot.folders), len(snapshot.accounts)
    work.run.aws_calls = session.calls
    return session, snapshot


def _check_same_organization(integration: Integration, organization_id: str) -> None:
    """Refuse another AWS organization than the one that was mirrored before: a role can be re-pointed by mistake."""
    expected = integration.source_organization_id
    if expected and organization_id and organization_id != expected:
        raise SyncRefusedError(
            f"The credentials now lead to the AWS organization {organization_id}, but this integration mirrors"
            f" {expected}. Nothing was changed. Point them back, or change the credentials in the integration's Config."
        )


def _plan_and_apply(work: _Work, snapshot: Snapshot, confirmed: frozenset[str], *, now: datetime) -> frozenset[str]:
    """Compare and write in one transaction; gives the ids that the plan would remove.

    While one of them is not confirmed as gone, nothing is written.
    """
    if not schedule.holds(work.run):
        raise SyncRefusedError("Another worker took this sync over. This one changed nothing.")
    tree = mirror.load(work.integration)
    taken = mirror.taken(work.integration, reconcile.candidates(tree, snapshot))
    plan = reconcile.plan(tree, snapshot, taken)
    vanished = _vanished(plan, snapshot)
    if vanished <= confirmed:
        if not plan.is_empty:
            mirror.apply(plan, tree, work.integration, now=now)
        _succeed(work, plan, tree, snapshot, now)
    return vanished


def _vanished(plan: Plan, snapshot: Snapshot) -> frozenset[str]:
    """Find what must be confirmed as gone before it is removed; what AWS itself lists as closed needs no proof."""
    seen = {account.source_id for account in snapshot.accounts}
    removals = (*plan.folders.removals, *plan.connections.removals)
    return frozenset(held.source_id for held in removals) - seen


def _confirm(session: AwsSession, vanished: frozenset[str]) -> frozenset[str]:
    accounts = {source_id for source_id in vanished if source_id.isdecimal()}
    gone = confirm_gone(session, accounts=accounts, folders=vanished - accounts)
    still_there = sorted(vanished - gone)
    if still_there:
        raise SyncRefusedError(
            f"AWS left {', '.join(still_there[:5])} out of its lists but still has "
            f"{'it' if len(still_there) == 1 else 'them'}. The answer was not whole, so nothing was changed."
        )
    return gone


def _succeed(work: _Work, plan: Plan, tree: Tree, snapshot: Snapshot, now: datetime) -> None:
    run, integration = work.run, work.integration
    diff = changes.describe(plan, tree, snapshot)
    run.changes = [list(asdict(change).values()) for change in diff]
    run.counts = dict(Counter(change.kind for change in diff))
    run.state, run.phase, run.finished_at = SyncRun.State.SUCCEEDED, "", now
    run.save(
        update_fields=[
            "state",
            "phase",
            "finished_at",
            "changes",
            "counts",
            "folders_read",
            "accounts_read",
            "aws_calls",
        ]
    )
    found = (snapshot.organization_id, snapshot.management_account_id)
    if found != (integration.source_organization_id, integration.management_account_id):
        integration.source_organization_id, integration.management_account_id = found
        integration.save(update_fields=["source_organization_id", "management_account_id"])
    schedule.release(run, now=now)


def _fail(run: SyncRun, sentence: str, *, is_transient: bool) -> None:
    run.state, run.error, run.finished_at = SyncRun.State.FAILED, sentence, timezone.now()
    with isolation.as_tenant(run.tenant_id):
        if schedule.holds(run):  # else another worker has the run by now, and writes its end
            run.save(update_fields=["state", "error", "finished_at", "folders_read", "accounts_read", "aws_calls"])
            schedule.release(run, is_transient=is_transient, now=timezone.now())
    log.warning("sync_failed", reason=sentence)

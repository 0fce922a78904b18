"""One sync run: claim → read → plan → deletion limit → confirm → apply → record.

The network is never touched inside a transaction, and the tree is changed in one transaction or not at all. A read that
failed or was not whole raises, and the run ends as failed with the sentence of what was wrong.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from datetime import timedelta
from functools import partial
from logging import ERROR, WARNING

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone
from psycopg.errors import DeadlockDetected, ForeignKeyViolation, QueryCanceled, UniqueViolation

from connections.bulk import TreeChangedError
from integrations import discovery
from integrations.access import known_snapshot
from integrations.aws.calls.rate_limit import stops_within
from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import Identity
from integrations.aws.errors import AwsError, OwnFault, Stopped
from integrations.aws.session import AwsSession
from integrations.jobs.work import Work
from integrations.models import AccessMode, Integration, SyncRun
from integrations.models.sync_run import Outcome
from integrations.planning import absence, deletion_limit
from integrations.planning import diff as planning_diff
from integrations.planning.reconcile import Plan, Tree
from integrations.planning.selection import select
from integrations.planning.selection_tree import facts_of
from integrations.planning.snapshot import Progress, Snapshot
from integrations.sync import interruption, kept_impact, mirror
from integrations.sync import schedule as sync_schedule
from integrations.sync.heartbeat import heartbeat
from integrations.sync.schedule import ClaimLostError
from workspaces import isolation
from workspaces.database import is_away, patiently
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

# Trust policies change: a role is proved anew to refuse strangers this often.
PROOF_LIFETIME = timedelta(days=1)
_PROGRESS_SECONDS = 1.0  # pages ask no more often either
_ATTEMPTS_AT_THE_TREE = 5
_WAITS = "Nothing was changed; it waits to be approved."
# Somebody took a handle, purged a node or changed the settings between our look and our write, or another sync of the
# same scope took handles in another order, or its turn took too long: what is there now is planned with again.
_RACES = (TreeChangedError, UniqueViolation, ForeignKeyViolation, DeadlockDetected, QueryCanceled)
_DATABASE_FAULT = "The database did not answer in the middle of it ({}). Nothing was changed; it is tried again soon."
_DATABASE_AWAY = "The database was away in the middle of this sync. Nothing was changed; it is started again."
_STOPPED = "The worker was stopped in the middle of this sync, as for an upgrade. Nothing was changed; it starts again."

Watch = Callable[[SyncRun], None]


@dataclass(slots=True, kw_only=True)
class _Work(Work):
    run: SyncRun
    watch: Watch
    read: Progress = field(default_factory=Progress)

    def report(self, phase: SyncRun.Phase, read: Progress | None = None) -> None:
        """Keep the run's row current; a phase is written at once, counters not more often than once a second."""
        run, self.read = self.run, read or self.read
        if run.phase == phase and self.has_just_written:
            return
        self.written_at, run.phase = time.monotonic(), phase
        run.folders_read, run.accounts_read, run.aws_calls = self.read.folders, self.read.accounts, self.calls
        sync_schedule.report(run)
        self.watch(run)

    def step(self, text: str) -> None:
        """Nothing: a run has phases, which hold several steps each."""

    def progress(self, read: Progress) -> None:
        self.report(SyncRun.Phase.READING, read)

    def end(self, outcome: Outcome) -> None:
        """Write the run's end, and how much it has read, in the caller's transaction."""
        read, calls = self.read, self.calls
        outcome = replace(outcome, folders_read=read.folders, accounts_read=read.accounts, aws_calls=calls)
        sync_schedule.finish(self.run, outcome, now=timezone.now())


def run(
    tenant_id: int, integration_id: int, *, watch: Watch = lambda _: None, retries: Retries | None = None
) -> SyncRun | None:
    """As ``perform``, but give the run as it ended, and call ``watch`` with that too."""
    pk = perform(tenant_id, integration_id, watch=watch, retries=retries)
    if pk is None:
        return None
    with isolation.as_tenant(tenant_id):
        ended = SyncRun.objects.filter(pk=pk).first()
    if ended is not None:
        watch(ended)
    return ended


def perform(
    tenant_id: int, integration_id: int, *, watch: Watch = lambda _: None, retries: Retries | None = None
) -> int | None:
    """Perform what is due for this integration; None when nothing is, somebody else is at it, or it is gone.

    Else the id of the run. ``watch`` is called at each step; ``retries`` is how patient to be. What AWS refuses
    or fails to answer ends the run as failed; so does a bug, and it is raised. Where the database goes away, or the
    worker is to stop, it waits to be started again.
    """
    claimed = patiently(
        lambda: sync_schedule.start(tenant_id, integration_id, now=timezone.now()), give_up_after=stops_within
    )
    if claimed is None:
        return None
    work = _Work(retries or Retries(), run=claimed, watch=watch, progress_seconds=_PROGRESS_SECONDS)
    with structlog.contextvars.bound_contextvars(tenant=tenant_id, integration=integration_id, run=claimed.pk):
        try:
            with heartbeat(claimed):
                _sync(work)
        except ClaimLostError:
            log.warning("sync_given_up")  # the worker that has the integration now has recorded this run's end
        except Stopped:
            _start_again(work, _STOPPED)
        except AwsError as error:
            _fail(work, _failed(error))
        except SecretUnreadableError as error:
            _fail(work, Outcome(str(error), is_about_access=True))
        except (OperationalError, InterfaceError) as error:
            if is_away(error):
                _start_again(work, _DATABASE_AWAY, is_suspect=True)
            else:
                _fail(work, Outcome(_DATABASE_FAULT.format(type(error).__name__), is_transient=True))
                raise
        except BaseException as error:
            _fail(work, Outcome(f"An unexpected error ({type(error).__name__}) stopped the sync. Nothing was changed."))
            raise
    return claimed.pk


def _sync(work: _Work) -> None:
    integration = work.run.integration
    session, snapshot, read_all = _read(work, integration)
    work.report(SyncRun.Phase.COMPARING)
    confirmed: frozenset[str] = frozenset()
    attempts = 0
    while True:
        try:
            with isolation.as_tenant(integration.tenant_id):
                if attempts:  # a second attempt plans while nobody else of the scope writes, or it might lose again
                    sync_schedule.hold(work.run)
                    mirror.take_turns(integration)
                unconfirmed = _plan_and_apply(work, integration, snapshot, confirmed)
        except (DatabaseError, TreeChangedError) as error:
            attempts += 1
            if attempts == _ATTEMPTS_AT_THE_TREE or not isinstance(error.__cause__ or error, _RACES):
                raise
            integration = _integration_now(work)
            continue
        if not unconfirmed:
            return
        work.report(SyncRun.Phase.CONFIRMING)
        asked = partial(work.report, SyncRun.Phase.CONFIRMING)
        try:
            snapshot = discovery.check_gone(session, snapshot, unconfirmed, on_progress=asked)
            confirmed |= unconfirmed
        except AwsError as error:
            if not work.run.read_by or isinstance(error, Stopped):
                raise
            known_snapshot.give_up(work.run)  # something is not as it was read before
            snapshot, confirmed = read_all(), frozenset()
        work.report(SyncRun.Phase.COMPARING)


def _integration_now(work: _Work) -> Integration:
    with isolation.as_tenant(work.run.tenant_id):
        found = Integration.objects.select_related("tenant", "organization").filter(pk=work.run.integration_id)
        integration = found.first()
    if integration is None:
        raise ClaimLostError
    return integration


def _read(work: _Work, integration: Integration) -> tuple[AwsSession, Snapshot, Callable[[], Snapshot]]:
    """Sign in, and give what there is: as it was read a moment ago or anew; with that comes how to read it anew."""
    now = timezone.now()
    proved_at = integration.role_proved_at
    is_proof_due = integration.access_mode == AccessMode.ROLE and (not proved_at or proved_at < now - PROOF_LIFETIME)
    session = discovery.sign_in(integration, work, purpose="sync", is_proof_due=is_proof_due)
    if is_proof_due:
        with isolation.as_tenant(integration.tenant_id):
            Integration.objects.filter(pk=integration.pk, role_arn=integration.role_arn).update(role_proved_at=now)
    identity = discovery.identify_organization(session, work, same_as=integration)
    if integration.partition != session.partition:
        with isolation.as_tenant(integration.tenant_id):
            same = Integration.objects.filter(pk=integration.pk, version=integration.version)  # else of old credentials
            same.update(partition=session.partition)
    read_all = partial(_read_all, work, integration, session, identity)
    known = known_snapshot.take(work.run, integration, organization_id=identity.organization_id, now=timezone.now())
    if known is None:
        return session, read_all(), read_all
    work.read = Progress(len(known.folders), len(known.accounts))
    return session, known, read_all


def _read_all(work: _Work, integration: Integration, session: AwsSession, identity: Identity) -> Snapshot:
    work.report(SyncRun.Phase.READING)
    may_leave_out = discovery.what_may_stay_unseen(integration)
    snapshot = discovery.read_organization(session, identity, work, may_leave_out=may_leave_out)
    work.read = Progress(len(snapshot.folders), len(snapshot.accounts))
    return snapshot


def _plan_and_apply(
    work: _Work, integration: Integration, snapshot: Snapshot, confirmed: frozenset[str]
) -> frozenset[str]:
    """Compare, write and record in one transaction; gives the ids that must be confirmed as gone before that.

    While there are any, nothing is written. A plan over the deletion limit is recorded and not written.
    """
    tree = mirror.load(integration)
    selection = integration.chosen
    planned = mirror.plan(integration, tree, select(snapshot, selection))
    if why := _why_it_asks(work, integration, tree, planned):
        changes = _changes(planned, tree, snapshot)
        work.end(Outcome(f"{why} {_WAITS}", changes=changes, removals=sorted(deletion_limit.removals(planned))))
        known_snapshot.keep_question(work.run, integration, snapshot, now=timezone.now())
        return frozenset()
    unconfirmed = absence.to_confirm(planned, tree, snapshot) - confirmed
    if unconfirmed:
        return unconfirmed
    found = {
        "source_organization_id": snapshot.organization_id,
        "management_account_id": snapshot.management_account_id,
        "selection_facts": facts_of(snapshot, selection).to_json(),
        # What may be read again may not be missing again without an error.
        "unseen_folders": sorted(snapshot.left_out_folders.intersection(integration.unseen_folders)),
    }
    is_found_before = all(getattr(integration, name) == value for name, value in found.items())
    if planned.connections.described or not (planned.is_empty and is_found_before):
        sync_schedule.hold(work.run)
        if not Integration.objects.filter(pk=integration.pk, version=integration.version).exists():
            raise TreeChangedError("The integration's settings were changed.")
    impact = kept_impact.impact_of(planned, tree)
    mirror.apply(planned, tree, integration, now=timezone.now())
    if not is_found_before:
        Integration.objects.filter(pk=integration.pk).update(**found)
    work.end(Outcome(changes=_changes(planned, tree, snapshot), impact=impact))
    return frozenset()


def _changes(planned: Plan, tree: Tree, snapshot: Snapshot) -> list[tuple[str, ...]]:
    return [astuple(change) for change in planning_diff.describe(planned, tree, snapshot)]


def _why_it_asks(work: _Work, integration: Integration, tree: Tree, planned: Plan) -> str:
    """Say why the plan must be approved first; empty when it need not be."""
    if work.run.is_attended:
        return ""
    percent, count = integration.deletion_limit_percent, integration.deletion_limit_count
    why = deletion_limit.why_over(tree, planned, percent=percent, count=count)
    if why:
        sync_schedule.hold(work.run)  # a person who approves at this moment is waited for, or waits for the question
        if deletion_limit.removals(planned) <= SyncRun.objects.approved_removals(integration):
            return ""
    return why


def _start_again(work: _Work, why: str, *, is_suspect: bool = False) -> None:
    log.warning("sync_starts_again", reason=why)
    with suppress(ClaimLostError):
        interruption.give_back(work.run, why, is_suspect=is_suspect)


def _failed(error: AwsError) -> Outcome:
    return Outcome(
        error.sentence,
        is_transient=error.is_transient,
        is_ours=isinstance(error, OwnFault),
        is_about_access=error.is_about_access,
    )


def _fail(work: _Work, outcome: Outcome) -> None:
    log.log(ERROR if outcome.is_ours else WARNING, "sync_failed", reason=outcome.error)

    def write() -> None:
        with isolation.as_tenant(work.run.tenant_id):
            work.end(outcome)

    with suppress(ClaimLostError):
        patiently(write, give_up_after=stops_within)

"""One sync run: claim → read → plan → confirm → apply → record.

The network is never touched inside a transaction, and the tree is changed in one transaction or not at all. A read that
failed or was not whole raises, and the run ends as failed with the sentence of what was wrong.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from datetime import timedelta

import structlog
from django.db import DatabaseError
from django.utils import timezone
from psycopg.errors import DeadlockDetected, ForeignKeyViolation, UniqueViolation

from integrations import absences, changes, mirror, schedule
from integrations.access import credentials_of
from integrations.aws.access_test import refuse_open_role
from integrations.aws.calling import Retries
from integrations.aws.errors import AwsError, IncompleteAnswer
from integrations.aws.organizations import check_out_of_sight, confirm_gone, identify, read_snapshot
from integrations.aws.session import AwsSession, RoleCredentials, open_session
from integrations.mirror import TreeChangedError
from integrations.models import Integration, SyncRun
from integrations.schedule import ClaimLostError, Outcome
from integrations.secrets import SecretUnreadableError
from integrations.snapshot import Progress, Snapshot
from workspaces import isolation

log = structlog.get_logger(__name__)

# Trust policies change: a role is proved anew to refuse strangers this often.
PROOF_LIFETIME = timedelta(days=1)
_PROGRESS_SECONDS = 0.5
_ATTEMPTS_AT_THE_TREE = 5
# Somebody took a handle, purged a node or changed the settings between our look and our write, or another sync of the
# same scope took handles in another order: what is there now is planned with again.
_RACES = (TreeChangedError, UniqueViolation, ForeignKeyViolation, DeadlockDetected)

Watch = Callable[[SyncRun], None]


class SyncRefusedError(Exception):
    """The sync must not go on: what AWS answered is whole, but is not what this integration mirrors."""


@dataclass(slots=True)
class _Work:
    """What one run carries from step to step."""

    run: SyncRun
    watch: Watch
    retries: Retries
    read: Progress = field(default_factory=Progress)
    calls: int = 0
    told_at: float = 0.0

    def count_call(self) -> None:
        """Count one call to AWS; comes from several threads, but never from two at once."""
        self.calls += 1

    def tell(self, phase: SyncRun.Phase, read: Progress | None = None) -> None:
        """Keep the run's row current; a phase is written at once, counters not more often than twice a second."""
        run, self.read = self.run, read or self.read
        if run.phase == phase and time.monotonic() - self.told_at < _PROGRESS_SECONDS:
            return
        self.told_at, run.phase = time.monotonic(), phase
        run.folders_read, run.accounts_read, run.aws_calls = self.read.folders, self.read.accounts, self.calls
        schedule.report(run)
        self.watch(run)

    def end(self, *, error: str = "", is_transient: bool = False, diff: list[changes.Change] | None = None) -> None:
        """Write the run's end, in the caller's transaction."""
        outcome = Outcome(
            error=error,
            is_transient=is_transient,
            changes=[astuple(change) for change in diff or ()],
            folders_read=self.read.folders,
            accounts_read=self.read.accounts,
            aws_calls=self.calls,
        )
        schedule.finish(self.run, outcome, now=timezone.now())


def run(
    tenant_id: int, integration_id: int, *, watch: Watch = lambda _: None, retries: Retries | None = None
) -> SyncRun | None:
    """Run what is due for this integration; None when nothing is, somebody else is at it, or it is gone.

    ``watch`` is told of each step; ``retries`` is how patient to be with AWS. What AWS refuses or
    fails to answer ends the run as failed; so does a bug, and it is raised.
    """
    claimed = schedule.start(tenant_id, integration_id, now=timezone.now())
    if claimed is None:
        return None
    work = _Work(claimed, watch, retries or Retries())
    with structlog.contextvars.bound_contextvars(tenant=tenant_id, integration=integration_id, run=claimed.pk):
        try:
            with schedule.heartbeat(claimed):
                _sync(work)
        except ClaimLostError:
            log.warning("sync_given_up")  # whoever has the integration now has recorded this run's end
        except AwsError as error:
            _fail(work, error.sentence, is_transient=error.is_transient)
        except (SyncRefusedError, SecretUnreadableError) as error:
            _fail(work, str(error))
        except BaseException as error:
            _fail(work, f"An unexpected error ({type(error).__name__}) stopped the sync. Nothing was changed.")
            raise
    with isolation.as_tenant(tenant_id):
        ended = SyncRun.objects.filter(pk=claimed.pk).first()
    if ended is not None:
        watch(ended)
    return ended


def _sync(work: _Work) -> None:
    integration = _integration(work)
    session, snapshot = _read(work, integration)
    work.tell(SyncRun.Phase.COMPARING)
    confirmed: frozenset[str] = frozenset()
    attempts = 0
    while True:
        try:
            with isolation.as_tenant(integration.tenant_id):
                unconfirmed = _plan_and_apply(work, integration, snapshot, confirmed)
        except (DatabaseError, TreeChangedError) as error:
            attempts += 1
            if attempts == _ATTEMPTS_AT_THE_TREE or not isinstance(error.__cause__ or error, _RACES):
                raise
            integration = _integration(work)
            continue
        if not unconfirmed:
            return
        confirmed |= _confirm(session, snapshot, unconfirmed)


def _integration(work: _Work) -> Integration:
    with isolation.as_tenant(work.run.tenant_id):
        found = Integration.objects.select_related("tenant", "organization").filter(pk=work.run.integration_id)
        integration = found.first()
    if integration is None:
        raise ClaimLostError
    return integration


def _read(work: _Work, integration: Integration) -> tuple[AwsSession, Snapshot]:
    now = timezone.now()
    credentials = credentials_of(integration, purpose="sync")
    session = open_session(credentials, on_call=work.count_call, retries=work.retries)
    is_proof_due = integration.role_proved_at is None or integration.role_proved_at < now - PROOF_LIFETIME
    if isinstance(credentials, RoleCredentials) and is_proof_due:
        refuse_open_role(credentials, on_call=work.count_call, retries=work.retries)
        with isolation.as_tenant(integration.tenant_id):
            Integration.objects.filter(pk=integration.pk, role_arn=integration.role_arn).update(role_proved_at=now)
    identity = identify(session)
    _check_same_organization(integration, identity.organization_id)
    work.tell(SyncRun.Phase.READING)
    # What somebody saved as unreadable may stay so; a denial of anything else is an error.
    unseen = frozenset(integration.unseen_folders)
    snapshot = read_snapshot(
        session,
        identity=identity,
        on_progress=lambda progress: work.tell(SyncRun.Phase.READING, progress),
        may_leave_out=unseen.__contains__ if unseen else None,
    )
    work.read = Progress(len(snapshot.folders), len(snapshot.accounts))
    return session, snapshot


def _check_same_organization(integration: Integration, organization_id: str) -> None:
    """Refuse another AWS organization than the one that was mirrored before: a role can be re-pointed by mistake.

    ``read_snapshot`` holds the rest of the read to the AWS organization of the identity.
    """
    expected = integration.source_organization_id
    if expected and organization_id != expected:
        raise SyncRefusedError(
            f"The credentials now lead to the AWS organization {organization_id}, but this integration mirrors"
            f" {expected} (DescribeOrganization: AnotherOrganization). Nothing was changed. Point them back, or change"
            " the credentials in the integration's Config."
        )


def _plan_and_apply(
    work: _Work, integration: Integration, snapshot: Snapshot, confirmed: frozenset[str]
) -> frozenset[str]:
    """Compare, write and record in one transaction; gives the ids that must be confirmed as gone before that.

    While there are any, nothing is written.
    """
    tree = mirror.load(integration)
    planned = mirror.plan(integration, tree, snapshot)
    unconfirmed = absences.to_confirm(planned, tree, snapshot) - confirmed
    if unconfirmed:
        return unconfirmed
    source = (snapshot.organization_id, snapshot.management_account_id)
    is_same_source = source == (integration.source_organization_id, integration.management_account_id)
    if not (planned.is_empty and is_same_source):
        schedule.hold(work.run)
        if not Integration.objects.filter(pk=integration.pk, version=integration.version).exists():
            raise TreeChangedError("The integration's settings were changed.")
    mirror.apply(planned, tree, integration, now=timezone.now())
    if not is_same_source:
        Integration.objects.filter(pk=integration.pk).update(
            source_organization_id=source[0], management_account_id=source[1]
        )
    work.end(diff=changes.describe(planned, tree, snapshot))
    return frozenset()


def _confirm(session: AwsSession, snapshot: Snapshot, absent: frozenset[str]) -> frozenset[str]:
    """Have AWS say of each id that it is gone or, of those that nobody could place, that it is out of sight.

    Raises IncompleteAnswer or ChangedWhileReading when it is not.
    """
    unplaced = absent & snapshot.unplaced_accounts
    check_out_of_sight(session, snapshot, unplaced)
    vanished = absent - unplaced
    accounts = {source_id for source_id in vanished if source_id.isdecimal()}
    still_there = sorted(vanished - confirm_gone(session, accounts=accounts, folders=vanished - accounts))
    if still_there:
        operation = "ListAccounts" if still_there[0] in accounts else "ListOrganizationalUnitsForParent"
        raise IncompleteAnswer(
            f"AWS left {', '.join(still_there[:5])} out of its lists but still knows "
            f"{'it' if len(still_there) == 1 else 'them'} ({operation}: IncompleteAnswer). Nothing was changed;"
            " the next sync looks again.",
            operation=operation,
            code="IncompleteAnswer",
        )
    return absent


def _fail(work: _Work, sentence: str, *, is_transient: bool = False) -> None:
    log.warning("sync_failed", reason=sentence)
    with suppress(ClaimLostError), isolation.as_tenant(work.run.tenant_id):
        work.end(error=sentence, is_transient=is_transient)

"""One sync run: claim → read → plan → deletion limit → confirm → apply → record.

A targeted run looks at what events name and goes the same way; where that does not fit it ends, and a full one follows.
The network is never touched inside a transaction, and the tree is changed in one transaction or not at all. A read that
failed or was not whole raises, and the run ends as failed with the sentence of what was wrong.
"""

from contextlib import suppress
from logging import ERROR, WARNING

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integrations.aws.calls.rate_limit import stops_within
from integrations.aws.calls.retry import Retries
from integrations.aws.errors import AwsError, OwnFault, Stopped
from integrations.jobs.outcome import Outcome
from integrations.jobs.sending import LOW_PRIORITY, Task, send
from integrations.models import SyncRun
from integrations.planning.targeted.hints import to_look_at
from integrations.planning.targeted.partial import DoesNotFitError
from integrations.sync import interruption
from integrations.sync import schedule as sync_schedule
from integrations.sync.heartbeat import heartbeat
from integrations.sync.schedule import ClaimLostError
from integrations.sync.steps import reading
from integrations.sync.steps.applying import apply
from integrations.sync.steps.work import SyncWork, Watch
from integrations.sync.targeted import pending
from workspaces import isolation
from workspaces.database import at_most_one, is_away, patiently
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

_PROGRESS_SECONDS = 1.0  # pages ask no more often either
_DATABASE_FAULT = "The database did not answer in the middle of it ({}). Nothing was changed; it is tried again soon."
_DATABASE_AWAY = "The database was away in the middle of this sync. Nothing was changed; it is started again."
_STOPPED = "The worker was stopped in the middle of this sync, as for an upgrade. Nothing was changed; it starts again."


def run(
    tenant_id: int, integration_id: int, *, watch: Watch = lambda _: None, retries: Retries | None = None
) -> SyncRun | None:
    """As ``perform``, but give the run as it ended, and call ``watch`` with that too."""
    pk = perform(tenant_id, integration_id, watch=watch, retries=retries)
    if pk is None:
        return None
    with isolation.as_tenant(tenant_id):
        ended = at_most_one(SyncRun.objects.filter(pk=pk))
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
    work = SyncWork(retries or Retries(), run=claimed, watch=watch, progress_seconds=_PROGRESS_SECONDS)
    work.calls = work.calls_before = claimed.aws_calls  # of looks before, for what AWS did not show yet
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


def _sync(work: SyncWork) -> None:
    """Read and apply; raises AwsError when AWS does not let us, and ClaimLostError when somebody else is at it."""
    integration = work.run.integration
    if work.run.kind == SyncRun.Kind.TARGETED:
        try:
            with isolation.as_tenant(work.run.tenant_id):
                ids = to_look_at(event.told for event in pending.taken_by(work.run))
            apply(work, integration, reading.look(integration, ids, work))
        except DoesNotFitError as error:
            _fall_back(work, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    read = reading.read_all(integration, work)
    while doubts := apply(work, integration, read):
        work.report(SyncRun.Phase.CONFIRMING)
        if doubts.undone:
            read.look_again(doubts.undone, work)
        else:
            read.confirm(doubts.gone, work)


def _fall_back(work: SyncWork, why: str) -> None:
    """End a targeted run that changes nothing, for all has to be read: that is the next one's."""
    log.info("sync_reads_all", reason=why)
    with isolation.as_tenant(work.run.tenant_id):
        row = sync_schedule.hold(work.run)
        row.why_full = why
        row.next_due_at = row.planned_at = timezone.now()
        row.save(update_fields=["why_full", "next_due_at", "planned_at"])
        SyncRun.objects.filter(pk=work.run.pk).update(why_full=why)
        work.end(Outcome())
    send(Task.SYNC, work.run.tenant_id, work.run.integration_id, priority=LOW_PRIORITY)  # the dispatcher would too


def _start_again(work: SyncWork, why: str, *, is_suspect: bool = False) -> None:
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


def _fail(work: SyncWork, outcome: Outcome) -> None:
    log.log(ERROR if outcome.is_ours else WARNING, "sync_failed", reason=outcome.error)

    def write() -> None:
        with isolation.as_tenant(work.run.tenant_id):
            work.end(outcome)

    with suppress(ClaimLostError):
        patiently(write, give_up_after=stops_within)

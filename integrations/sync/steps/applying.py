"""What was read becomes the tree: planned, held to what AWS must confirm, written and recorded in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone
from psycopg.errors import DeadlockDetected, ForeignKeyViolation, QueryCanceled, UniqueViolation

from connections.bulk import TreeChangedError
from integrations.access import known_snapshot
from integrations.jobs.outcome import Outcome
from integrations.models import AwsEvent, Integration, SyncRun
from integrations.planning import absence, deletion_limit
from integrations.planning import diff as planning_diff
from integrations.planning.diff import Change
from integrations.planning.reconcile import Plan, Tree
from integrations.planning.selection import select
from integrations.planning.snapshot import Snapshot
from integrations.planning.targeted.fitting import check_told
from integrations.planning.targeted.partial import DoesNotFitError
from integrations.planning.targeted.undoing import Aspect
from integrations.sync import interruption, kept_impact, mirror
from integrations.sync import schedule as sync_schedule
from integrations.sync.schedule import ClaimLostError
from integrations.sync.steps.reading import FullRead, Read, TargetedRead
from integrations.sync.steps.work import SyncWork
from integrations.sync.targeted import followed, pending
from integrations.sync.targeted.pending import Settled
from integrations.sync.targeted.rest import SHOWN_WITHIN
from workspaces import isolation
from workspaces.database import at_most_one

_ATTEMPTS_AT_THE_TREE = 5
_WAITS = "Nothing was changed; it waits to be approved."
# Somebody took a handle, purged a node or changed the settings between our look and our write, or another sync of the
# same scope took handles in another order, or its turn took too long: what is there now is planned with again.
_RACES = (TreeChangedError, UniqueViolation, ForeignKeyViolation, DeadlockDetected, QueryCanceled)


@dataclass(frozen=True, slots=True)
class Doubts:
    """The ids of what AWS must be asked about: is it gone; did it become again what it was?"""

    gone: frozenset[str] = frozenset()
    undone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Planned:
    tree: Tree
    snapshot: Snapshot
    plan: Plan
    changes: Sequence[Change]

    @classmethod
    def of(cls, integration: Integration, tree: Tree, read: Read) -> "Planned":
        snapshot = read.over(tree, integration)
        plan = read.narrowed(mirror.plan(integration, tree, select(snapshot, integration.chosen)))
        return cls(tree, snapshot, plan, planning_diff.describe(plan, tree, snapshot))


def apply(work: SyncWork, integration: Integration, read: Read) -> Doubts | None:
    """Compare and write in one transaction; gives what AWS must be asked about before that, if anything.

    Whoever loses a race for handles or settings plans again with what is there then.
    """
    work.report(SyncRun.Phase.COMPARING)
    attempts = 0
    while True:
        try:
            with isolation.as_tenant(integration.tenant_id):
                if attempts:  # a second attempt plans while nobody else of the scope writes, or it might lose again
                    sync_schedule.hold(work.run)
                    mirror.take_turns(integration)
                return _plan_and_apply(work, integration, read)
        except (DatabaseError, TreeChangedError) as error:
            attempts += 1
            if attempts == _ATTEMPTS_AT_THE_TREE or not isinstance(error.__cause__ or error, _RACES):
                raise
            integration = _integration_now(work)


def _integration_now(work: SyncWork) -> Integration:
    with isolation.as_tenant(work.run.tenant_id):
        found = Integration.objects.select_related("tenant", "organization").filter(pk=work.run.integration_id)
        integration = at_most_one(found)
    if integration is None:
        raise ClaimLostError
    return integration


def _plan_and_apply(work: SyncWork, integration: Integration, read: Read) -> Doubts | None:
    """Compare, write and record in the caller's transaction; nothing is written while there are doubts.

    A plan over the deletion limit is recorded and not written.
    """
    tree = mirror.load(integration)
    planned = Planned.of(integration, tree, read)
    if why := _why_it_asks(work, integration, tree, planned.plan):
        if isinstance(read, TargetedRead):
            raise DoesNotFitError("it would remove more than the deletion limit allows")
        removals = sorted(deletion_limit.removals(planned.plan))
        pending.forget(pending.taken_by(work.run))  # the question is what became of them
        work.end(Outcome(f"{why} {_WAITS}", changes=_lines(planned), removals=removals))
        known_snapshot.keep_question(work.run, integration, planned.snapshot, now=timezone.now())
        return None
    events = pending.taken_by(work.run)
    undone = followed.undone_by(work.run, planned.changes, events)
    if isinstance(read, FullRead):
        if asked_again := {source_id for source_id, _ in undone} - read.looked_at:
            return Doubts(undone=frozenset(asked_again))
    elif isinstance(read, TargetedRead):
        if undone:
            read = read.keeping(undone, tree, integration)
            planned = Planned.of(integration, tree, read)
        check_told(planned.plan, read.seen.gone, [event.told for event in events])
    if unconfirmed := absence.to_confirm(planned.plan, tree, planned.snapshot) - read.confirmed:
        if isinstance(read, TargetedRead):
            raise DoesNotFitError("it would remove what AWS does not say is gone")
        return Doubts(gone=unconfirmed)
    _write(work, integration, read, planned)
    _end(work, read, planned, events, undone)
    return None


def _write(work: SyncWork, integration: Integration, read: Read, planned: Planned) -> None:
    """Write a plan, and what was found beside it."""
    found = read.found(planned.snapshot, integration)
    is_found_before = all(getattr(integration, name) == value for name, value in found.items())
    if planned.plan.connections.described or not (planned.plan.is_empty and is_found_before):
        sync_schedule.hold(work.run)
        if not Integration.objects.filter(pk=integration.pk, version=integration.version).exists():
            raise TreeChangedError("The integration's settings were changed.")
    work.impact = kept_impact.impact_of(planned.plan, planned.tree)
    mirror.apply(planned.plan, planned.tree, integration, now=timezone.now())
    if not is_found_before:
        Integration.objects.filter(pk=integration.pk).update(**found)


def _end(
    work: SyncWork, read: Read, planned: Planned, events: Sequence[AwsEvent], undone: Mapping[Aspect, datetime]
) -> None:
    """Write the end of a run that has done what it was to do, or have it look again for what AWS does not show yet."""
    run, now, changes = work.run, timezone.now(), planned.changes
    outcome = Outcome(changes=_lines(planned), impact=work.impact)
    settled = Settled()
    if events or changes:
        row = sync_schedule.hold(run)
        changed = {change.source_id for change in changes}
        settled = pending.settle(events, read.where(planned.snapshot), changed, now=now)
        if doubted := [*undone.values(), *filter(None, [settled.given_up])]:
            followed.let_a_full_sync_tell(run, max(doubted))
        if isinstance(read, FullRead):
            differing, unreported = followed.verdict(run, row, changes, events)
            outcome = replace(outcome, differing=differing, unreported=unreported)
    if isinstance(read, TargetedRead):
        if settled.again_at and not changes and now < run.queued_at + SHOWN_WITHIN:  # what came later is another run's
            new_calls = work.calls - work.calls_before
            interruption.look_again(run, settled.again_at, calls=work.calls, new_calls=new_calls, now=now)
            return
        lag = followed.seconds_since(events, changes, now)
        outcome = replace(outcome, covered=sorted(read.seen.covers), lag_seconds=lag)
    work.end(outcome)


def _lines(planned: Planned) -> list[tuple[str, ...]]:
    return [astuple(change) for change in planned.changes]


def _why_it_asks(work: SyncWork, integration: Integration, tree: Tree, planned: Plan) -> str:
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

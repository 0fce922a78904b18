"""Answering a sync that stopped at the deletion limit: each action is one transaction and writes one audit event.

What is approved is a set of removals, not a run: whatever run comes next may remove those and no others. It applies
what was read for the question where that is minutes old (``access.known_snapshot``), else AWS is read again. An
approval holds until a run has succeeded or asks anew.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from connections.schemas.workspace_uses import uses_of
from integrations.access import known_snapshot
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.planning.reconcile import NodePlan, Plan
from integrations.planning.workspace_impact import View, WorkspaceImpact, impacts
from integrations.sync import mirror, requests
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.models import User


class NotWaitingError(Exception):
    """The run needs no answer any more; the text is a sentence that says what became of it."""


def removal_impacts(integration: Integration, removals: Iterable[str]) -> Sequence[WorkspaceImpact]:
    """Say what these removals, as ids at the provider, would mean to each workspace now."""
    tree = mirror.load(integration)
    going = set(removals)
    sides = ([held for held in side if held.source_id in going] for side in (tree.folders, tree.connections))
    folders, connections = (NodePlan(removals=tuple(held for held in side if not held.is_removed)) for side in sides)
    before, after = View.of(tree), View.after(tree, Plan(folders, connections))
    ids = [held.id for held in tree.folders], [held.id for held in tree.connections]
    return impacts(uses_of(*ids, names=before.names | after.names), before, after)


@transaction.atomic
def approve(*, run: SyncRun, by: User, now: datetime) -> SyncRun:
    """Let go what a run asked about, and start the sync that does it.

    Raises NotWaitingError.
    """
    current = _decide(run, SyncRun.State.APPROVED, by, now)
    integration = current.integration
    audit.record(
        "integration.removals_approved",
        scope=integration.scope,
        by=by,
        target=integration,
        run=run.number,
        removals=len(current.removals),
    )
    return requests.queue_sync(integration, SyncRun.Trigger.APPROVAL, by, now)


@transaction.atomic
def discard(*, run: SyncRun, by: User, now: datetime) -> None:
    """Leave everything as it is; the next sync that is over the limit asks again. Raises NotWaitingError."""
    current = _decide(run, SyncRun.State.DISCARDED, by, now)
    integration = current.integration
    known_snapshot.forget(integration)
    audit.record("integration.removals_discarded", scope=integration.scope, by=by, target=integration, run=run.number)


def _decide(run: SyncRun, state: SyncRun.State, by: User, now: datetime) -> SyncRun:
    # The schedule's row first: no run of this integration ends meanwhile.
    list(SyncSchedule.objects.select_for_update().filter(pk=run.integration_id))
    found = SyncRun.objects.select_related("integration__tenant", "integration__organization", "decided_by")
    current = at_most_one(found.filter(pk=run.pk))
    if current is None:
        raise NotWaitingError("The integration was deleted meanwhile.")
    if current.state != SyncRun.State.NEEDS_APPROVAL:
        raise NotWaitingError(_what_became(current))
    current.state, current.decided_by, current.decided_at = state, by, now
    current.save(update_fields=["state", "decided_by", "decided_at"])
    return current


def _what_became(run: SyncRun) -> str:
    if run.decided_by is not None:
        word = "discarded" if run.state == SyncRun.State.DISCARDED else "approved"
        return f"{run.decided_by.known_as} has {word} this already. Nothing was done a second time."
    return "A later sync took the place of this one. Look at what that one found; nothing was done."

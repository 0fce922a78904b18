"""How a look at a few nodes becomes a plan: laid over the tree as it is, and never beyond those few.

The planner plans as ever. What it would change beside what was looked at is refused, and all has to be read instead.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from integrations.planning.reconcile import Held, Plan, Tree
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder
from integrations.planning.targeted.hints import GONE, Told
from integrations.planning.targeted.partial import DoesNotFitError, parents_first

_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)  # when somebody joined of whom no sync has said so yet


def known_of(tree: Tree, *, organization_id: str, management_account_id: str) -> Snapshot:
    """Give what is mirrored as a snapshot, as if AWS had just said so. Raises DoesNotFitError before the first sync."""
    folders = {held.source_id: held for held in tree.folders if not held.is_removed}
    roots = [held for held in folders.values() if held.parent is None and held.source_id]
    if not roots or not organization_id:
        raise DoesNotFitError("nothing has been mirrored yet")
    root = SnapshotFolder(roots[0].source_id, None, roots[0].title)
    units = (SnapshotFolder(held.source_id, held.parent, held.title) for held in folders.values() if held.parent)
    accounts = tuple(_account(held) for held in tree.connections if not held.is_removed)
    return Snapshot(organization_id, management_account_id, parents_first([root, *units], root), accounts)


def _account(held: Held) -> SnapshotAccount:
    joined_at = held.joined_at.replace(tzinfo=UTC) if held.joined_at else _UNKNOWN
    return SnapshotAccount(
        held.source_id, held.parent or "", held.title, AccountState(held.state), joined_at, held.email
    )


def only_within(planned: Plan, covered: frozenset[str]) -> Plan:
    """Give a plan that changes nothing but these; raises DoesNotFitError when it would change anything else."""
    touched: set[str] = set()
    for side in (planned.folders, planned.connections):
        touched.update(creation.wanted.source_id for creation in side.creations)
        touched.update(update.after.source_id for update in side.updates)
        touched.update(held.source_id for held in side.removals)
    if beyond := touched - covered:
        raise DoesNotFitError(f"it would change {min(beyond)} too, which no event names")
    described = tuple(held for held in planned.connections.described if held.source_id in covered)
    return replace(planned, connections=replace(planned.connections, described=described))


def check_told(planned: Plan, gone: frozenset[str], events: Iterable[Told]) -> None:
    """Hold what AWS says is gone to what events told; raises DoesNotFitError when something goes that none did.

    One answer that it is not there, where an event says that it moved, may be an error: a list has the last word.
    """
    told = {hint.source_id for event in events for hint in event.hints if hint.expects == GONE}
    going = {held.source_id for side in (planned.folders, planned.connections) for held in side.removals}
    if untold := (going & gone) - told:
        raise DoesNotFitError(f"AWS says that {min(untold)} is gone, and no event does")

"""A mirrored tree of any size, and what a sync does with it once it has read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from django.utils import timezone

from connections.models import Folder
from connections.tree import allocate_ids
from integrations.models import Integration
from integrations.planning import absence, deletion_limit, diff
from integrations.planning.selection import Selection, select
from integrations.planning.selection_tree import facts_of
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder
from integrations.sync import mirror
from workspaces.access import Scope

_numbers = count(1)


def a_snapshot(accounts: int) -> Snapshot:
    """Build an AWS organization of that many accounts, one OU for each twenty, four levels deep."""
    folders = [SnapshotFolder("r-root", None, "Root")]
    for number in range(accounts // 20):
        parent = folders[number // 4 if number else 0]
        folders.append(SnapshotFolder(f"ou-root-{number:08d}", parent.source_id, f"Unit {number}"))
    epoch = datetime(2020, 1, 1, tzinfo=UTC)
    rows = tuple(
        SnapshotAccount(
            f"{number:012d}",
            folders[number % len(folders)].source_id,
            f"Account {number}",
            AccountState.ACTIVE,
            epoch + timedelta(hours=number),
        )
        for number in range(accounts)
    )
    return Snapshot("o-bench", "000000000000", tuple(folders), rows)


def one_percent_renamed(snapshot: Snapshot) -> Snapshot:
    """Rename every hundredth account."""
    rows = tuple(
        replace(row, name=f"{row.name} renamed") if number % 100 == 0 else row
        for number, row in enumerate(snapshot.accounts)
    )
    return replace(snapshot, accounts=rows)


def two_swapped(snapshot: Snapshot) -> Snapshot:
    """Give the first two accounts the names of each other."""
    first, second, *others = snapshot.accounts
    swapped = replace(first, name=second.name), replace(second, name=first.name)
    return replace(snapshot, accounts=(*swapped, *others))


def an_integration(scope: Scope) -> Integration:
    """Make an integration whose tree is empty."""
    (pk,) = allocate_ids(Folder, 1)
    number = next(_numbers)
    root = Folder.objects.create(
        id=pk,
        **scope.keys,
        root_id=pk,
        path=f"{pk}/",
        handle=f"root_{number}",
        title="Root",
        is_managed=True,
        managed_by=f"bench-{number}",
    )
    return Integration.objects.create(
        tenant=scope.tenant, organization=scope.organization, handle=f"bench-{number}", root_folder=root
    )


def sync(integration: Integration, snapshot: Snapshot) -> None:
    """Compare and write, as a sync does once it has read."""
    tree = mirror.load(integration)
    selection = Selection.of(integration.selection)
    plan = mirror.plan(integration, tree, select(snapshot, selection))
    deletion_limit.why_over(
        tree, plan, percent=integration.deletion_limit_percent, count=integration.deletion_limit_count
    )
    absence.to_confirm(plan, tree, snapshot)
    facts_of(snapshot, selection)
    mirror.apply(plan, tree, integration, now=timezone.now())
    diff.describe(plan, tree, snapshot)

"""The first look at an AWS organization, before anything of it is stored; small enough for a page at any size."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder

MOST_FOLDERS: Final = 100
MOST_ACCOUNTS: Final = 5  # in each folder
_OTHERS: Final = 4


def preview(snapshot: Snapshot) -> dict[str, Any]:
    """Give the tree as nested dicts: ``name``, ``accounts`` (all below), ``first``, ``folders``, what is left out.

    Of a large tree the upper folders are shown, each with its first accounts; the counts are always of everything.
    """
    children: defaultdict[str, list[SnapshotFolder]] = defaultdict(list)
    for folder in snapshot.folders[1:]:
        children[folder.parent_id or ""].append(folder)
    accounts: defaultdict[str, list[SnapshotAccount]] = defaultdict(list)
    for account in snapshot.accounts:
        accounts[account.parent_id].append(account)
    return _shown(snapshot.root, _upper(snapshot.root, children), children, accounts, _totals(snapshot, accounts))


def sample(snapshot: Snapshot) -> list[dict[str, str]]:
    """Pick the accounts that Test Connection tries: the management account, and up to four active ones spread out."""
    active = [account for account in snapshot.accounts if account.state == AccountState.ACTIVE]
    others = [account for account in active if account.source_id != snapshot.management_account_id]
    step = max(1, len(others) // _OTHERS)
    management = [account for account in snapshot.accounts if account.source_id == snapshot.management_account_id]
    return [{"id": account.source_id, "name": account.name} for account in management + others[::step][:_OTHERS]]


def _upper(root: SnapshotFolder, children: Mapping[str, Sequence[SnapshotFolder]]) -> set[str]:
    """Choose the folders to show, level by level."""
    chosen: set[str] = set()
    queue = deque([root])
    while queue and len(chosen) < MOST_FOLDERS:
        folder = queue.popleft()
        chosen.add(folder.source_id)
        queue.extend(children.get(folder.source_id, ()))
    return chosen


def _totals(snapshot: Snapshot, accounts: Mapping[str, Sequence[SnapshotAccount]]) -> dict[str, int]:
    """Count the accounts below each folder; children come after their parents, so the sums go up in reverse."""
    totals = {folder.source_id: len(accounts.get(folder.source_id, ())) for folder in snapshot.folders}
    for folder in reversed(snapshot.folders[1:]):
        totals[folder.parent_id or ""] += totals[folder.source_id]
    return totals


def _shown(
    folder: SnapshotFolder,
    chosen: set[str],
    children: Mapping[str, Sequence[SnapshotFolder]],
    accounts: Mapping[str, Sequence[SnapshotAccount]],
    totals: Mapping[str, int],
) -> dict[str, Any]:
    below = sorted(children.get(folder.source_id, ()), key=lambda child: child.name.casefold())
    shown = [child for child in below if child.source_id in chosen]
    own = sorted(accounts.get(folder.source_id, ()), key=lambda account: account.name.casefold())
    return {
        "name": folder.name,
        "accounts": totals[folder.source_id],
        "first": [
            {"id": account.source_id, "name": account.name, "state": account.state} for account in own[:MOST_ACCOUNTS]
        ],
        "more_accounts": max(0, len(own) - MOST_ACCOUNTS),
        "folders": [_shown(child, chosen, children, accounts, totals) for child in shown],
        "more_folders": len(below) - len(shown),
    }

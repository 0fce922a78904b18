"""Where each account is, from what a walk found: by the accounts' paths, else by asking each organizational unit."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations.aws.calls.rate_limit import Budget
from integrations.aws.discovery.pagination import Pages
from integrations.aws.discovery.parsing import AccountRow, Reader
from integrations.aws.discovery.thread_pool import Pool
from integrations.aws.discovery.tree_reader import WORKERS, PlacedFolder, Walk
from integrations.aws.errors import ChangedWhileReading, unexpected
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.aws.session import AwsSession

_TRAVERSE: Final = "ListAccountsForParent"


def parents_of_accounts(session: AwsSession, walk: Walk, budget: Budget) -> dict[str, str]:
    """Account id → id of the unit or root that holds it, for every account of the walk.

    Adds to the walk the units that only a path names, and takes the accounts in units that were left out from it.
    Raises ChangedWhileReading when the answers do not agree.
    """
    has_paths = all(row.paths for row in walk.accounts.values())
    if has_paths:
        placed = {row.source_id: _parent_by_path(session, walk, row, budget) for row in walk.accounts.values()}
        parents = {account_id: parent for account_id, parent in placed.items() if parent is not None}
    else:
        parents = _parents_by_traversal(session, walk, budget)
    elsewhere = walk.accounts_left_out if has_paths else walk.accounts_unplaced
    for account_id in walk.accounts.keys() - parents.keys():
        elsewhere.add(account_id)
        del walk.accounts[account_id]
    return parents


def changed_while_reading(operation: str, what: str) -> ChangedWhileReading:
    """The error for answers that contradict each other; ``what`` says how."""
    return ChangedWhileReading(
        f"The AWS organization changed while it was read: {what} ({operation}: ChangedWhileReading). Try again in a few"
        " minutes.",
        operation=operation,
        code="ChangedWhileReading",
    )


def _parent_by_path(session: AwsSession, walk: Walk, row: AccountRow, budget: Budget) -> str | None:
    """Find the unit or root that holds an account; None when it is in a unit that was left out."""
    paths = row.paths
    if len(paths) != 1:  # it moved between two pages: only a third look shows where it is now
        operation = "DescribeAccount"
        answer = session.call(operation, subject=row.source_id, budget=budget, AccountId=row.source_id)
        now = Reader(operation, row.source_id).account(answer["Account"])
        _check_about(operation, row.source_id, now.source_id)
        paths = now.paths
    if len(paths) != 1:
        raise changed_while_reading("DescribeAccount", f"the account {row.source_id} is in {len(paths)} places")
    (path,) = paths
    if path[:2] != walk.root.path:
        raise unexpected("ListAccounts", row.source_id, "its path is in another AWS organization")
    if not walk.left_out.isdisjoint(path):
        return None
    for length in range(3, len(path)):
        _ensure_folder(session, walk, path[:length], budget)
    return path[-2]


def _ensure_folder(session: AwsSession, walk: Walk, path: tuple[str, ...], budget: Budget) -> None:
    """A unit that was made after its parent was asked is in a path, but not yet in the tree."""
    folder_id = path[-1]
    known = walk.folders.get(folder_id)
    if known is None:
        operation = "DescribeOrganizationalUnit"
        answer = session.call(operation, subject=folder_id, budget=budget, OrganizationalUnitId=folder_id)
        row = Reader(operation, folder_id).folder(answer["OrganizationalUnit"])
        _check_about(operation, folder_id, row.source_id)
        known = walk.folders[folder_id] = PlacedFolder(row.source_id, row.name, row.path or path)
    if known.path != path:
        raise unexpected("ListAccounts", folder_id, "AWS does not move units, but this one is in two places")


def _check_about(operation: str, asked_id: str, answered_id: str) -> None:
    if answered_id != asked_id:
        raise unexpected(operation, asked_id, f"it is about {answered_id}")


def _parents_by_traversal(session: AwsSession, walk: Walk, budget: Budget) -> dict[str, str]:
    """Ask each unit for its accounts, where AWS gives no paths; one that moves meanwhile shows twice or never."""
    folders = {folder.source_id: folder.subject for folder in walk.folders.values()}
    parents = accounts_in(session, folders, budget, on_answer=walk.report)
    differing = parents.keys() ^ walk.accounts.keys()
    if walk.left_out:  # without paths nobody says in which unit an account is that no readable one holds
        differing = parents.keys() - walk.accounts.keys()
    if differing:
        raise changed_while_reading(
            _TRAVERSE, f"{len(differing):,} accounts are not in both lists, for instance {min(differing)}"
        )
    return parents


def accounts_in(
    session: AwsSession,
    folders: Mapping[str, str],
    budget: Budget,
    *,
    on_answer: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Account id → folder id for what these folders (id → what messages call it) hold, each asked once."""
    parents: dict[str, str] = {}
    with Pool(WORKERS, budget) as pool:
        for folder_id, subject in folders.items():
            _ask_for_accounts(session, pool, folder_id, subject, parents)
        while pool.is_busy:
            pool.handle_next()
            on_answer()
    return parents


def _ask_for_accounts(session: AwsSession, pool: Pool, folder_id: str, subject: str, parents: dict[str, str]) -> None:
    pages = Pages(session, _TRAVERSE, pool.budget, subject=subject, ParentId=folder_id)
    reader = Reader(_TRAVERSE, subject)

    def read(row: dict[str, Any]) -> str:
        return reader.identifier(row, "Id", ACCOUNT_ID)

    def handle(account_ids: list[str]) -> None:
        for account_id in account_ids:
            if parents.setdefault(account_id, folder_id) != folder_id:
                raise changed_while_reading(_TRAVERSE, f"the account {account_id} is in two places")

    pool.start(lambda: pages.all(read), handle)

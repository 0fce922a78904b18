"""Reads all accounts and all organizational units at once: one chain of ListAccounts, and the tree beside it.

ListAccounts gives each account once, with its path, and so is immune to accounts that move meanwhile; the walk of the
tree gives the names of the units. Each page of ListAccounts needs the token of the page before, so that chain
is the floor.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from integrations.aws.calls.rate_limit import Budget
from integrations.aws.discovery.pagination import Pages
from integrations.aws.discovery.parsing import AccountRow, FolderRow, Reader, RootRow
from integrations.aws.discovery.thread_pool import Pool
from integrations.aws.errors import AccessDenied, unexpected
from integrations.aws.session import AwsSession
from integrations.planning.snapshot import Progress

WORKERS: Final = 4  # for the tree; more were throttled and no faster on a real AWS organization
_DEEPEST: Final = 5  # AWS nests units five levels under the root, so those of the fifth have no children
_LIST: Final = "ListOrganizationalUnitsForParent"
_PROBE: Final = "ListChildren"
MayLeaveOut = Callable[[str], bool]
_ENOUGH_WAITING: Final = 2  # workers in the queue of a throttled operation: more would not make it faster


@dataclass(frozen=True, slots=True)
class PlacedFolder:
    """The root or a unit; ``path`` is from the organization's id down to its own."""

    source_id: str
    name: str
    path: tuple[str, ...]

    @property
    def subject(self) -> str:
        return f"{self.source_id} ({self.name})"

    @property
    def level(self) -> int:
        """0 for the root, 1 to 5 for units."""
        return len(self.path) - 2


class Walk:
    """What one reading found; everything but the calls themselves happens in the thread that runs it.

    ``may_leave_out`` says of which units (by id) it is no error that they are denied: they are then not among
    ``folders`` but in ``left_out``, and the accounts in them in ``accounts_left_out`` or, where AWS does not say in
    which unit they are, in ``accounts_unplaced``.
    """

    def __init__(
        self,
        session: AwsSession,
        root: RootRow,
        budget: Budget,
        on_progress: Callable[[Progress], None],
        may_leave_out: MayLeaveOut | None = None,
    ) -> None:
        self.left_out: set[str] = set()
        self.accounts_left_out: set[str] = set()
        self.accounts_unplaced: set[str] = set()
        self.accounts: dict[str, AccountRow] = {}
        self.root = PlacedFolder(root.root_id, root.name, (root.organization_id, root.root_id))
        self.folders: dict[str, PlacedFolder] = {root.root_id: self.root}
        self._session = session
        self._on_progress = on_progress
        self._pool = Pool(WORKERS + 1, budget)  # one more for the accounts
        self._to_ask = deque([self.root])
        self._parents: set[str] = set()  # units that surely have children: those on the way to an account, or probed
        self._listing = self._probing = 0
        self._may_leave_out = may_leave_out
        self._may_probe = may_leave_out is None  # a probe may be allowed where the list is denied

    def run(self) -> None:
        """Read everything; raises AwsError and is then worth nothing."""
        with self._pool as pool:
            self._ask_accounts(Pages(self._session, "ListAccounts", pool.budget))
            self._ask_folders()
            while pool.is_busy:
                pool.handle_next()
                self._ask_folders()
                self.report()

    def report(self) -> None:
        self._on_progress(Progress(len(self.folders), len(self.accounts), self._session.calls))

    def _ask_accounts(self, pages: Pages) -> None:
        def handle(rows: list[dict[str, Any]]) -> None:
            reader = Reader("ListAccounts")
            for row in rows:
                self._found_account(reader.account(row))
            if not pages.is_done:
                self._ask_accounts(pages)

        self._pool.start(pages.next, handle)

    def _found_account(self, row: AccountRow) -> None:
        known = self.accounts.get(row.source_id)
        self.accounts[row.source_id] = replace(row, paths=row.paths | known.paths) if known else row
        for path in row.paths:
            self._parents.update(path[1:-2])

    def _ask_folders(self) -> None:
        """Give work to the free workers: list while that is free, else probe probable leaves in a bucket of its own."""
        while self._to_ask and self._listing + self._probing < WORKERS:
            if self._listing < _ENOUGH_WAITING or not self._session.is_dry(_LIST):
                self._list(self._to_ask.popleft())
                continue
            leaf = next((folder for folder in reversed(self._to_ask) if folder.source_id not in self._parents), None)
            if leaf is None or not self._may_probe:
                return
            self._to_ask.remove(leaf)
            self._probe(leaf)

    def _list(self, parent: PlacedFolder) -> None:
        pages = Pages(self._session, _LIST, self._pool.budget, subject=parent.subject, ParentId=parent.source_id)

        def read() -> list[FolderRow] | None:
            try:
                return pages.all(Reader(_LIST, parent.subject).folder)
            except AccessDenied:
                if parent is self.root or self._may_leave_out is None or not self._may_leave_out(parent.source_id):
                    raise
                return None

        def handle(rows: list[FolderRow] | None) -> None:
            self._listing -= 1
            if rows is None:
                self.left_out.add(parent.source_id)
                del self.folders[parent.source_id]
            for row in rows or ():
                self._found_folder(parent, row)

        self._listing += 1
        self._pool.start(read, handle)

    def _probe(self, folder: PlacedFolder) -> None:
        """Ask whether it has children at all; that gives no names, so the few that have some are listed after all.

        It only saves time: credentials that may not do it list everything.
        """
        pages = Pages(
            self._session,
            _PROBE,
            self._pool.budget,
            subject=folder.subject,
            ParentId=folder.source_id,
            ChildType="ORGANIZATIONAL_UNIT",
        )

        def has_children() -> bool:
            try:
                return bool(pages.all(lambda row: row))
            except AccessDenied:
                self._may_probe = False
                return True

        def handle(is_parent: bool) -> None:
            self._probing -= 1
            if is_parent:
                self._parents.add(folder.source_id)
                self._to_ask.appendleft(folder)

        self._probing += 1
        self._pool.start(has_children, handle)

    def _found_folder(self, parent: PlacedFolder, row: FolderRow) -> None:
        placed = PlacedFolder(row.source_id, row.name, (*parent.path, row.source_id))
        known = self.folders.get(row.source_id)
        if (known and known.path != placed.path) or row.path not in (None, placed.path):
            raise unexpected(_LIST, parent.subject, f"{row.source_id} is in two places")
        self.folders[row.source_id] = placed
        if known is None and placed.level < _DEEPEST:
            self._to_ask.append(placed)

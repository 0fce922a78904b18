"""Looks at a few accounts and OUs: AWS describes each by itself, with its name and its place, in one call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final, TypeVar

from integrations.aws.calls.rate_limit import Budget
from integrations.aws.discovery.parsing import AccountRow, FolderRow, Reader
from integrations.aws.discovery.thread_pool import Pool
from integrations.aws.discovery.tree_reader import WORKERS
from integrations.aws.errors import AccessDenied, Gone, unexpected
from integrations.aws.session import AwsSession
from integrations.planning.snapshot import Snapshot, SnapshotAccount, SnapshotFolder
from integrations.planning.targeted.hints import MOST_IDS
from integrations.planning.targeted.partial import DoesNotFitError, Partial

_LOOK_SECONDS: Final = 120.0
Row = TypeVar("Row", AccountRow, FolderRow)
T = TypeVar("T")
_ACCOUNT: Final = "DescribeAccount"
_FOLDER: Final = "DescribeOrganizationalUnit"


def look_at(session: AwsSession, ids: Iterable[str], known: Snapshot, *, on_answer: Callable[[], None]) -> Partial:
    """Ask AWS what these accounts and OUs are, and the OUs above them that are not known yet.

    An OU that is gone was empty: so what is known to be in it is asked about too. ``on_answer`` is called as answers
    arrive. Raises AwsError, and DoesNotFitError when the answers do not fit what is known, or are too many to ask for.
    """
    look = _Look(session, known)
    with Pool(WORKERS, Budget(_LOOK_SECONDS)) as pool:
        look.ask(pool, ids)
        while pool.is_busy:
            pool.handle_next()
            on_answer()
    if look.gone:
        _check_organization(session, known)
    return look.result()


@dataclass(slots=True)
class _Look:
    """What was asked and answered; all but the calls themselves happens in one thread."""

    session: AwsSession
    known: Snapshot
    asked: set[str] = field(default_factory=set)
    accounts: dict[str, tuple[AccountRow, tuple[str, ...]]] = field(default_factory=dict)
    folders: dict[str, tuple[FolderRow, tuple[str, ...]]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    parents: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.parents = {folder.source_id: folder.parent_id for folder in self.known.folders}

    def ask(self, pool: Pool, ids: Iterable[str]) -> None:
        """Ask for those that were not asked for yet."""
        new = set(ids) - self.asked - {self.known.root.source_id}
        self.asked |= new
        if len(self.asked) > MOST_IDS:
            raise DoesNotFitError(f"it is about more than {MOST_IDS} accounts and OUs")
        for source_id in sorted(new):
            describe = describe_account if source_id.isdecimal() else describe_folder
            job = partial(_allowed, describe, self.session, source_id, pool.budget)
            pool.start(job, partial(self._handle, pool, source_id))

    def _handle(self, pool: Pool, source_id: str, row: AccountRow | FolderRow | None) -> None:
        if row is None:
            self._found_gone(pool, source_id)
            return
        if isinstance(row, AccountRow):
            path = self._checked(source_id, next(iter(row.paths)) if len(row.paths) == 1 else None)
            self.accounts[source_id] = row, path
        else:
            path = self._checked(source_id, row.path)
            self.folders[source_id] = row, path
        above = pairwise(path[1:-1])
        self.ask(pool, [folder_id for parent, folder_id in above if self._is_new(folder_id, parent)])

    def _found_gone(self, pool: Pool, source_id: str) -> None:
        if source_id == self.known.management_account_id:
            raise DoesNotFitError("the management account is said to be gone")
        self.gone.add(source_id)
        if not source_id.isdecimal():
            inside = [one.source_id for one in self.known.folders if one.parent_id == source_id]
            inside += [one.source_id for one in self.known.accounts if one.parent_id == source_id]
            self.ask(pool, inside)

    def _checked(self, source_id: str, path: tuple[str, ...] | None) -> tuple[str, ...]:
        """Hold the place of something to what is known. OUs never move, so that of a known one stays."""
        if path is None:
            raise DoesNotFitError(f"AWS does not say where {source_id} is")
        if path[:2] != (self.known.organization_id, self.known.root.source_id):
            raise DoesNotFitError(f"{source_id} is in another AWS organization")
        if not self.known.left_out_folders.isdisjoint(path):
            raise DoesNotFitError(f"{source_id} is where these credentials may not look")
        if path[-1] in self.parents and self.parents[path[-1]] != path[-2]:
            raise DoesNotFitError(f"{source_id} is not where it is known to be")
        return path

    def _is_new(self, folder_id: str, parent: str) -> bool:
        if folder_id not in self.parents:
            return True
        if self.parents[folder_id] != parent:
            raise DoesNotFitError(f"{folder_id} is not where it is known to be")
        return False

    def result(self) -> Partial:
        """Put together what was found; parents come before what is in them."""
        for _, path in (*self.accounts.values(), *self.folders.values()):
            if not self.gone.isdisjoint(path):
                raise DoesNotFitError(f"{path[-1]} is in an OU that is said to be gone")
        folders = sorted(self.folders.values(), key=lambda found: (len(found[1]), found[1]))
        return Partial(
            tuple(SnapshotFolder(row.source_id, path[-2], row.name) for row, path in folders),
            tuple(
                SnapshotAccount(row.source_id, path[-2], row.name, row.state, row.joined_at, row.email)
                for row, path in self.accounts.values()
            ),
            frozenset(self.gone),
        )


def describe_account(session: AwsSession, account_id: str, budget: Budget) -> AccountRow | None:
    """Give what AWS says of an account; None when it is not in the AWS organization. Raises AwsError."""
    row = _describe(session, _ACCOUNT, account_id, "AccountNotFoundException", budget, AccountId=account_id)
    if row is None:
        return None
    return _about(_ACCOUNT, account_id, Reader(_ACCOUNT, account_id).account(row["Account"]))


def describe_folder(session: AwsSession, folder_id: str, budget: Budget) -> FolderRow | None:
    """Give what AWS says of an OU; None when there is none. Raises AwsError."""
    code = "OrganizationalUnitNotFoundException"
    row = _describe(session, _FOLDER, folder_id, code, budget, OrganizationalUnitId=folder_id)
    if row is None:
        return None
    return _about(_FOLDER, folder_id, Reader(_FOLDER, folder_id).folder(row["OrganizationalUnit"]))


def _describe(
    session: AwsSession, operation: str, subject: str, absent: str, budget: Budget, **parameters: str
) -> dict[str, Any] | None:
    try:
        return session.call(operation, subject=subject, budget=budget, **parameters)
    except Gone as error:
        if error.code != absent:
            raise unexpected(operation, subject, f"it is about something else ({error.code})") from None
        return None


def _about(operation: str, asked_id: str, row: Row) -> Row:
    if row.source_id != asked_id:
        raise unexpected(operation, asked_id, f"it is about {row.source_id}")
    return row


def _allowed(
    describe: Callable[[AwsSession, str, Budget], T], session: AwsSession, source_id: str, budget: Budget
) -> T:
    """Describe; raises DoesNotFitError where the credentials may read lists alone."""
    try:
        return describe(session, source_id, budget)
    except AccessDenied as error:
        raise DoesNotFitError(f"these credentials may not call {error.operation} ({error.code})") from None


def _check_organization(session: AwsSession, known: Snapshot) -> None:
    """See that it is the same AWS organization in which something is gone: in any other, everything is."""
    try:
        row = session.call("DescribeOrganization")["Organization"]
    except AccessDenied as error:
        raise DoesNotFitError(f"these credentials may not call DescribeOrganization ({error.code})") from None
    if row.get("Id") != known.organization_id:
        raise DoesNotFitError("the credentials lead to another AWS organization")

"""Discovery: reads an AWS organization as a complete snapshot, or raises."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from integrations.aws.calls.rate_limit import Budget
from integrations.aws.discovery.account_parents import accounts_in, changed_while_reading, parents_of_accounts
from integrations.aws.discovery.look import describe_account, describe_folder
from integrations.aws.discovery.pagination import Pages
from integrations.aws.discovery.parsing import ORGANIZATION_ID, AccountRow, Reader, RootRow
from integrations.aws.discovery.thread_pool import Pool
from integrations.aws.discovery.tree_reader import WORKERS, MayLeaveOut, Walk
from integrations.aws.errors import AccessDenied, ChangedWhileReading, Gone, incomplete, unexpected
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.aws.session import AwsSession
from integrations.planning.snapshot import AccountState, Progress, Snapshot, SnapshotAccount, SnapshotFolder

_READ_SECONDS: Final = 1200.0  # 50,000 accounts take about 320 at AWS's published rates
_CONFIRM_SECONDS: Final = 600.0
_CONFIRM_SECONDS_EACH: Final = 0.25  # AWS answers five a second
_LONGEST_CONFIRM_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Absent:
    """What AWS itself says of something that is in none of its lists."""

    source_id: str
    is_gone: bool
    is_closed: bool = False  # an account, which is as good as gone


Look = Callable[[AwsSession, str, Budget], Absent]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials are (``arn``, in ``account_id``), and which AWS organization that account belongs to."""

    account_id: str
    arn: str
    organization_id: str
    management_account_id: str


def identify(session: AwsSession) -> Identity:
    """Ask AWS who we are, and in which AWS organization; raises AwsError.

    GetCallerIdentity cannot be denied to valid credentials. DescribeOrganization can, by policies that allow lists
    only, as ViewOnlyAccess does: the ARN of the root then says the same.
    """
    caller = session.caller()
    account_id = Reader("GetCallerIdentity").identifier(caller, "Account", ACCOUNT_ID)
    arn = str(caller.get("Arn", ""))
    try:
        row = session.call("DescribeOrganization")["Organization"]
    except AccessDenied as denied:
        try:
            root = _read_root(session, Budget(_CONFIRM_SECONDS))
        except AccessDenied:
            raise denied from None
        return Identity(account_id, arn, root.organization_id, root.management_account_id)
    reader = Reader("DescribeOrganization")
    return Identity(
        account_id,
        arn,
        reader.identifier(row, "Id", ORGANIZATION_ID),
        reader.identifier(row, "MasterAccountId", ACCOUNT_ID),
    )


def read_snapshot(
    session: AwsSession,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    identity: Identity | None = None,
    within_seconds: float = _READ_SECONDS,
    may_leave_out: MayLeaveOut | None = None,
) -> Snapshot:
    """The whole AWS organization; raises AwsError when anything is missing, denied or contradictory.

    ``on_progress`` is called in the calling thread as answers arrive. ``identity`` saves two calls to those who have
    it. When the AWS organization changes in the middle, it is read once more before that is an error. A denied unit of
    which ``may_leave_out`` says so is left out with all that is in it, and the snapshot lists it; others are errors.
    """
    budget = Budget(within_seconds)
    identity = identity or identify(session)
    root = _read_root_as(identity, session, budget)
    try:
        return _read_once(session, root, budget, on_progress, may_leave_out)
    except (ChangedWhileReading, Gone):
        pass
    try:
        return _read_once(session, root, budget, on_progress, may_leave_out)
    except Gone as error:
        raise changed_while_reading(error.operation, "something that it had just named is gone") from None


def first_accounts(session: AwsSession, *, within_seconds: float) -> list[AccountRow]:
    """The first page of accounts that is not empty: some to try things on. Raises AwsError."""
    pages = Pages(session, "ListAccounts", Budget(within_seconds))
    rows: list[AccountRow] = []
    while not rows and not pages.is_done:
        rows = [Reader("ListAccounts").account(row) for row in pages.next()]
    return rows


def confirm_gone(
    session: AwsSession,
    *,
    accounts: Iterable[str] = (),
    folders: Iterable[str] = (),
    on_progress: Callable[[], None] = lambda: None,
) -> list[Absent]:
    """What AWS itself says of each of the ids; raises AwsError when it does not answer for one of them.

    ``on_progress`` is called in the calling thread as answers arrive.
    """
    asked: list[tuple[Look, str]] = [(_look_for_account, source_id) for source_id in accounts]
    asked += [(_look_for_folder, source_id) for source_id in folders]
    seconds = min(_CONFIRM_SECONDS + len(asked) * _CONFIRM_SECONDS_EACH, _LONGEST_CONFIRM_SECONDS)
    answers: list[Absent] = []

    with Pool(WORKERS, Budget(seconds)) as pool:
        for look, source_id in asked:
            pool.start(partial(look, session, source_id, pool.budget), answers.append)
            while pool.is_full:
                pool.handle_next()
                on_progress()
        while pool.is_busy:
            pool.handle_next()
            on_progress()
    return answers


def _look_for_account(session: AwsSession, account_id: str, budget: Budget) -> Absent:
    row = describe_account(session, account_id, budget)
    is_closed = row is not None and row.state is AccountState.CLOSED
    return Absent(account_id, is_gone=row is None or is_closed, is_closed=is_closed)


def _look_for_folder(session: AwsSession, folder_id: str, budget: Budget) -> Absent:
    return Absent(folder_id, is_gone=describe_folder(session, folder_id, budget) is None)


def check_out_of_sight(session: AwsSession, snapshot: Snapshot, accounts: frozenset[str]) -> None:
    """Look a second time for accounts that no readable unit held; raises AwsError, ChangedWhileReading if one does.

    An account that moved once during the first look is found by the second, whichever units were asked first.
    """
    if not accounts:
        return
    folders = {folder.source_id: f"{folder.source_id} ({folder.name})" for folder in snapshot.folders}
    found = accounts & accounts_in(session, folders, Budget(_CONFIRM_SECONDS)).keys()
    if found:
        raise changed_while_reading("ListAccountsForParent", f"the account {min(found)} moved from one unit to another")


def _read_once(
    session: AwsSession,
    root: RootRow,
    budget: Budget,
    on_progress: Callable[[Progress], None],
    may_leave_out: MayLeaveOut | None,
) -> Snapshot:
    walk = Walk(session, root, budget, on_progress, may_leave_out)
    walk.run()
    parents = parents_of_accounts(session, walk, budget)
    walk.report()
    if root.management_account_id not in walk.accounts.keys() | walk.accounts_left_out | walk.accounts_unplaced:
        raise incomplete("ListAccounts", "", f"the management account {root.management_account_id} is missing")
    folders = sorted(walk.folders.values(), key=lambda folder: (folder.level, folder.path))
    return Snapshot(
        organization_id=root.organization_id,
        management_account_id=root.management_account_id,
        folders=tuple(
            SnapshotFolder(folder.source_id, folder.path[-2] if folder.level else None, folder.name)
            for folder in folders
        ),
        accounts=tuple(
            SnapshotAccount(source_id, parents[source_id], row.name, row.state, row.joined_at, row.email)
            for source_id, row in sorted(walk.accounts.items())
        ),
        left_out_folders=frozenset(walk.left_out),
        left_out_accounts=frozenset(walk.accounts_left_out),
        unplaced_accounts=frozenset(walk.accounts_unplaced),
    )


def _read_root_as(identity: Identity, session: AwsSession, budget: Budget) -> RootRow:
    """The root, which a member account may not read: then say whose credentials are needed."""
    try:
        root = _read_root(session, budget)
    except AccessDenied as denied:
        if identity.account_id == identity.management_account_id:
            raise
        raise AccessDenied(
            f"These credentials belong to the account {identity.account_id}, which is only a member of the AWS"
            f" organization {identity.organization_id}: AWS refused {denied.operation} ({denied.code}). Use credentials"
            f" of its management account {identity.management_account_id}, or make this account a delegated"
            f" administrator and allow organizations:{denied.operation}.",
            operation=denied.operation,
            code=denied.code,
        ) from None
    if root.organization_id != identity.organization_id:
        raise unexpected("ListRoots", "", f"its root is not in the AWS organization {identity.organization_id}")
    return root


def _read_root(session: AwsSession, budget: Budget) -> RootRow:
    roots = Pages(session, "ListRoots", budget).all(Reader("ListRoots").root)
    if not roots:
        raise incomplete("ListRoots", "", "there is no root")
    if len(roots) > 1:
        raise unexpected("ListRoots", "", f"there are {len(roots)} roots")
    return roots[0]

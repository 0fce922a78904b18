"""Snapshots as AWS could answer them, trees as they could stand, and a plan applied in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import strategies as st

from integrations.planning.reconcile import Held, NodePlan, Plan, Taken, Tree, plan
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder

ROOT_ID = "r-ab12"
ORGANIZATION_ID = "o-abcdefghij"
MANAGEMENT_ID = "111111111111"
UNREAD = Tree((Held(1, "", None, "Root", "root"),), ())
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)

# Equal names, equal slugs, other scripts, empty slugs, digits first, handles that look like somebody's suffixed one.
NAMES = (
    "Prod",
    "prod",
    "PROD!",
    "pröd",
    "prod 222222222222",
    "Root",
    "東京",
    "🚀",
    " ",
    "1st",
    "2026",
    "a/b",
    "__x__",
    "x" * 63,
    "x" * 128,
    "y" * 62 + " z",
    "<script>",
    "Данные",
    "account 333333333333",
    "Public",
)
names = st.sampled_from(NAMES) | st.text("aA1 _-é\u0301ßд東🚀", min_size=1, max_size=8)
FOLDER_IDS = tuple(f"ou-ab12-{letter * 8}" for letter in "abcdef")
ACCOUNT_IDS = tuple(str(digit) * 12 for digit in range(1, 8))
STATIC_HANDLES = ("mine", "prod", "root", "x" * 63, "prod_222222222222")


def snapshot(
    folders: Iterable[SnapshotFolder] = (), accounts: Iterable[SnapshotAccount] = (), *, root_name: str = "Root"
) -> Snapshot:
    """Complete the folders with the root."""
    root = SnapshotFolder(ROOT_ID, None, root_name)
    return Snapshot(ORGANIZATION_ID, MANAGEMENT_ID, (root, *folders), tuple(accounts))


def unit(number: int, name: str, parent: str = ROOT_ID) -> SnapshotFolder:
    """An organizational unit."""
    return SnapshotFolder(FOLDER_IDS[number], parent, name)


def account(
    number: int,
    name: str,
    parent: str = ROOT_ID,
    *,
    state: AccountState = AccountState.ACTIVE,
    joined: int = 0,
) -> SnapshotAccount:
    """An account that joined so many days after the first."""
    return SnapshotAccount(ACCOUNT_IDS[number], parent, name, state, FIRST_DAY + timedelta(days=joined))


# Made once: hypothesis looks at each strategy that is made anew, which takes longer than to draw from it.
_numbers = tuple(st.integers(0, most) for most in range(len(FOLDER_IDS) + 1))
_orders = st.permutations(FOLDER_IDS)
_states, _hours = st.sampled_from(AccountState), st.integers(0, 3)
_emails = st.sampled_from(["", "a@example.com", "b@example.com"])
_accounts = st.lists(st.sampled_from(ACCOUNT_IDS), unique=True)
_roots = st.sampled_from(["Root", "Top"])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any AWS organization over a small set of ids, so that two of them share most nodes."""
    order = draw(_orders)[: draw(_numbers[-1])]
    folders: list[SnapshotFolder] = []
    places = [ROOT_ID]
    for source_id in order:
        folders.append(SnapshotFolder(source_id, places[draw(_numbers[len(folders)])], draw(names)))
        places.append(source_id)
    accounts = [
        SnapshotAccount(
            source_id,
            places[draw(_numbers[len(folders)])],
            draw(names),
            draw(_states),
            FIRST_DAY + timedelta(hours=draw(_hours)),
            draw(_emails),
        )
        for source_id in draw(_accounts)
    ]
    return snapshot(folders, accounts, root_name=draw(_roots))


takens = st.builds(
    Taken,
    st.frozensets(st.sampled_from(["prod", "prod_bbbbbbbb", "folder_cccccccc", "top"])),
    st.frozensets(st.sampled_from(["prod", "prod_222222222222", "prod_222222222222_2", "account_333333333333"])),
)


@st.composite
def with_static_handles(draw: st.DrawFn, tree: Tree, taken: Taken) -> Tree:
    """The tree after somebody set some handles by hand, to ones that were free."""
    return replace(
        tree,
        folders=_some_static(draw, tree.folders, taken.folders),
        connections=_some_static(draw, tree.connections, taken.connections),
    )


def _some_static(draw: st.DrawFn, held: tuple[Held, ...], taken: frozenset[str]) -> tuple[Held, ...]:
    nodes = list(held)
    for index in draw(st.lists(st.integers(0, max(len(nodes) - 1, 0)), unique=True, max_size=3)) if nodes else []:
        free = [handle for handle in STATIC_HANDLES if handle not in taken | {node.handle for node in nodes}]
        handle = draw(st.sampled_from([nodes[index].handle, *free]))
        nodes[index] = nodes[index]._replace(handle=handle, is_handle_static=True)
    return tuple(nodes)


def applied(planned: Plan, tree: Tree) -> Tree:
    """The tree after a plan, as the database would have it."""
    new_ids = count(1 + max((node.id for node in (*tree.folders, *tree.connections)), default=0))
    return replace(
        tree,
        folders=_applied(planned.folders, tree.folders, new_ids),
        connections=_applied(planned.connections, tree.connections, new_ids),
    )


def _applied(side: NodePlan, held: tuple[Held, ...], new_ids: Iterable[int]) -> tuple[Held, ...]:
    after = {update.before.id: update.after for update in side.updates}
    after |= {node.id: node._replace(is_removed=True) for node in side.removals}
    for node in side.described:
        after[node.id] = after.get(node.id, node)._replace(email=node.email, joined_at=node.joined_at)
    created = (
        Held(
            new_id,
            made.wanted.source_id,
            made.wanted.parent,
            made.wanted.title,
            made.handle,
            state=made.wanted.state,
            email=made.wanted.email,
            joined_at=made.wanted.joined_at,
        )
        for made, new_id in zip(side.creations, new_ids, strict=False)
    )
    return (*(after.get(node.id, node) for node in held), *created)


def synced(tree: Tree, *steps: Snapshot, taken: Taken | None = None) -> Tree:
    """The tree after these snapshots, one after the other."""
    for step in steps:
        tree = applied(plan(tree, step, taken or Taken()), tree)
    return tree


Node = tuple[str | None, str, str]


def seen(tree: Tree) -> Mapping[str, Node]:
    """What a tree shows: source id → parent, title, state; removed nodes are not shown."""
    nodes = (*tree.folders, *tree.connections)
    return {node.source_id: (node.parent, node.title, node.state) for node in nodes if not node.is_removed}


def told(step: Snapshot) -> Mapping[str, Node]:
    """What a snapshot tells a tree to show."""
    folders = {folder.source_id: (folder.parent_id, folder.name, "") for folder in step.folders}
    return folders | {
        account.source_id: (account.parent_id, account.name, account.state.value)
        for account in step.accounts
        if account.state is not AccountState.CLOSED
    }


def handles(nodes: Iterable[Held]) -> dict[str, str]:
    """Source id → handle, removed nodes included."""
    return {node.source_id: node.handle for node in nodes}

"""What has to change for the tree to equal a snapshot: facts in, a plan out.

Pure: no database, no clock, no network. Identity is the provider's id and never the name, so a node that was renamed
or moved is the same node. Which handle each may have is in ``handles``; who gets a contested one is decided here:

- the holder of a handle keeps it while its name keeps its slug, unless no schema can have it; a static one stays;
- among newcomers the earliest (joined, id) is first;
- a removed node keeps its handle reserved until it is purged.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from integrations.planning.handles import NodeKind, dynamic_handle, wishes
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder
from workspaces.handles import why_system_owned

_CLOSED = AccountState.CLOSED  # as good as gone
_UNKNOWN = datetime.min.replace(tzinfo=UTC)  # when folders joined
_EPOCH_IN_UTC = datetime.fromtimestamp(0, UTC)
_EPOCH = _EPOCH_IN_UTC.replace(tzinfo=None)


class Held(NamedTuple):
    """A managed node as the tree has it.

    ``parent`` is the source id of the folder above, None for the top folder only; ``state`` is empty for folders.
    ``email`` and ``joined_at``, which is in UTC without saying so, are those of the account, as far as they are known.
    """

    id: int
    source_id: str
    parent: str | None
    title: str
    handle: str
    is_handle_static: bool = False
    state: str = ""
    is_removed: bool = False
    email: str = ""
    joined_at: datetime | None = None


class Wanted(NamedTuple):
    """A node as the snapshot has it; ``order`` (when it joined, its id) decides who is first to a contested handle."""

    source_id: str
    parent: str | None
    title: str
    state: str
    order: tuple[datetime, str]
    email: str = ""

    @property
    def joined_at(self) -> datetime | None:
        return None if self.order[0] == _UNKNOWN else self.order[0].replace(tzinfo=None)


class Creation(NamedTuple):
    wanted: Wanted
    handle: str


class Update(NamedTuple):
    """A node to change (or to bring back); the two sides hold all fields."""

    before: Held
    after: Held


@dataclass(frozen=True, slots=True)
class NodePlan:
    """The difference for one kind of node; creations of folders come parents first.

    ``described`` are those whose account has another email, or one that was not known: no change that anybody is told.
    """

    creations: tuple[Creation, ...] = ()
    updates: tuple[Update, ...] = ()
    removals: tuple[Held, ...] = ()
    described: tuple[Held, ...] = ()

    @property
    def new_handles(self) -> frozenset[str]:
        changed = (update.after.handle for update in self.updates if update.after.handle != update.before.handle)
        return frozenset(creation.handle for creation in self.creations) | frozenset(changed)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that has to change; applied whole or not at all."""

    folders: NodePlan
    connections: NodePlan

    @property
    def is_empty(self) -> bool:
        return not any(side.creations or side.updates or side.removals for side in (self.folders, self.connections))


@dataclass(frozen=True, slots=True)
class Tree:
    """The managed tree of one integration as it stands, removed nodes included, and its handle prefix."""

    folders: tuple[Held, ...]
    connections: tuple[Held, ...]
    handle_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """Handles in the same scope that belong to nodes outside this tree."""

    folders: frozenset[str] = frozenset()
    connections: frozenset[str] = frozenset()

    def __or__(self, other: "Taken") -> "Taken":
        return Taken(self.folders | other.folders, self.connections | other.connections)


def plan(tree: Tree, snapshot: Snapshot, taken: Taken) -> Plan:
    """Compute what has to change; the same facts always give the same plan."""
    # The top folder is the one without a parent, whatever its id: it exists before the first read gives it one.
    held_folders = {held.source_id if held.parent else snapshot.root.source_id: held for held in tree.folders}
    held_connections = {held.source_id: held for held in tree.connections}
    there = [account for account in snapshot.accounts if account.state is not _CLOSED]
    wanted, described = _compared(there, held_connections)
    folders = _Side(
        "folder",
        held_folders,
        frozenset({folder.source_id for folder in snapshot.folders}),
        tuple(_wanted_folders(snapshot.folders, held_folders)),
        "",
        taken.folders,
    )
    connections = _Side(
        "connection",
        held_connections,
        frozenset({account.source_id for account in there}),
        wanted,
        tree.handle_prefix,
        taken.connections,
    )
    return Plan(folders.plan(), replace(connections.plan(), described=described))


def _wanted_folders(folders: Iterable[SnapshotFolder], held: Mapping[str, Held]) -> Iterator[Wanted]:
    """Give the folders that are not yet as the snapshot has them."""
    for folder in folders:
        now = held.get(folder.source_id)
        if (
            now is None
            or now.is_removed
            or (now.source_id, now.parent, now.title) != (folder.source_id, folder.parent_id, folder.name)
        ):
            yield Wanted(folder.source_id, folder.parent_id, folder.name, "", (_UNKNOWN, folder.source_id))


def _compared(
    accounts: Iterable[SnapshotAccount], held: Mapping[str, Held]
) -> tuple[tuple[Wanted, ...], tuple[Held, ...]]:
    """Find the accounts that are not yet held as they are, and those of which nothing follows from what differs.

    Every sync compares all accounts, mostly in vain: so they are gone through once.
    """
    wanted: list[Wanted] = []
    described: list[Held] = []
    for account in accounts:
        now = held.get(account.source_id)
        if (
            now is None
            or now.is_removed
            or now.title != account.name
            or now.parent != account.parent_id
            or now.state != account.state
            or _is_impossible(now)
        ):
            order = account.joined_at, account.source_id
            wanted.append(
                Wanted(account.source_id, account.parent_id, account.name, account.state.value, order, account.email)
            )
        if now is not None and (
            (account.email and account.email != now.email)
            or now.joined_at is None
            or now.joined_at - _EPOCH != account.joined_at - _EPOCH_IN_UTC  # replacing the zone takes ten times as long
        ):
            joined_at = account.joined_at.replace(tzinfo=None)
            described.append(now._replace(email=account.email or now.email, joined_at=joined_at))
    return tuple(wanted), tuple(described)


@dataclass(frozen=True, slots=True)
class _Side:
    """One kind of node: what is held, the ids of all that is wanted, and what of it is not held just so."""

    kind: NodeKind
    held: Mapping[str, Held]
    present: frozenset[str]
    wanted: tuple[Wanted, ...]
    prefix: str
    taken: frozenset[str]

    def plan(self) -> NodePlan:
        handles = self._give_handles()
        creations, updates = [], []
        for want in self.wanted:
            before = self.held.get(want.source_id)
            if before is None:
                creations.append(Creation(want, handles[want.source_id]))
            else:
                handle = handles.get(want.source_id, before.handle)
                updates.append(Update(before, _changed(before, want, handle)))
        gone = self.held.keys() - self.present
        removals = [held for key, held in self.held.items() if key in gone and not held.is_removed] if gone else []
        return NodePlan(tuple(creations), tuple(updates), tuple(removals))

    def _give_handles(self) -> dict[str, str]:
        contenders = sorted(self._contenders(), key=lambda want: want.order)
        if not contenders:
            return {}
        ids = {want.source_id for want in contenders}
        used = self.taken.union(held.handle for key, held in self.held.items() if key not in ids)
        handles: dict[str, str] = {}
        given: set[str] = set()
        for want in contenders:
            bare = dynamic_handle(self.kind, want.title, want.source_id, self.prefix)
            handle = next(
                wish for wish in wishes(self.kind, bare, want.source_id) if wish not in used and wish not in given
            )
            given.add(handle)
            handles[want.source_id] = handle
        return handles

    def _contenders(self) -> Iterator[Wanted]:
        """Nodes that need a handle: the new ones, and those whose name changed to another slug."""
        for want in self.wanted:
            held = self.held.get(want.source_id)
            if held is None or (self.kind == "connection" and _is_impossible(held)):
                yield want
            elif not held.is_handle_static and held.title != want.title:
                before = dynamic_handle(self.kind, held.title, want.source_id, self.prefix)
                if before != dynamic_handle(self.kind, want.title, want.source_id, self.prefix):
                    yield want


def _is_impossible(held: Held) -> bool:
    """Whether no schema can have a connection's dynamic handle, which was given when nobody minded."""
    return not held.is_handle_static and bool(why_system_owned(held.handle))


def _changed(held: Held, want: Wanted, handle: str) -> Held:
    return held._replace(
        source_id=want.source_id,
        parent=want.parent,
        title=want.title,
        state=want.state,
        handle=handle,
        is_removed=False,
    )

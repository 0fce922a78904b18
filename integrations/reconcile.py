"""What has to change for the tree to equal a snapshot: facts in, a plan out.

Pure: no database, no clock, no network. Identity is the provider's id and never the name, so a node that was renamed
or moved is the same node. The rules of handles are the product's:

- a dynamic handle is the prefix (connections only) and the name, as a slug; a static one is never touched;
- whoever holds a handle keeps it while its name keeps its slug;
- a newcomer that collides gets its id as a suffix; among newcomers the earliest (joined, id) is first;
- a removed node keeps its handle reserved until it is purged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from integrations.snapshot import AccountState, Snapshot
from workspaces.handles import fit, slug

NodeKind = Literal["folder", "connection"]


@dataclass(frozen=True, slots=True)
class Held:
    """A managed node as the tree has it; ``parent`` is the folder above's source id, ``state`` is empty for folders."""

    id: int
    source_id: str
    parent: str | None
    title: str
    handle: str
    is_handle_static: bool = False
    state: str = ""
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A node as the snapshot has it; ``order`` decides who comes first to a contested handle."""

    source_id: str
    parent: str | None
    title: str
    state: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Creation:
    """A node to make."""

    wanted: Wanted
    handle: str


@dataclass(frozen=True, slots=True)
class Update:
    """A node to change (or to bring back); the two sides hold all fields."""

    before: Held
    after: Held


@dataclass(frozen=True, slots=True)
class NodePlan:
    """The difference for one kind of node; creations of folders come parents first."""

    creations: tuple[Creation, ...] = ()
    updates: tuple[Update, ...] = ()
    removals: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that has to change; applied whole or not at all."""

    folders: NodePlan
    connections: NodePlan

    @property
    def is_empty(self) -> bool:
        """Whether the tree equals the snapshot already."""
        return self.folders == self.connections == NodePlan()


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


def plan(tree: Tree, snapshot: Snapshot, taken: Taken) -> Plan:
    """Compute what has to change; the same facts always give the same plan."""
    folders, connections = _Side.folders(tree, snapshot), _Side.connections(tree, snapshot)
    return Plan(folders.plan(taken.folders), connections.plan(taken.connections))


def candidates(tree: Tree, snapshot: Snapshot) -> Taken:
    """List the handles that the plan may want to give away: only those need to be looked up outside the tree."""
    folders, connections = _Side.folders(tree, snapshot), _Side.connections(tree, snapshot)
    return Taken(folders.candidates(), connections.candidates())


def dynamic_handle(kind: NodeKind, title: str, source_id: str, prefix: str = "") -> str:
    """Make the handle that a node would have if nobody else wanted it."""
    stem = slug(title)
    if not stem:
        stem = f"{_STAND_IN[kind]}_{_suffix_id(source_id)}"
    elif not prefix and not stem[0].isalpha():
        stem = f"{_STAND_IN[kind]}_{stem}"
    return fit(prefix + stem)


_STAND_IN: Mapping[NodeKind, str] = {"folder": "folder", "connection": "account"}


def _suffix_id(source_id: str) -> str:
    """Give the part of an id that tells siblings apart: ``cdefgh34`` of ``ou-ab12-cdefgh34``, all of an account id."""
    return source_id.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class _Side:
    """One kind of node: what is held and what is wanted."""

    kind: NodeKind
    held: Mapping[str, Held]
    wanted: tuple[Wanted, ...]
    prefix: str

    @classmethod
    def folders(cls, tree: Tree, snapshot: Snapshot) -> "_Side":
        held = {folder.source_id or snapshot.root.source_id: folder for folder in tree.folders}
        wanted = tuple(
            Wanted(folder.source_id, folder.parent_id, folder.name, order=folder.source_id)
            for folder in snapshot.folders
        )
        return cls("folder", held, wanted, "")

    @classmethod
    def connections(cls, tree: Tree, snapshot: Snapshot) -> "_Side":
        wanted = tuple(
            Wanted(
                account.source_id,
                account.parent_id,
                account.name,
                account.state.value,
                f"{account.joined_at.isoformat()} {account.source_id}",
            )
            for account in snapshot.accounts
            if account.state != AccountState.CLOSED  # closed is as good as gone
        )
        return cls("connection", {held.source_id: held for held in tree.connections}, wanted, tree.handle_prefix)

    def plan(self, taken: frozenset[str]) -> NodePlan:
        handles = self._give_handles(taken)
        creations, updates = [], []
        for want in self.wanted:
            before = self.held.get(want.source_id)
            if before is None:
                creations.append(Creation(want, handles[want.source_id]))
                continue
            after = replace(
                before,
                source_id=want.source_id,
                parent=want.parent,
                title=want.title,
                state=want.state,
                handle=handles.get(want.source_id, before.handle),
                is_removed=False,
            )
            if after != before:
                updates.append(Update(before, after))
        present = {want.source_id for want in self.wanted}
        removals = [held for key, held in self.held.items() if key not in present and not held.is_removed]
        return NodePlan(tuple(creations), tuple(updates), tuple(removals))

    def candidates(self) -> frozenset[str]:
        wishes = ((want, self._wish(want)) for want in self._contenders())
        return frozenset(handle for want, wish in wishes for handle in (wish, self._suffixed(wish, want.source_id)))

    def _contenders(self) -> Iterable[Wanted]:
        """Nodes that need a handle: the new ones, and those whose name changed to another slug."""
        for want in self.wanted:
            held = self.held.get(want.source_id)
            if held is None:
                yield want
            elif not held.is_handle_static and held.title != want.title:
                before = dynamic_handle(self.kind, held.title, want.source_id, self.prefix)
                if before != self._wish(want):
                    yield want

    def _give_handles(self, taken: frozenset[str]) -> dict[str, str]:
        contenders = sorted(self._contenders(), key=lambda want: want.order)
        ids = {want.source_id for want in contenders}
        used = set(taken) | {held.handle for key, held in self.held.items() if key not in ids}
        handles: dict[str, str] = {}
        for want in contenders:
            handle = self._free(self._wish(want), want.source_id, used)
            used.add(handle)
            handles[want.source_id] = handle
        return handles

    def _free(self, wish: str, source_id: str, used: set[str]) -> str:
        suffixed = self._suffixed(wish, source_id)
        further = (self._suffixed(wish, f"{source_id}_{number}") for number in count(2))
        return next(handle for handle in _chain(wish, suffixed, further) if handle not in used)

    def _wish(self, want: Wanted) -> str:
        return dynamic_handle(self.kind, want.title, want.source_id, self.prefix)

    def _suffixed(self, wish: str, source_id: str) -> str:
        return fit(wish, f"_{_suffix_id(source_id)}")


def _chain(first: str, second: str, rest: Iterable[str]) -> Iterable[str]:
    yield first
    yield second
    yield from rest

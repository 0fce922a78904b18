"""Who uses a folder or a connection: what of it is in the schema of which workspace, and what that would lose.

However large the tree is, what is read are grants, what was added, sums of tallies, and of the connections the first
names of each kind.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connections import sharing
from connections.models import Connection, ConnectionState
from connections.schemas.aggregator_patterns import is_everything, is_named_by
from connections.schemas.node_uses import Added, Owner, Place
from connections.schemas.rows import ALL_AWS_FROM
from connections.sharing import Granted, Node, Reach
from connections.tree import ids_on, tops_of
from integrations.planning.workspace_impact import PatternChange, WorkspaceImpact
from integrations.sync.kept_impact import Some
from workspaces.models import Workspace

_NAMES = 3  # of each kind of loss


@dataclass(frozen=True, slots=True)
class Part:
    """What of a node is in a schema: all in these folders and below them, and connections besides."""

    paths: tuple[str, ...]
    single: tuple[Added, ...]


@dataclass(frozen=True, slots=True)
class WorkspaceUse:
    """What one workspace has of a node.

    ``connections`` is how many of them are in its schema, ``folders`` (by title) and ``single`` ones (by handle) those
    that were added and bring them; ``is_whole`` that it may use the node itself and not only something below.
    """

    owner: Owner
    part: Part
    connections: int
    folders: Mapping[int, str]
    single: Mapping[int, str]
    is_whole: bool

    @property
    def name(self) -> str:
        return self.owner.name


@dataclass(frozen=True, slots=True)
class NodeUses:
    """Who uses a node; ``allowed`` is how many may use something of it, ``waiting`` who may use it all and does not."""

    place: Place
    users: Sequence[WorkspaceUse]
    allowed: int
    waiting: Sequence[Workspace]
    numbers: Mapping[str, Counter[str]]

    def losses(self, users: Iterable[WorkspaceUse]) -> dict[int, WorkspaceImpact]:
        """Say what some of them would lose with the node, in four statements at most, where anything is in it."""
        return _Losses.of(self, list(users)).all


def uses_of_node(node: Node) -> NodeUses:
    """Find who uses a node and who may, in three statements whatever the size of the tree."""
    place = Place.of(node)
    owners, grants = place.read_facts()
    parts = {owner.workspace_id: _part(place, owner, _reach(grants, owner)) for owner in owners}
    numbers = place.read_numbers({path for part in parts.values() for path in part.paths})
    found = [_use(place, owner, _reach(grants, owner), parts[owner.workspace_id], numbers) for owner in owners]
    users = [one for one in found if one.connections or one.folders]
    allowed = sharing.who_may_use(grants, tenant_id=node.tenant_id).select_related("organization")
    using = {one.owner.workspace_id for one in users}
    spaces = list(allowed.order_by("organization__handle", "handle"))
    waiting = []
    for space in spaces:
        reach = Reach.of(grants, organization_id=space.organization_id, workspace_id=space.pk)
        if space.pk not in using and _may_use_all(place, reach):
            waiting.append(space)
    return NodeUses(place, users, len(spaces), waiting, numbers)


def _reach(grants: Sequence[Granted], owner: Owner) -> Reach:
    return Reach.of(grants, organization_id=owner.organization_id, workspace_id=owner.workspace_id)


def _may_use_all(place: Place, reach: Reach) -> bool:
    return bool(reach.usable(place.line)) or place.leaf in reach.connection_ids


def _part(place: Place, owner: Owner, reach: Reach) -> Part:
    """Find what of the node is in a schema: it was added, and may be used."""
    folders = [one.path for one in owner.added if one.folder_id is not None and reach.usable(ids_on(one.path))]
    single = [
        one
        for one in owner.added
        if one.connection_id is not None
        and (reach.usable(ids_on(one.path)) or one.connection_id in reach.connection_ids)
        and not one.path.startswith(tuple(folders))
    ]
    if place.path is None:
        leaf = place.node
        is_there = bool(folders or single) and isinstance(leaf, Connection)
        own = Added(None, leaf.pk, leaf.path_above, leaf.handle, leaf.state) if is_there else None  # type: ignore[union-attr]
        return Part((), (own,) if own else ())
    # Of what was added above the node it has the node.
    inside = tops_of(path if path.startswith(place.path) else place.path for path in folders)
    return Part(tuple(inside), tuple(single))


def _use(place: Place, owner: Owner, reach: Reach, part: Part, numbers: Mapping[str, Counter[str]]) -> WorkspaceUse:
    folders = {one.folder_id: one.name for one in owner.added if one.folder_id and reach.usable(ids_on(one.path))}
    is_brought = place.path is None and bool(folders)  # then it does not matter that it was added by itself too
    single = {one.connection_id: one.name for one in part.single if one.connection_id and not is_brought}
    return WorkspaceUse(
        owner,
        part,
        sum(numbers[path].total() for path in part.paths) + len(part.single),
        folders,
        single,
        _may_use_all(place, reach),
    )


@dataclass(frozen=True, slots=True)
class _Losses:
    """What is read to say what some workspaces would lose."""

    uses: NodeUses
    users: Sequence[WorkspaceUse]
    first: Mapping[str, tuple[list[str], list[str]]]
    named: Sequence[tuple[int, str, str]]
    matching: Mapping[tuple[tuple[str, ...], tuple[str, ...]], tuple[int, list[str]]]
    besides: Mapping[int, list[str]]

    @classmethod
    def of(cls, uses: NodeUses, users: Sequence[WorkspaceUse]) -> "_Losses":
        place, there = uses.place, [use for use in users if use.connections]
        paths = {path for use in there for path in use.part.paths}
        asked = {
            (use.part.paths, tuple(patterns)): None
            for use in there
            for _, _, patterns in use.owner.aggregators
            if use.part.paths and not is_everything(patterns)
        }
        return cls(
            uses,
            users,
            place.read_first_names({path: uses.numbers[path] for path in paths}, most=_NAMES + ALL_AWS_FROM),
            place.read_named({name for use in there for name in use.owner.search_path_prefix}),
            dict(zip(asked, place.read_matching(asked, most=_NAMES), strict=True)),
            place.read_besides([use.owner.workspace_id for use in there]),
        )

    @property
    def all(self) -> dict[int, WorkspaceImpact]:
        return {use.owner.workspace_id: self._loss(use) for use in self.users if use.connections or self._gone(use)}

    def _gone(self, use: WorkspaceUse) -> list[str]:
        """Give the titles of the folders that go with the node, and with them what would come to them later."""
        path = self.uses.place.path
        inside = (one for one in use.owner.added if one.folder_id in use.folders and path)
        return sorted(one.name for one in inside if path and one.path.startswith(path))

    def _loss(self, use: WorkspaceUse) -> WorkspaceImpact:
        usable = [one.name for one in use.part.single if one.state == ConnectionState.ACTIVE]
        firsts = [self.first.get(path, ([], [])) for path in use.part.paths]
        all_names = sorted([name for names, _ in firsts for name in names] + [one.name for one in use.part.single])
        usable_names = sorted([name for _, names in firsts for name in names] + usable)
        number = len(usable) + sum(self.uses.numbers[path][ConnectionState.ACTIVE] for path in use.part.paths)
        single = {one.connection_id for one in use.part.single}
        lost = {name for pk, name, path in self.named if pk in single or path.startswith(use.part.paths)}
        typed = list(dict.fromkeys(use.owner.search_path_prefix))
        united = {handle for _, handle, _ in use.owner.aggregators}
        others = set(self.besides.get(use.owner.workspace_id, ()))
        has_all_aws = len(others.union(usable_names)) >= ALL_AWS_FROM
        return WorkspaceImpact(
            name=use.name,
            renamed=(),
            removed=Some(all_names[:_NAMES], use.connections),
            added=(),
            path_lost=[name for name in typed if name in lost - united],
            path_gained=(),
            aggregators=self._aggregators(use, Some(usable_names[:_NAMES], number), usable),
            conflicts=(),
            all_aws=False if has_all_aws and len(others) < ALL_AWS_FROM else None,
            folders_removed=self._gone(use),
            path_changed=[name for name in typed if name in lost & united],
        )

    def _aggregators(self, use: WorkspaceUse, all_usable: Some[str], single: Sequence[str]) -> list[PatternChange]:
        """Say which aggregators would unite less; ``single`` are the names that were added one by one."""
        found = []
        for pk, handle, patterns in use.owner.aggregators:
            if is_everything(patterns):
                lost = all_usable
            else:
                number, names = self.matching.get((use.part.paths, tuple(patterns)), (0, []))
                matched = [name for name in single if is_named_by(name, patterns)]
                lost = Some(sorted(names + matched)[:_NAMES], number + len(matched))
            if lost.total:
                found.append(PatternChange(pk, handle, lost, ()))
        return found

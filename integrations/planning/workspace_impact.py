"""A plan seen from workspaces: which of their schemas get another name, go or come, and what people typed that means
something else then. Pure: nothing is rewritten, and nothing is read here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate

from connections.models import ConnectionState
from connections.schemas.rows import ALL_AWS_FROM
from connections.schemas.workspace_uses import Use, Uses
from connections.sharing import Granted, Reach
from integrations.planning.reconcile import Held, NodePlan, Plan, Tree, Update
from workspaces.handles import ALL_AWS, PUBLIC

DISABLED = frozenset(state.value for state in ConnectionState if state.why_disabled)

# A node that exists is known by its primary key, one that a plan would create by its id at the provider.
Key = int | str


@dataclass(frozen=True, slots=True)
class View:
    """A tree as workspaces see it: each folder's line from the top down, and the connections in each folder.

    The ``disabled`` ones are in schemas like all others, and are neither united nor on the search path.
    """

    lines: Mapping[Key, tuple[Key, ...]]
    leaves: Mapping[Key, Mapping[Key, str]]
    disabled: frozenset[Key] = frozenset()

    @classmethod
    def of(cls, tree: Tree) -> "View":
        """See a tree as it stands; what was removed is not seen."""
        return cls.after(tree, Plan(NodePlan(), NodePlan()))

    @classmethod
    def after(cls, tree: Tree, planned: Plan) -> "View":
        """See a tree as it would stand after a plan; what would be created is known by its id at the provider."""
        folders = _after(tree.folders, planned.folders.updates, planned.folders.removals)
        # Another AWS organization has another root: what is removed with the old one still names that.
        keys: dict[str | None, Key] = {held.source_id: held.id for held in (*tree.folders, *folders)}
        keys |= {made.wanted.source_id: made.wanted.source_id for made in planned.folders.creations}
        parents: dict[Key, Key | None] = {
            held.id: keys[held.parent] if held.parent is not None else None for held in folders
        }
        parents |= {made.wanted.source_id: keys[made.wanted.parent] for made in planned.folders.creations}
        leaves: dict[Key, dict[Key, str]] = {}
        disabled: set[Key] = set()
        for held in _after(tree.connections, planned.connections.updates, planned.connections.removals):
            if not held.is_removed:
                leaves.setdefault(keys[held.parent], {})[held.id] = held.handle
                disabled |= {held.id} if held.state in DISABLED else set()
        for made in planned.connections.creations:
            leaves.setdefault(keys[made.wanted.parent], {})[made.wanted.source_id] = made.handle
            disabled |= {made.wanted.source_id} if made.wanted.state in DISABLED else set()
        return cls(_lines(parents), leaves, frozenset(disabled))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for names in self.leaves.values() for name in names.values())


def renamed(tree: Tree, updates: Sequence[Update]) -> Tree:
    """Give the tree with the connections renamed as planned."""
    return replace(tree, connections=tuple(_after(tree.connections, updates, ())))


def _after(nodes: Iterable[Held], updates: Iterable[Update], removals: Iterable[Held]) -> list[Held]:
    changed = {update.before.id: update.after for update in updates}
    changed |= {held.id: held._replace(is_removed=True) for held in removals}
    return [changed.get(held.id, held) for held in nodes]


def _lines(parents: Mapping[Key, Key | None]) -> dict[Key, tuple[Key, ...]]:
    lines: dict[Key, tuple[Key, ...]] = {}
    for key in parents:
        line: list[Key] = []
        at: Key | None = key
        while at is not None and at not in lines:
            line.append(at)
            at = parents[at]
        above = lines[at] if at is not None else ()
        for each in reversed(line):
            above = lines[each] = (*above, each)
    return lines


@dataclass(frozen=True, slots=True)
class PatternChange:
    """An aggregator that would unite other connections than now, by the names that they have now and then."""

    id: int
    handle: str
    lost: Sequence[str]
    gained: Sequence[str]


@dataclass(frozen=True, slots=True)
class WorkspaceImpact:
    """What a change means to one workspace; ``path_lost`` are entries of its search path that would name nothing.

    ``conflicts`` are names that two schemas would want and not just one as now, ``conflicts_over`` the other way round,
    ``path_changed`` entries that are such a name. ``all_aws`` says whether that one would be there and was not (True),
    the other way round (False), or neither. ``folders_removed`` were added as folders: what would come to them later is
    lost too. ``disabled`` and ``enabled`` stay in the schema, and cannot be used any more, or can be again.
    """

    name: str
    renamed: Sequence[tuple[str, str]]
    removed: Sequence[str]
    added: Sequence[str]
    path_lost: Sequence[str]
    path_gained: Sequence[str]
    aggregators: Sequence[PatternChange]
    conflicts: Sequence[str]
    all_aws: bool | None
    folders_removed: Sequence[str] = ()
    disabled: Sequence[str] = ()
    enabled: Sequence[str] = ()
    path_changed: Sequence[str] = ()
    conflicts_over: Sequence[str] = ()

    @property
    def is_loss(self) -> bool:
        """Whether schemas go."""
        return bool(self.removed or self.folders_removed)

    @property
    def count(self) -> int:
        kinds = (self.renamed, self.removed, self.added, self.folders_removed, self.disabled, self.enabled)
        schemas = sum(map(len, kinds))
        path = len(self.path_lost) + len(self.path_gained) + len(self.path_changed)
        names = len(self.conflicts) + len(self.conflicts_over) + (self.all_aws is not None)
        return schemas + path + len(self.aggregators) + names


def impacts(
    uses: Uses, before: View, after: View, *, grants_after: Sequence[Granted] | None = None
) -> list[WorkspaceImpact]:
    """Say for each workspace what would change; those to which nothing happens are left out.

    Workspaces that have the same in their schemas share the work: hundreds of them take hardly longer than one.
    """
    then = uses if grants_after is None else replace(uses, grants=grants_after)
    known: dict[tuple[Covered, Covered], _Difference] = {}
    found = []
    for use in uses.workspaces:
        sides = (covered(use, uses, before), covered(use, then, after))
        if sides not in known:
            names = _names(before, sides[0]), _names(after, sides[1])
            known[sides] = _Difference.between(*names, before.disabled, after.disabled)
        if known[sides].is_one:
            found.append(_impact(use, known[sides]))
    return found


def impacts_of_grants(
    uses: Uses, view: View, titles: Mapping[int, str], grants: Sequence[Granted]
) -> list[WorkspaceImpact]:
    """Say for each workspace what other grants would change; ``titles`` are those of the folders that they cover."""
    found = {one.name: one for one in impacts(uses, view, view, grants_after=grants)}
    for use in uses.workspaces:
        added = use.folder_ids & titles.keys()
        now, then = _reach(use, uses.grants), _reach(use, grants)
        gone = {pk for pk in added if now.usable(view.lines[pk]) and not then.usable(view.lines[pk])}
        if gone:
            one = found.get(use.name) or WorkspaceImpact(use.name, (), (), (), (), (), (), (), None)
            found[use.name] = replace(one, folders_removed=sorted(titles[pk] for pk in gone))
    return sorted(found.values(), key=lambda one: one.name)


def impact_of_schema(use: Use, then: Use, uses: Uses, view: View) -> WorkspaceImpact | None:
    """Say what it means to a workspace that something else of a tree is to be in its schema; None for nothing."""
    now_names, then_names = (_names(view, covered(one, uses, view)) for one in (use, then))
    difference = _Difference.between(now_names, then_names, view.disabled, view.disabled)
    return _impact(use, difference) if difference.is_one else None


def _reach(use: Use, grants: Sequence[Granted]) -> Reach:
    return Reach.of(grants, organization_id=use.organization_id, workspace_id=use.workspace_id)


def fingerprint(found: Sequence[WorkspaceImpact], *others: object) -> str:
    """Give a hash of impacts and ``others``, so that nobody confirms another one than they saw."""
    digest = hashlib.sha256()
    for each in (*found, *others):
        digest.update(f"{each!r}\n".encode())
    return digest.hexdigest()


# What of a tree is in a workspace's schema: all in these folders, and these connections besides.
Covered = tuple[frozenset[Key], frozenset[Key]]


def covered(use: Use, uses: Uses, view: View) -> Covered:
    """Find what of a tree is in a workspace's schema: it was added, and may be used."""
    reach = _reach(use, uses.grants)
    folders, single = set[Key](), set[Key]()
    for folder, connections in view.leaves.items():
        usable = reach.usable(view.lines[folder])
        if not use.folder_ids.isdisjoint(usable):
            folders.add(folder)
        else:
            taken = use.connection_ids.intersection(connections)
            single |= taken if usable else taken & reach.connection_ids
    return frozenset(folders), frozenset(single)


def _names(view: View, inside: Covered) -> dict[Key, str]:
    """Collect the handles of what is covered."""
    folders, single = inside
    found: dict[Key, str] = {}
    for folder in folders:
        found |= view.leaves[folder]
    for connections in view.leaves.values() if single else ():
        found |= {key: connections[key] for key in single & connections.keys()}
    return found


@dataclass(frozen=True, slots=True)
class _Difference:
    """What can be used of a schema now and then, and how the two differ.

    Under the names that are ``lost`` nothing can be used any more, under those ``gained`` nothing can now.
    """

    now: Mapping[Key, str]
    then: Mapping[Key, str]
    disabled: Sequence[str]
    enabled: Sequence[str]
    renamed: Sequence[tuple[str, str]]
    removed: Sequence[str]
    added: Sequence[str]
    lost: frozenset[str]
    gained: frozenset[str]

    @classmethod
    def between(
        cls, now: Mapping[Key, str], then: Mapping[Key, str], off_now: frozenset[Key], off_then: frozenset[Key]
    ) -> "_Difference":
        """Compare by what the names belong to; those keys cannot be used."""
        both = now.keys() & then.keys()
        usable_now, usable_then = ({k: v[k] for k in v.keys() - off} for v, off in ((now, off_now), (then, off_then)))
        names_now, names_then = frozenset(usable_now.values()), frozenset(usable_then.values())
        return cls(
            usable_now,
            usable_then,
            disabled=sorted(then[key] for key in both & off_then - off_now),
            enabled=sorted(then[key] for key in both & off_now - off_then),
            renamed=sorted((now[key], then[key]) for key in now.keys() & then.keys() if now[key] != then[key]),
            removed=sorted(now[key] for key in now.keys() - then.keys()),
            added=sorted(then[key] for key in then.keys() - now.keys()),
            lost=names_now - names_then,
            gained=names_then - names_now,
        )

    @property
    def is_one(self) -> bool:
        return bool(self.renamed or self.removed or self.added or self.disabled or self.enabled)


def _impact(use: Use, difference: _Difference) -> WorkspaceImpact:
    has_now, has_then = (
        len(use.others.union(names.values())) >= ALL_AWS_FROM for names in (difference.now, difference.then)
    )
    typed = list(dict.fromkeys(use.search_path_prefix))
    lost, gained, others = difference.lost, difference.gained, use.taken.union(one for _, one, _ in use.aggregators)
    changes = [_pattern_change(*aggregator, difference.now, difference.then) for aggregator in use.aggregators]
    return WorkspaceImpact(
        name=use.name,
        renamed=difference.renamed,
        removed=difference.removed,
        added=difference.added,
        path_lost=[name for name in typed if name in lost - others],
        path_gained=[name for name in typed if name in gained - others],
        aggregators=[change for change in changes if change.lost or change.gained],
        conflicts=sorted(gained & {*others, PUBLIC, ALL_AWS}),
        all_aws=has_then if has_then != has_now else None,
        disabled=difference.disabled,
        enabled=difference.enabled,
        path_changed=[name for name in typed if name in (lost | gained) & others],
        conflicts_over=sorted(lost & others),
    )


def _pattern_change(
    pk: int, handle: str, patterns: Sequence[str], now: Mapping[Key, str], then: Mapping[Key, str]
) -> PatternChange:
    # Patterns hold nothing but letters, digits, _ and *; what translate makes of them never backtracks for long.
    names = [re.compile(translate(pattern)) for pattern in patterns]
    matched = {key for key, name in now.items() if any(pattern.match(name) for pattern in names)}
    matches = {key for key, name in then.items() if any(pattern.match(name) for pattern in names)}
    lost, gained = sorted(now[key] for key in matched - matches), sorted(then[key] for key in matches - matched)
    return PatternChange(pk, handle, lost, gained)

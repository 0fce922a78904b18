"""Who uses a folder or a connection: what of it is in the schema of which workspace, what that would lose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, FilteredRelation, Q

from connections import sharing
from connections.models import Connection, Folder
from connections.schemas.workspace_uses import Use, Uses, uses_of
from connections.sharing import Node, Reach
from connections.tree import ids_on, ids_under
from integrations.planning.workspace_impact import DISABLED, Key, View, WorkspaceImpact, covered, impacts_of_grants
from workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node with all below it as workspaces see it, and who uses what of that.

    ``line`` are the folders from the top down to the node, or to the one that a connection is in; ``titles`` those of
    the folder itself and of the folders below it.
    """

    line: Sequence[int]
    view: View
    titles: Mapping[int, str]
    uses: Uses


@dataclass(frozen=True, slots=True)
class WorkspaceUse:
    """What one workspace has of a node.

    ``connections`` is how many of them are in its schema, ``folders`` (by title) and ``single`` ones (by handle) those
    that were added and bring them; ``is_whole`` that it may use the node itself and not only something below.
    ``lost`` is what it would lose with the node; None where nothing is in the node yet.
    """

    workspace_id: int
    name: str
    connections: int
    folders: Mapping[int, str]
    single: Mapping[int, str]
    is_whole: bool
    lost: WorkspaceImpact | None


@dataclass(frozen=True, slots=True)
class NodeUses:
    """Who uses a node; ``allowed`` is how many may use something of it, ``waiting`` who may use it all and does not."""

    users: Sequence[WorkspaceUse]
    allowed: int
    waiting: Sequence[Workspace]


def uses_of_node(node: Node, titles_above: Mapping[int, str]) -> NodeUses:
    """Find who uses a node and who may, in four statements whatever the size of the tree.

    ``titles_above`` are those of the folders that it is in.
    """
    known = facts_of(node, may_gain=False)
    lost = {one.name: one for one in impacts_of_grants(known.uses, known.view, known.titles, ())}
    titles = {**titles_above, **known.titles}
    lines: dict[Key, Sequence[Key]] = {pk: known.line[: at + 1] for at, pk in enumerate(known.line)}
    lines |= known.view.lines
    handles = {pk: name for leaves in known.view.leaves.values() for pk, name in leaves.items()}
    found = [_use(node, use, known, (lines, titles, handles), lost.get(use.name)) for use in known.uses.workspaces]
    users = [one for one in found if one.lost or one.folders]
    allowed = sharing.who_may_use(known.uses.grants, tenant_id=node.tenant_id).select_related("organization")
    using = {one.workspace_id for one in users}
    spaces = list(allowed.order_by("organization__handle", "handle"))
    waiting = [space for space in spaces if space.pk not in using and _may_use_all(node, known, _reach(known, space))]
    return NodeUses(users, len(spaces), waiting)


# The line down to each folder, the title of each, and the handle of each connection.
_Names = tuple[Mapping[Key, Sequence[Key]], Mapping[int, str], Mapping[Key, str]]


def _use(node: Node, use: Use, known: NodeFacts, names: _Names, lost: WorkspaceImpact | None) -> WorkspaceUse:
    lines, titles, handles = names
    reach = Reach.of(known.uses.grants, organization_id=use.organization_id, workspace_id=use.workspace_id)
    folders, single = covered(use, known.uses, known.view)
    return WorkspaceUse(
        use.workspace_id,
        use.name,
        sum(len(known.view.leaves[key]) for key in folders) + len(single),
        {pk: titles[pk] for pk in sorted(use.folder_ids) if reach.usable(lines[pk])},
        {pk: handles[pk] for pk in sorted(single) if isinstance(pk, int)},
        _may_use_all(node, known, reach),
        lost,
    )


def _reach(known: NodeFacts, space: Workspace) -> Reach:
    return Reach.of(known.uses.grants, organization_id=space.organization_id, workspace_id=space.pk)


def _may_use_all(node: Node, known: NodeFacts, reach: Reach) -> bool:
    is_granted = isinstance(node, Connection) and node.pk in reach.connection_ids
    return is_granted or bool(reach.usable(known.line))


def facts_of(node: Node, *, may_gain: bool) -> NodeFacts:
    """Read what is below a node, and who uses it, in three statements.

    Where workspaces may gain something, names that they have already are looked for, which takes its time.
    """
    if isinstance(node, Connection):
        above = ids_on(node.path_above)
        view = view_of_connection(node, node.handle)
        return NodeFacts(above, view, {}, uses_in(view, {}, above, may_gain=may_gain))
    view, titles = view_below([node.path])
    above = ids_on(node.path_above)
    return NodeFacts(ids_on(node.path), view, titles, uses_in(view, titles, above, may_gain=may_gain))


def uses_in(
    view: View,
    titles: Mapping[int, str],
    above: Iterable[int],
    *,
    may_gain: bool,
    only: int | None = None,
    whole: Iterable[int] = (),
) -> Uses:
    """Find who uses what is in a view; ``titles`` are its folders, ``above`` those around them.

    It has all that is in its folders, and in those that are ``whole`` besides.
    """
    below = [pk for leaves in view.leaves.values() for pk in leaves if isinstance(pk, int)]
    names = view.names if may_gain else ()
    return uses_of([*{*above, *titles}], below, names=names, whole=[*titles, *whole], only=only)


def view_of_connection(node: Connection, handle: str) -> View:
    """See a connection alone, as workspaces would see it under this handle."""
    return view_of_connections([(node.pk, node.path_above, handle, node.state)])


def view_of_connections(rows: Iterable[tuple[int, str, str, str]]) -> View:
    """See connections alone: of each its id, the path of the folder around it, its handle and its state."""
    lines: dict[Key, tuple[Key, ...]] = {}
    leaves: dict[Key, dict[Key, str]] = {}
    disabled: set[Key] = set()
    for pk, path, handle, state in rows:
        line = tuple(ids_on(path))
        at: Key = line[-1] if line else ""  # at the top of a scope it is in none
        lines[at] = line
        leaves.setdefault(at, {})[pk] = handle
        disabled |= {pk} if state in DISABLED else set()
    return View(lines, leaves, frozenset(disabled))


def view_below(paths: Sequence[str]) -> tuple[View, dict[int, str]]:
    """See folders and all below them as workspaces do, with the titles of the folders; in two statements at most."""
    lines: dict[Key, tuple[Key, ...]] = {}
    leaves: dict[Key, dict[Key, str]] = {}
    titles: dict[int, str] = {}
    disabled: set[Key] = set()
    there = FilteredRelation("connections", condition=Q(connections__removed_at=None))
    inside = Q(path__under=paths[0]) if len(paths) == 1 else Q(pk__in=ids_under(paths) if paths else [])
    folders = Folder.objects.filter(inside, removed_at=None).annotate(leaf=there)
    columns = ("id", "path", "title", "handle", "leaf__id", "leaf__handle", "leaf__state")
    for pk, path, title, handle, leaf, name, state in folders.values_list(*columns):
        if pk not in titles:
            lines[pk], titles[pk] = tuple(ids_on(path)), title or handle
        if leaf is not None:
            leaves.setdefault(pk, {})[leaf] = name
            disabled |= {leaf} if state in DISABLED else set()
    return View(lines, leaves, frozenset(disabled)), titles


def whole_folders(view: View) -> list[int]:
    """Find the folders of which a view has all that is in them and below, in three statements.

    What workspaces have besides is looked for in the others only: in a tree of which all is chosen, nowhere.
    """
    tops = {line[0] for line in view.lines.values() if line}
    ids = ids_under([f"{top}/" for top in tops]) if tops else []
    there = Connection.objects.filter(folder__in=ids, removed_at=None)
    numbers = dict(there.values_list("folder").annotate(number=Count("pk")))
    partly = set[int]()
    for pk, path in Folder.objects.filter(pk__in=ids).values_list("pk", "path"):
        if numbers.get(pk, 0) != len(view.leaves.get(pk, ())):
            partly |= set(ids_on(path))
    return [pk for pk in ids if pk not in partly]

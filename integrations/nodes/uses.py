"""A tree as workspaces see it, and who uses something of it: what a change is judged by."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Count, FilteredRelation, Q

from connections.models import Connection, Folder
from connections.schemas.workspace_uses import Uses, uses_of
from connections.tree import ids_on, ids_under
from integrations.planning.workspace_impact import DISABLED, Key, View


def uses_in(
    view: View,
    titles: Mapping[int, str],
    above: Iterable[int],
    *,
    only: int | None = None,
    whole: Iterable[int] = (),
) -> Uses:
    """Find who uses what is in a view; ``titles`` are its folders, ``above`` those around them.

    It has all that is in its folders, and in those that are ``whole`` besides.
    """
    below = [pk for leaves in view.leaves.values() for pk in leaves if isinstance(pk, int)]
    return uses_of([*{*above, *titles}], below, names=view.names, whole=[*titles, *whole], only=only)


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

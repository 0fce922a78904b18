"""What people do to folders and connections made by hand: each is one transaction and writes one audit event.

What an integration manages is refused here too, for everybody.
"""

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.db.models.functions import Length

from connections import deletion, sharing
from connections.errors import HandleTakenError
from connections.models import Connection, ConnectionState, Folder
from connections.sharing import Node, NodeIds
from connections.tree import PATH_MAX_LENGTH, allocate_ids, ids_on, rebuild_paths
from workspaces import audit
from workspaces.access import Scope
from workspaces.handles import RESERVED_SCHEMAS, why_like_an_id, why_system_owned
from workspaces.models import User
from workspaces.wording.names import isolated


class FolderGoneError(Exception):
    """Somebody deleted the folder in which something was to be made; the message is a sentence for the person."""


class ManagedError(Exception):
    """An integration keeps the node as it is; the message is a sentence for the person."""


class NotMovableError(Exception):
    """A node cannot be where somebody wants it; the message is a sentence for the person."""


def why_managed(node: Node, verb: str) -> str:
    """Say why a node cannot be changed by hand; empty for one that was made by hand."""
    if not node.is_managed:
        return ""
    manager = node.root.managed_by if node.root else ""
    return (
        f"{isolated(node.shown)} cannot be {verb} by hand: the integration {manager} keeps it as it is in AWS."
        " Change it in AWS, and the next sync brings it here."
    )


def why_nothing_inside(parent: Folder) -> str:
    """Say why nothing can be made by hand in an integration's folder."""
    manager = parent.root.managed_by if parent.root else ""
    return (
        f"Nothing can be made in {isolated(parent.shown)} by hand: the integration {manager} keeps it as it is in AWS."
        " Make it at the top or in a folder of your own."
    )


def is_handle_taken(scope: Scope, model: type[Folder] | type[Connection], handle: str, *, but: Node | None) -> bool:
    """Return whether another node of the scope has the handle, or a removed one that may still come back."""
    found = model.objects.filter(**scope.keys, handle=handle)
    return found.exclude(pk=but.pk).exists() if but else found.exists()


def why_reserved(model: type[Folder] | type[Connection], handle: str) -> str:
    """Say why a person cannot give this handle, of a connection a schema name; empty when they can."""
    if (why := why_like_an_id(handle)) or model is Folder:
        return why
    if why := why_system_owned(handle):
        return f"{why} Choose another handle."
    if handle not in RESERVED_SCHEMAS:
        return ""
    return (
        f"“{handle}” is a schema that workspaces have by themselves, so nobody could query the connection under it."
        " Choose another handle."
    )


@transaction.atomic
def create_folder(*, scope: Scope, parent: Folder | None, handle: str, title: str, by: User) -> Folder:
    """Make a folder at the top of the scope or in a folder that was made by hand.

    Raises HandleTakenError, FolderGoneError, and ManagedError when the parent is an integration's.
    """
    _hold(parent)
    (folder_id,) = allocate_ids(Folder, 1)
    path = f"{parent.path if parent else ''}{folder_id}/"
    folder = Folder(**scope.keys, id=folder_id, parent=parent, path=path, handle=handle, title=title)
    folder.is_handle_static = True
    _write(folder, is_new=True)
    audit.record("folder.created", scope=scope, by=by, target=folder, inside=str(parent or ""))
    return folder


@transaction.atomic
def create_connection(
    *, scope: Scope, folder: Folder | None, handle: str, title: str, plugin: str, by: User
) -> Connection:
    """Make a connection at the top of the scope or in a folder that was made by hand; it inherits all its options.

    It is disabled until somebody enters access to its account. Raises HandleTakenError, FolderGoneError, and
    ManagedError when the folder is an integration's.
    """
    _hold(folder)
    made = Connection(**scope.keys, folder=folder, handle=handle, title=title, plugin=plugin)
    made.is_handle_static, made.state = True, ConnectionState.UNCONFIGURED
    _write(made, is_new=True)
    audit.record("connection.created", scope=scope, by=by, target=made, inside=str(folder or ""), plugin=plugin)
    return made


@transaction.atomic
def change_node(*, node: Node, handle: str, title: str, by: User) -> None:
    """Change what a node made by hand is called; raises HandleTakenError and ManagedError."""
    if why := why_managed(node, "renamed"):
        raise ManagedError(why)
    before, after = {"handle": node.handle, "title": node.title}, {"handle": handle, "title": title}
    if before == after:
        return
    node.handle, node.title = handle, title
    _write(node, is_new=False)
    audit.record(f"{node.kind}.changed", scope=node.scope, by=by, target=node, before=before, after=after)


@transaction.atomic
def move_node(*, node: Node, parent: Folder | None, by: User) -> sharing.Moved:
    """Put a node made by hand, a folder with all below it, into another folder of its scope, or at the top.

    What it inherits changes with that: who may not use it any more loses its schemas, and who may again has them back.
    Raises ManagedError, FolderGoneError, and NotMovableError for a folder that would be within itself.
    """
    if why := why_managed(node, "moved"):
        raise ManagedError(why)
    before, above = _hold_line(node, parent), node.path_above
    if (parent.path if parent else "") == above:
        return sharing.Moved()
    moved = sharing.change_reach(NodeIds.of(node), lambda: _put_into(node, parent))
    numbers = {"schemas_removed": len(moved.lost), "schemas_returned": len(moved.returned)}
    change = {"before": before, "after": str(parent or "")}
    moves = {name: number for name, number in numbers.items() if number}
    audit.record(f"{node.kind}.moved", scope=node.scope, by=by, target=node, **change, **moves)
    return moved


def _hold_line(node: Node, parent: Folder | None) -> str:
    """Lock a node and the folders around where it is to be, against other moves, and give the handle of its folder.

    All at once and in one order, or two moves would wait for each other.
    """
    if parent is not None and parent.is_managed:
        raise ManagedError(why_nothing_inside(parent))
    ids = {*ids_on(parent.path if parent else ""), *([node.pk] if isinstance(node, Folder) else [])}
    held = {one.pk: one for one in Folder.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    if isinstance(node, Connection):
        Connection.objects.select_for_update().get(pk=node.pk)
    elif node.pk not in held:
        raise FolderGoneError(f"Somebody deleted the folder {isolated(node.shown)} meanwhile. Nothing was moved.")
    if parent is not None and (parent.pk not in held or parent.path != held[parent.pk].path):
        raise FolderGoneError(f"Somebody moved or deleted {isolated(parent.shown)} meanwhile. Nothing was moved.")
    if isinstance(node, Folder):
        node.path = held[node.pk].path
        if parent is not None and parent.path.startswith(node.path):
            raise NotMovableError(f"{isolated(node.shown)} cannot be in itself, or in a folder that is in it.")
        _check_depth(node, parent)
    now = node.folder if isinstance(node, Connection) else node.parent
    return str(now or "")


def _check_depth(node: Folder, parent: Folder | None) -> None:
    longest = Folder.objects.filter(path__under=node.path).aggregate(longest=Max(Length("path")))["longest"]
    if longest - len(node.path_above) + len(parent.path if parent else "") > PATH_MAX_LENGTH:
        raise NotMovableError(f"{isolated(node.shown)} would be too deep there. Put it into a folder further up.")


def _put_into(node: Node, parent: Folder | None) -> None:
    if isinstance(node, Connection):
        node.folder = parent
        node.save(update_fields=["folder"])
    else:
        node.parent = parent
        node.save(update_fields=["parent"])
        rebuild_paths(node.pk)
        node.refresh_from_db(fields=["path"])


@transaction.atomic
def delete_node(*, node: Node, by: User) -> None:
    """Delete a node made by hand, a folder with all below it, if it is still there; raises ManagedError."""
    if why := why_managed(node, "deleted"):
        raise ManagedError(why)
    below = {"path__under": node.path} if isinstance(node, Folder) else {"pk": node.pk}
    if not list(type(node).objects.select_for_update().filter(**below).order_by("pk")):  # see _hold
        return
    facts = deletion.extent_of(node).facts
    audit.record(f"{node.kind}.deleted", scope=node.scope, by=by, target=node, **facts)
    if isinstance(node, Folder):
        deletion.delete_tree(node)
    else:
        node.delete()


def _hold(parent: Folder | None) -> None:
    """Lock the folder in which something is to be made, so that nobody deletes it before that is there."""
    if parent is None:
        return
    if parent.is_managed:
        raise ManagedError(why_nothing_inside(parent))
    if not Folder.objects.select_for_update(no_key=True).filter(pk=parent.pk).exists():
        raise FolderGoneError(f"Somebody deleted the folder {isolated(parent.shown)} meanwhile. Nothing was created.")


def _write(node: Node, *, is_new: bool) -> None:
    """Save, and check the handle now: its constraint waits for the end of the transaction otherwise."""
    constraint = f"{node.kind}_handle_unique"
    try:
        with transaction.atomic():
            node.save(force_insert=is_new, update_fields=None if is_new else ["handle", "title"])
            with connection.cursor() as cursor:
                cursor.execute(f"SET CONSTRAINTS {constraint} IMMEDIATE")
                cursor.execute(f"SET CONSTRAINTS {constraint} DEFERRED")
    except IntegrityError as error:
        raise HandleTakenError from error

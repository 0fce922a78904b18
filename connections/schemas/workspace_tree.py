"""The tree as a workspace may use it: what is shared with it, where its parents are not, and what of it was added."""

from collections.abc import Iterable
from dataclasses import dataclass

from connections import tree_listing
from connections.models import Connection, Folder, Tally
from connections.schemas.in_use import AddedFolder, Contents, FolderOnLine
from connections.sharing import Node
from connections.tree import among
from connections.tree_listing import Listing, Row
from workspaces.access import Scope


@dataclass(slots=True)
class UsableRow:
    """A row of the workspace's tree; ``folder`` is the added folder above it that brings it."""

    row: Row
    owner: str
    is_added: bool
    folder: AddedFolder | None
    error: str = ""


def tops(inside: Contents) -> Listing:
    """List where the tree of a workspace begins: what it may use while it may not use the folder around it.

    A connection that it may use by a folder is in that folder, so only those remain that it may use by themselves.
    """
    visible = inside.visible
    return Listing(
        Folder.objects.filter(pk__in=among(visible.cover.ids), removed_at=None),
        visible.single_connections.exclude(visible.cover.connections(in_order=True)),
    )


def children(folder_id: int) -> Listing:
    """List what is directly in a folder that the workspace may use, and with it all that is below it."""
    return Listing(
        Folder.objects.filter(parent=folder_id, removed_at=None),
        Connection.objects.filter(folder=folder_id, removed_at=None),
        tally=Tally.objects.filter(folder_id=folder_id),
    )


def search(inside: Contents, text: str) -> Listing:
    """List what has the text in its handle, title or provider id; below the folder at the end of the line, if any."""
    folders, connections = inside.visible.folders, inside.visible.connections
    if text:
        folders, connections = (
            folders.filter(tree_listing.matches(text)),
            connections.filter(tree_listing.are_many(tree_listing.matches(text))),
        )
    if inside.line:
        folders = folders.filter(path__under=inside.path).exclude(path=inside.path)
        connections = connections.filter(folder__path__under=inside.path)
    return Listing(folders, connections)


def only(node: Node) -> Listing:
    if isinstance(node, Folder):
        return Listing(Folder.objects.filter(pk=node.pk), Connection.objects.none())
    return Listing(Folder.objects.none(), Connection.objects.filter(pk=node.pk))


def mark(scope: Scope, inside: Contents, rows: Iterable[Row]) -> list[UsableRow]:
    """Say of each row who owns it and whether it was added, itself or with a folder above it."""
    marked = []
    for row in rows:
        is_folder = row.kind == "folder"
        is_added = row.id in (inside.folders if is_folder else inside.connections_since)
        above = row.path.removesuffix(f"{row.id}/") if is_folder else row.path
        marked.append(UsableRow(row, owner_of(scope, row), is_added, inside.covering(above)))
    return marked


def owner_of(scope: Scope, row: Row | FolderOnLine | Node) -> str:
    """Name the place on the workspace's way that owns a node: the workspace itself, its organization or the tenant."""
    if row.workspace_id:
        return str(scope.workspace)
    return str(scope.organization if row.organization_id else scope.tenant)

"""What a workspace may use, and what of that it has in use."""

from collections.abc import Sequence

from django.http import Http404

from connections.api.finding import usable, usable_connection, usable_folder
from connections.api.nodes import Shaping, path_to, shapes_of, to_show
from connections.api.shapes import AssociationShape, ConnectionShape, TestedShape, WorkspaceConnectionShape
from connections.api.tree import TreePaging, association, routes, tested, tree_page
from connections.delegation import USE
from connections.models import Connection, Folder
from connections.schemas import in_use
from connections.schemas.in_use import Contents, workspace_of
from connections.sharing import Node
from workspaces.api.paging import PAGING, Page, Paging, cut
from workspaces.api.routes import WORKSPACE, Call

_AT = (WORKSPACE,)


@routes.get("/connection", gives=Page[AssociationShape], at=_AT, delegates=USE)
def list_usable_connections(call: Call, paging: Paging = PAGING) -> Page[AssociationShape]:
    """List the connections that the workspace may use, and say which are in use."""
    inside = contents(call)
    shown, token = cut(call, to_show(inside.visible.connections), paging)
    return Page(items=_associations(call, inside, shown), next_token=token)


@routes.get("/connection/{connection}", gives=WorkspaceConnectionShape, at=_AT, delegates=USE)
def get_usable_connection(call: Call, connection: str) -> WorkspaceConnectionShape:
    """Get a connection that the workspace may use."""
    inside = contents(call)
    return usable_shapes(call, inside, [usable_connection(inside, connection)])[0]


@routes.post("/connection/{connection}/test", gives=TestedShape, at=_AT, status=200)
def get_tested_usable(call: Call, connection: str) -> TestedShape:
    """Say whether Pipes can access the account behind a connection, as was last found; nothing is asked now."""
    return tested(usable_connection(contents(call), connection))


@routes.get("/connection_folder", gives=Page[ConnectionShape], at=_AT, delegates=USE)
def list_usable_folders(call: Call, paging: Paging = PAGING) -> Page[ConnectionShape]:
    """List the folders that the workspace may use."""
    shown, token = cut(call, contents(call).visible.folders, paging)
    return Page(items=shapes_of(call.access, shown), next_token=token)


@routes.get("/connection_folder/{folder}", gives=WorkspaceConnectionShape, at=_AT, delegates=USE)
def get_usable_folder(call: Call, folder: str) -> WorkspaceConnectionShape:
    """Get a folder that the workspace may use."""
    inside = contents(call)
    return usable_shapes(call, inside, [usable_folder(inside, folder)])[0]


@routes.get("/connection_tree", gives=Page[ConnectionShape], at=_AT, delegates=USE)
def list_usable_tree(call: Call, paging: TreePaging = PAGING) -> Page[ConnectionShape]:
    """List the folders and then the connections that the workspace may use."""
    visible = contents(call).visible
    return tree_page(call, paging, visible.folders, visible.connections)


@routes.get("/conn", gives=Page[AssociationShape], at=_AT, delegates=USE)
def list_used(call: Call, paging: Paging = PAGING) -> Page[AssociationShape]:
    """List the connections that the workspace has in use, by themselves or with a folder above them."""
    inside = contents(call)
    shown, token = cut(call, to_show(inside.connections), paging)
    return Page(items=_associations(call, inside, shown), next_token=token)


@routes.get("/conn/{connection}", gives=AssociationShape, at=_AT, delegates=USE)
def get_used(call: Call, connection: str) -> AssociationShape:
    """Get a connection, or by its id a folder, that the workspace has in use."""
    inside = contents(call)
    node = usable(inside, connection)
    if not is_used(inside, node):
        raise Http404
    shaping = Shaping(call.access, [node])
    return association(shaping.people, node, workspace_of(call.scope), shaping.shape(node))


def contents(call: Call) -> Contents:
    """Read what the workspace of the call has."""
    return in_use.contents(workspace_of(call.scope))


def is_used(inside: Contents, node: Node) -> bool:
    """Whether a node that the workspace may use was added to it, by itself or with a folder above it."""
    if isinstance(node, Folder):
        return inside.covering(node.path) is not None
    return node.pk in inside.connections_since or inside.covering(path_to(node)) is not None


def usable_shapes(call: Call, inside: Contents, rows: Sequence[Folder | Connection]) -> list[WorkspaceConnectionShape]:
    """Make the shapes of what a workspace may use."""
    shaping, workspace = Shaping(call.access, rows), workspace_of(call.scope)
    return [
        WorkspaceConnectionShape(
            **shaping.fields(row),
            association=association(shaping.people, row, workspace) if is_used(inside, row) else None,
        )
        for row in rows
    ]


def _associations(call: Call, inside: Contents, rows: Sequence[Connection]) -> list[AssociationShape]:
    shaping, workspace = Shaping(call.access, rows), workspace_of(call.scope)
    return [
        association(shaping.people, row, workspace, shaping.shape(row), is_used=is_used(inside, row)) for row in rows
    ]

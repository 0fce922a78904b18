"""The schemas of a workspace: what it has in use, by itself or with a folder, and adding and removing it."""

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Any

from django.db.models import Q
from django.http import Http404

from connections import actions
from connections.actions import NotAddableError
from connections.api.aggregators import aggregator_shape, by_itself, find_aggregator, standing_for
from connections.api.finding import has_node, nearest, usable
from connections.api.nodes import Shaping, id_of_both, path_to, to_show
from connections.api.shapes import AssociationShape, SchemaShape
from connections.api.tree import association, routes
from connections.api.workspace import contents, is_used
from connections.delegation import MANAGE, USE
from connections.models import Aggregator, Folder, Schema
from connections.schemas.in_use import Contents, workspace_of
from connections.sharing import Node
from connections.tree import among
from workspaces.access import Power, Scope, power_in
from workspaces.api.bodies import Body
from workspaces.api.paging import PAGING, Page, Paging, cut
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import WORKSPACE, Call, named
from workspaces.database import at_most_one
from workspaces.wording.names import isolated

_AT = (WORKSPACE,)
_SAY_WHICH = "Name one of these: connection_handle, connection_folder (its id) or aggregator_handle."


class NewSchema(Body):
    connection_handle: str | None = None
    connection_folder: str | None = None
    aggregator_handle: str | None = None


class NewAssociation(Body):
    connection_handle: str


@routes.get("/schema", gives=Page[SchemaShape], at=_AT, delegates=USE)
def list_schemas(call: Call, paging: Paging = PAGING) -> Page[SchemaShape]:
    """List the aggregators, then what was added by itself, then connections in use with an added folder."""
    inside, workspace = contents(call), workspace_of(call.scope)
    alone = list(inside.connections_since)
    is_there = Q(folder__in=list(inside.folders)) | Q(connection__in=among(alone), connection__removed_at=None)
    added = Schema.objects.filter(is_there, workspace=call.scope.workspace)
    parts = [
        by_itself(inside, workspace),
        Aggregator.objects.filter(workspace=call.scope.workspace),
        added.select_related("folder", "connection__folder"),
        to_show(inside.connections).exclude(pk__in=among(alone)),
    ]
    found, token = cut(call, parts, paging)
    shown = [standing_for(row) for row in found]
    return Page(items=_Schemas(call, inside, shown).shapes(), next_token=token)


@routes.post("/schema", gives=SchemaShape, at=_AT, delegates=MANAGE)
def add_schema(call: Call, body: NewSchema) -> SchemaShape:
    """Add a connection, or a folder with all its connections, to the schemas; aggregators are there by themselves."""
    names = [body.connection_handle, body.connection_folder, body.aggregator_handle]
    if sum(map(bool, names)) != 1:
        raise invalid("connection_handle", _SAY_WHICH)
    if body.aggregator_handle:
        return _aggregator(call, body.aggregator_handle)
    return _shape_of(call, add(call, next(filter(None, names))))


@routes.get("/schema/{name}", gives=SchemaShape, at=_AT, delegates=USE)
def get_schema(call: Call, name: str) -> SchemaShape:
    """Get a schema by its name, or a folder in use by its id."""
    try:
        return _aggregator(call, name)
    except Http404:
        return _shape_of(call, _used(call, contents(call), name))


@routes.delete("/schema/{name}", gives=SchemaShape, at=_AT, delegates=MANAGE)
def remove_schema(call: Call, name: str) -> SchemaShape:
    """Remove from the schemas what was added by itself."""
    try:
        return _aggregator(call, name)
    except Http404:
        node = _used(call, contents(call), name)
        shape = _shape_of(call, node)
        remove(call, node)
        return shape


@routes.post("/conn", gives=AssociationShape, at=_AT, delegates=MANAGE)
def add_used(call: Call, body: NewAssociation) -> AssociationShape:
    """Add a connection, or by its id a folder, to the schemas."""
    return _association(call, add(call, body.connection_handle))


@routes.delete("/conn/{connection}", gives=AssociationShape, at=_AT, delegates=MANAGE)
def remove_used(call: Call, connection: str) -> AssociationShape:
    """Remove from the schemas what was added by itself."""
    node = _used(call, contents(call), connection)
    shape = _association(call, node)
    remove(call, node)
    return shape


class _Schemas:
    """Makes the shapes of a page of schemas."""

    def __init__(self, call: Call, inside: Contents, rows: Sequence[Aggregator | Schema | Node]) -> None:
        self._call, self._inside, self._rows = call, inside, rows
        nodes = [row for row in map(_node_of, rows) if row is not None]
        self._shaping = Shaping(call.access, nodes, also=rows, is_bare=True)
        self._patterns = [
            (one.handle, re.compile("|".join(map(translate, one.patterns)) or r"(?!)")) for one in inside.aggregators
        ]

    def shapes(self) -> list[SchemaShape]:
        return [self._of_aggregator(row) if isinstance(row, Aggregator) else self._of_node(row) for row in self._rows]

    def _places(self) -> dict[str, Any]:
        workspace = workspace_of(self._call.scope)
        return {"identity_id": workspace.organization.public_id, "workspace_id": workspace.public_id}

    def _of_aggregator(self, row: Aggregator) -> SchemaShape:
        shape = aggregator_shape(self._call.access, self._shaping.people, row)
        return SchemaShape(
            **self._shaping.people.made(row, row.created_at),
            **self._places(),
            id=f"s_{row.public_id.removeprefix('agg_')}",
            name=row.handle,
            type="aggregator",
            aggregator=shape,
            aggregator_id=shape.id,
        )

    def _of_node(self, row: Schema | Node) -> SchemaShape:
        """Give what was added, or a connection that is in use with what was."""
        node = _node_of(row)
        assert node is not None  # noqa: S101  schemas are of a folder or a connection
        is_added = isinstance(row, Schema)
        names = [name for name, pattern in self._patterns if pattern.match(node.handle)]
        return SchemaShape(
            **self._shaping.people.made(row, row.added_at if isinstance(row, Schema) else row.created_at),
            **self._places(),
            id=row.public_id if is_added else id_of_both("s", workspace_of(self._call.scope), node),
            name=node.public_id if isinstance(node, Folder) else node.handle,
            type="connection-folder" if isinstance(node, Folder) else "connection",
            state="direct" if is_added else "indirect",
            connection=self._shaping.shape(node),
            connection_id=node.public_id,
            aggregated_by=None if isinstance(node, Folder) else names,
        )


def add(call: Call, text: str) -> Node:
    """Add a connection by its handle or id, or a folder by its id, to the schemas; raises ProblemError and Http404."""
    inside = contents(call)
    node = _to_add(call, inside, text)
    if node.pk in (inside.folders if isinstance(node, Folder) else inside.connections_since):
        raise ProblemError(409, f"{isolated(node.shown)} is in the schema already.")
    try:
        actions.add_schema(scope=call.scope, node=node, by=call.user)
    except NotAddableError as error:
        raise ProblemError(409, str(error)) from None
    return node


def _to_add(call: Call, inside: Contents, text: str) -> Node:
    """Find what the workspace may use; who owns what it may not use is told that it is not shared."""
    try:
        return usable(inside, text)
    except Http404:
        scope = call.scope
        for place in (Scope(scope.tenant, scope.organization), Scope(scope.tenant)):
            if power_in(place, call.access.memberships) == Power.OWNER and has_node(place, text):
                raise ProblemError(
                    403, f"“{text}” is not shared with {scope}. Share it under its permissions."
                ) from None
        raise


def remove(call: Call, node: Node) -> None:
    """Remove from the schemas what was added by itself; raises ProblemError."""
    inside = contents(call)
    if node.pk not in (inside.folders if isinstance(node, Folder) else inside.connections_since):
        above = inside.covering(path_to(node))
        with_what = f" with the folder {isolated(above.title)}: remove that" if above else ""
        raise ProblemError(409, f"{isolated(node.shown)} was not added by itself, but is there{with_what}.")
    actions.remove_schema(scope=call.scope, node=node, by=call.user)


def _used(call: Call, inside: Contents, text: str) -> Node:
    """Find what the workspace has in use; raises Http404. Of one handle it is what is found under it."""
    node = usable(inside, text)
    if is_used(inside, node):
        return node
    return nearest(inside.connections.filter(named(text)).select_related("folder"))


def _shape_of(call: Call, node: Node) -> SchemaShape:
    added = at_most_one(Schema.objects.filter(workspace=call.scope.workspace, **node.key))
    if added is not None:
        setattr(added, node.kind, node)
    row = added if added is not None else node
    return _Schemas(call, contents(call), [row]).shapes()[0]


def _aggregator(call: Call, text: str) -> SchemaShape:
    return _Schemas(call, contents(call), [find_aggregator(workspace_of(call.scope), text)]).shapes()[0]


def _association(call: Call, node: Node) -> AssociationShape:
    shaping = Shaping(call.access, [node])
    return association(shaping.people, node, workspace_of(call.scope), shaping.shape(node))


def _node_of(row: Aggregator | Schema | Node) -> Node | None:
    return row.folder or row.connection if isinstance(row, Schema) else None if isinstance(row, Aggregator) else row

"""The folders and connections of the tenant and of organizations, by level or as a tree, and who has them in use."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from pydantic import Field

from connections.api import managed
from connections.api.finding import find_connection, find_folder, of_found
from connections.api.nodes import People, id_of_both, shape_of, shapes_of, to_show
from connections.api.shapes import AssociationShape, ConnectionShape, TestedShape
from connections.delegation import SEE, Reach
from connections.models import Connection, ConnectionState, Folder, Health
from connections.schemas.users import using
from connections.sharing import Node
from workspaces.access import Power, Scope, holds
from workspaces.api.paging import PAGING, Filtered, Page, Paging, Reader, cut
from workspaces.api.problems import invalid
from workspaces.api.routes import ORG, TENANT, Call, Routes
from workspaces.api.where import Column, Columns, Kind
from workspaces.database import WrittenOnce, at_most_one
from workspaces.models import Organization, Workspace

routes = Routes("Connections")
LEVELS: Final = (TENANT, ORG)
_TEXT: Final = CharField()
_HEALTH: Final = {Health.HEALTHY: "ok", Health.FAILING: "error"}


class TreePaging(Filtered):
    prefix: str = Field(default="", max_length=100, description="The id of a folder: only what is below it")


_SEERS: Final = holds(*SEE)
_OF_CONNECTION: Final = of_found(find_connection, "connection", *SEE)
_OF_FOLDER: Final = of_found(find_folder, "folder", *SEE)


@routes.get("/connection", gives=Page[ConnectionShape], needs=Power.OWNER, delegates=_SEERS)
def list_connections(call: Call, paging: Paging = PAGING) -> Page[ConnectionShape]:
    """List the connections of the tenant itself, at any depth."""
    return _page(call, paging, _all_or_held(call))


@routes.get("/connection", gives=Page[ConnectionShape], at=(ORG,))
@routes.get("/conn", gives=Page[ConnectionShape], at=(ORG,))
def list_org_connections(call: Call, paging: Paging = PAGING) -> Page[ConnectionShape]:
    """List the connections of an organization itself, at any depth; for who does not own it those that they hold.

    A client that asks all organizations of a person one after the other stops at a refusal. What a workspace may use
    is below the workspace.
    """
    return _page(call, paging, _all_or_held(call))


@routes.get("/connection/{connection}", gives=ConnectionShape, at=LEVELS, needs=Power.OWNER, delegates=_OF_CONNECTION)
@routes.get("/conn/{connection}", gives=ConnectionShape, at=(ORG,), needs=Power.OWNER, delegates=_OF_CONNECTION)
def get_connection(call: Call, connection: str) -> ConnectionShape:
    """Get a connection."""
    return shape_of(call.access, find_connection(call.scope, connection))


@routes.post("/connection/{connection}/test", gives=TestedShape, at=LEVELS, delegates=_OF_CONNECTION, status=200)
@routes.post("/conn/{connection}/test", gives=TestedShape, at=(ORG,), delegates=_OF_CONNECTION, status=200)
def get_tested(call: Call, connection: str) -> TestedShape:
    """Say whether Pipes can access the account behind a connection, as was last found; nothing is asked now."""
    return tested(find_connection(call.scope, connection))


@routes.get("/connection/{connection}/workspace", gives=Page[AssociationShape], at=LEVELS, needs=Power.OWNER)
@routes.get("/conn/{connection}/workspace", gives=Page[AssociationShape], at=(ORG,), needs=Power.OWNER)
def list_workspaces_of_connection(call: Call, connection: str, paging: Paging = PAGING) -> Page[AssociationShape]:
    """List the workspaces that have a connection in use, by itself or with a folder above it."""
    return _workspaces(call, paging, find_connection(call.scope, connection))


@routes.get("/connection_folder", gives=Page[ConnectionShape], at=LEVELS, needs=Power.OWNER, delegates=_SEERS)
def list_folders(call: Call, paging: Paging = PAGING) -> Page[ConnectionShape]:
    """List the folders of the tenant itself, or of an organization itself, at any depth."""
    return _page(call, paging, [_folders(call)])


@routes.get("/connection_folder/{folder}", gives=ConnectionShape, at=LEVELS, needs=Power.OWNER, delegates=_OF_FOLDER)
def get_folder(call: Call, folder: str) -> ConnectionShape:
    """Get a folder."""
    return shape_of(call.access, find_folder(call.scope, folder))


@routes.get("/connection_folder/{folder}/workspace", gives=Page[AssociationShape], at=LEVELS, needs=Power.OWNER)
def list_workspaces_of_folder(call: Call, folder: str, paging: Paging = PAGING) -> Page[AssociationShape]:
    """List the workspaces to which a folder was added, by itself or with a folder above it."""
    return _workspaces(call, paging, find_folder(call.scope, folder))


@routes.get("/connection_tree", gives=Page[ConnectionShape], at=LEVELS, needs=Power.OWNER, delegates=_SEERS)
def list_tree(call: Call, paging: TreePaging = PAGING) -> Page[ConnectionShape]:
    """List folders and then connections, at any depth, those below one folder, or for which a condition is true."""
    return tree_page(call, paging, _folders(call), _connections(call))


@routes.get("/actor/conn", gives=Page[ConnectionShape])
def list_own(call: Call, paging: Paging = PAGING) -> Page[ConnectionShape]:
    """List the connections of the organizations that the person owns."""
    organizations = Organization.objects.filter(tenant=call.tenant)
    if not call.access.is_tenant_owner:
        organizations = organizations.filter(pk__in=call.access.owned_organization_ids)
    known = list(organizations)
    rows = Connection.objects.filter(tenant=call.tenant, organization__in=known, workspace=None, removed_at=None)
    shown, token = cut(call, to_show(rows), paging)
    return Page(items=shapes_of(call.access, shown, organizations=known), next_token=token)


def tree_page(
    call: Call, paging: TreePaging, folders: QuerySet[Folder], connections: QuerySet[Connection]
) -> Page[ConnectionShape]:
    """Give one page of these folders, and then connections, that the condition and the prefix let through."""
    if paging.prefix:
        top = at_most_one(folders.filter(public_id=paging.prefix))
        if top is None:
            raise invalid("prefix", f"There is no folder with the id “{paging.prefix}” here.")
        folders = folders.filter(path__under=top.path).exclude(pk=top.pk)
        connections = connections.filter(folder__path__under=top.path)
    parts = [folders.alias(**_of_folders()), to_show(connections.alias(**_of_connections()))]
    return _page(call, paging, parts)


def _folders(call: Call) -> QuerySet[Folder]:
    """Give the folders of the scope that the caller may see."""
    return Reach.of(call.access, *SEE).folders(Folder.objects.in_scope(call.scope))


def _connections(call: Call) -> QuerySet[Connection]:
    """Give the connections of the scope that the caller may see."""
    return Reach.of(call.access, *SEE).connections(Connection.objects.in_scope(call.scope))


def tested(node: Connection) -> TestedShape:
    return TestedShape.model_validate(
        {"status": _HEALTH.get(node.shown_health, "unknown"), "reason": node.health_sentence}
    )


def _all_or_held(call: Call) -> QuerySet[Any] | Reader:
    """Give the connections of the scope: all, which are asked for most, by a statement that is there already."""
    if not call.access.can_own:
        return to_show(_connections(call))
    places = [place.pk for place in (call.tenant, call.scope.organization) if place]
    return lambda after, most: _all_of(call.scope.level, most).ask(after, *places)


@lru_cache(maxsize=8)
def _all_of(level: str, most: int) -> WrittenOnce[Any]:
    """Make what reads so many connections of a tenant or an organization itself, after one of them."""

    def read(after: int, *places: int) -> QuerySet[Any]:
        rows = Connection.objects.in_scope(Scope.by_keys(*places)).filter(pk__gt=after)
        return to_show(rows).order_by("pk")[:most]

    return WrittenOnce(read, -1, *{TENANT: (-2,), ORG: (-2, -3)}[level])


def _page(call: Call, paging: Paging, parts: QuerySet[Any] | Reader | Sequence[QuerySet[Any]]) -> Page[ConnectionShape]:
    shown, token = cut(call, parts, paging, columns=_COLUMNS)
    return Page(items=shapes_of(call.access, shown), next_token=token)


def _workspaces(call: Call, paging: Paging, node: Node) -> Page[AssociationShape]:
    shown, token = cut(call, using(node).select_related("organization"), paging)
    people = People.of([node], call.tenant)
    return Page(items=[association(people, node, workspace) for workspace in shown], next_token=token)


def association(
    people: People,
    node: Node,
    workspace: Workspace,
    connection: ConnectionShape | None = None,
    *,
    is_used: bool = True,
) -> AssociationShape:
    """Say that a workspace has a node in use, or may use it."""
    return AssociationShape(
        **people.made(node, node.created_at),
        id=id_of_both("wc", workspace, node),
        connection_id=node.public_id,
        connection=connection,
        identity_id=workspace.organization.public_id,
        workspace_id=workspace.public_id,
        is_used=is_used,
    )


# The columns of a tree, by the names that conditions have for them; both kinds have each.
_COLUMNS: Final[Columns] = {
    "id": Column("public_id"),
    "handle": Column("tree_handle"),
    "title": Column("tree_title"),
    "type": Column("tree_type"),
    "plugin": Column("tree_plugin"),
    "status": Column("tree_status"),
    "handle_mode": Column("tree_handle_mode"),
    "managed_by_id": Column("tree_manager"),
    "parent_id": Column("tree_parent"),
    "integration_resource_identifier": Column("source_id"),
    "created_at": Column("created_at", Kind.TIME),
    "updated_at": Column("updated_at", Kind.TIME),
}


def _of_both(parent: str) -> dict[str, Any]:
    places = ("workspace__public_id", "organization__public_id", "tenant__public_id")
    return {
        "tree_parent": Coalesce(f"{parent}__public_id", *places, output_field=_TEXT),
        "tree_manager": managed.sources().manager_id,
    }


def _of_folders() -> dict[str, Any]:
    nothing = Value(None, output_field=_TEXT)
    shown = Case(When(title="", then=F("handle")), default=F("title"), output_field=_TEXT)
    return _of_both("parent") | {
        "tree_handle": nothing,
        "tree_title": shown,
        "tree_type": Value("connection-folder", output_field=_TEXT),
        "tree_plugin": nothing,
        "tree_status": Value("enabled", output_field=_TEXT),
        "tree_handle_mode": nothing,
    }


def _of_connections() -> dict[str, Any]:
    is_static = Q(is_handle_static=True) | Q(is_managed=False)
    return _of_both("folder") | {
        "tree_handle": F("handle"),
        "tree_title": Case(When(title="", then=None), default=F("title"), output_field=_TEXT),
        "tree_type": Value("connection", output_field=_TEXT),
        "tree_plugin": F("plugin"),
        "tree_status": _one_or_other(Q(state=ConnectionState.ACTIVE), "enabled", "disabled"),
        "tree_handle_mode": _one_or_other(is_static, "static", "dynamic"),
    }


def _one_or_other(condition: Q, one: str, other: str) -> Case:
    return Case(When(condition, then=Value(one)), default=Value(other), output_field=_TEXT)

"""Making, changing and deleting folders and connections; of what an integration keeps only handle and options.

The routes are among those that ``connections.api`` reads them at: all that is at one path has to be.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal, TypeVar

from django.db import transaction
from django.http import Http404
from pydantic import Field

from connections import manual_nodes
from connections.api import schemas
from connections.api.finding import find_connection, find_folder, find_parent, of_found, usable_connection
from connections.api.nodes import shape_of
from connections.api.shapes import ConnectionShape
from connections.api.tree import routes
from connections.api.workspace import contents
from connections.delegation import CONFIGURE, MANAGE
from connections.errors import ChangedMeanwhileError, HandleTakenError
from connections.forms.node import NodeForm
from connections.models import Connection, Folder
from connections.sharing import Node
from integrations.api import connection_config, managers
from integrations.api.connection_config import ConnectionConfig
from integrations.forms.managed_node import NodeHandleForm
from integrations.nodes import account_access, managed
from integrations.settings.change import UnseenImpactError
from workspaces.access import Power, Scope, check_tenant_settings
from workspaces.api.bodies import Body, checked
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import ORG, TENANT, WORKSPACE, Call, of_version
from workspaces.database import at_most_one
from workspaces.handles import NODE_MAX_LENGTH, next_free, node_handle_like
from workspaces.wording.names import isolated

__all__ = ["managers", "routes"]  # the first tells connections.api what it may not ask

_AT: Final = (TENANT, ORG, WORKSPACE)
Mode = Literal["available", ""]
Made = TypeVar("Made")


class NewConnection(Body):
    handle: str
    plugin: str
    config: ConnectionConfig | None = None
    parent_id: str | None = None


class ConnectionChange(Body):
    handle: str | None = None
    config: ConnectionConfig | None = None
    config_source: Literal["self", "inherited", ""] | None = None
    credential_source: Literal["self", "inherited", "temporary", ""] | None = None
    parent_id: str | None = None


class NewFolder(Body):
    title: str = Field(min_length=1)
    parent_id: str | None = None


class FolderChange(Body):
    title: str | None = None
    parent_id: str | None = None


_OF_CONNECTION: Final = of_found(find_connection, "connection", *CONFIGURE)


@routes.post("/connection", gives=ConnectionShape, at=_AT, delegates=MANAGE)
@routes.post("/conn", gives=ConnectionShape, at=(ORG,))
def create_connection(call: Call, body: NewConnection, mode: Mode = "") -> ConnectionShape:
    """Make a connection; ``mode=available`` only says whether the handle is free.

    In a workspace, the handle of a connection that is shared with it adds that one to its schemas.
    """
    check_tenant_settings(call.access)
    if body.plugin not in ("aws", ""):
        raise invalid("plugin", f"There are connections of the plugin aws only, and none of {body.plugin[:50]}.")
    with _undone(mode):
        if call.scope.workspace and body.config is None and (shared := _shared(call, body.handle)):
            schemas.add(call, shared.public_id)
            return shape_of(call.access, shared)
        call.access.check(Power.OWNER)  # delegates of a workspace's schemas add what is shared, and make nothing
        made = _create(call, body)
        if body.config is not None:
            with _understood():
                connection_config.save(made, body.config, by=call.user)
        return shape_of(call.access, find_connection(call.scope, made.public_id))


@routes.patch("/connection/{connection}", gives=ConnectionShape, at=_AT, delegates=_OF_CONNECTION)
@routes.patch("/conn/{connection}", gives=ConnectionShape, at=(ORG,), delegates=_OF_CONNECTION)
def change_connection(call: Call, connection: str, body: ConnectionChange, mode: Mode = "") -> ConnectionShape:
    """Change a connection; ``mode=available`` only says whether the handle is free."""
    found = _own(call, connection)
    of_version(call, found)
    if body.parent_id or (body.config is not None and not found.is_managed):
        call.access.check(Power.OWNER)  # delegates change handles and options, and neither places nor credentials
    key, source = found.public_id, "inherited" if found.is_managed else "self"
    if body.credential_source and body.credential_source != source:
        raise invalid("credential_source", f"It is {source} for this connection, which does not change.")
    if body.config_source == "inherited" and (body.config is not None or not found.is_managed):
        raise invalid("config_source", "A connection that is made by hand, or has a config, has its own.")
    with _undone(mode), _understood():
        if body.handle and body.handle != found.handle:
            _rename(call, found, body.handle)
        if body.parent_id:
            _move(call, find_connection(call.scope, key), body.parent_id)
        config = ConnectionConfig() if body.config_source == "inherited" else body.config
        if config is not None:
            connection_config.save(find_connection(call.scope, key), config, by=call.user)
        return shape_of(call.access, find_connection(call.scope, key))


@routes.delete("/connection/{connection}", gives=ConnectionShape, at=_AT, delegates=MANAGE)
@routes.delete("/conn/{connection}", gives=ConnectionShape, at=(ORG,))
def delete_connection(call: Call, connection: str) -> ConnectionShape:
    """Delete a connection that was made by hand; in a workspace, one of others is removed from its schemas."""
    try:
        found = find_connection(call.scope, connection)
    except Http404:
        if not call.scope.workspace:
            raise
        shared = usable_connection(contents(call), connection)
        schemas.remove(call, shared)
        return shape_of(call.access, shared)
    call.access.check(Power.OWNER)
    return _delete(call, found)


@routes.post("/connection_folder", gives=ConnectionShape, at=_AT)
def create_folder(call: Call, body: NewFolder) -> ConnectionShape:
    """Make a folder; its handle is made of its title."""
    check_tenant_settings(call.access)
    scope, parent = call.scope, find_parent(call.scope, body.parent_id)
    values = checked(_form(scope, Folder, _free_handle(scope, body.title), body.title))
    with _understood():
        made = manual_nodes.create_folder(scope=scope, parent=parent, by=call.user, **values)
    return shape_of(call.access, find_folder(scope, made.public_id))


@routes.patch(
    "/connection_folder/{folder}", gives=ConnectionShape, at=_AT, delegates=of_found(find_folder, "folder", *CONFIGURE)
)
def change_folder(call: Call, folder: str, body: FolderChange) -> ConnectionShape:
    """Change what a folder that was made by hand is called, and where it is."""
    found = find_folder(call.scope, folder)
    of_version(call, found)
    if body.parent_id:
        call.access.check(Power.OWNER)
    with _understood():
        if body.title and body.title != found.title:
            values = checked(_form(call.scope, Folder, found.handle, body.title, found))
            managed.rename_manual_node(node=found, seen_impact="", by=call.user, **values)
        if body.parent_id:
            _move(call, find_folder(call.scope, folder), body.parent_id)
    return shape_of(call.access, find_folder(call.scope, folder))


@routes.delete("/connection_folder/{folder}", gives=ConnectionShape, at=_AT)
def delete_folder(call: Call, folder: str) -> ConnectionShape:
    """Delete a folder that was made by hand, with all that is below it."""
    return _delete(call, find_folder(call.scope, folder))


@contextmanager
def _undone(mode: Mode) -> Iterator[None]:
    """Undo at the end what was only to be tried."""
    with transaction.atomic():
        yield
        if mode:
            transaction.set_rollback(True)


@contextmanager
def _understood() -> Iterator[None]:
    """Say of what an action refuses what it means to a program."""
    try:
        yield
    except HandleTakenError:
        raise ProblemError(409, "Somebody else took this handle in this moment. Choose another one.") from None
    except (manual_nodes.ManagedError, manual_nodes.FolderGoneError, ChangedMeanwhileError) as error:
        raise ProblemError(409, str(error)) from None
    except manual_nodes.NotMovableError as error:
        raise invalid("parent_id", str(error)) from None


def _whatever_it_means(act: Callable[[str], Made]) -> Made:
    """Do what a person confirms in view of what it does to workspaces: a program is not asked."""
    try:
        return act("")
    except UnseenImpactError as unseen:
        return act(unseen.fingerprint)


def _own(call: Call, connection: str) -> Connection:
    """Find a connection that can be changed; raises Http404, and ProblemError for what a workspace may only use."""
    try:
        return find_connection(call.scope, connection)
    except Http404:
        if not call.scope.workspace:
            raise
        shared = usable_connection(contents(call), connection)
        raise ProblemError(
            403, f"{isolated(shared.shown)} is shared with {call.scope}: its owner can change it."
        ) from None


def _shared(call: Call, handle: str) -> Connection | None:
    """Find what a workspace may use under a handle, while nothing of its own has it."""
    try:
        found = usable_connection(contents(call), handle)
    except Http404:
        return None
    return None if found.workspace_id else found


def _create(call: Call, body: NewConnection) -> Connection:
    scope, parent = call.scope, find_parent(call.scope, body.parent_id)
    values = checked(_form(scope, Connection, body.handle, ""))
    external_id = connection_config.external_id_for(scope, body.config)
    with _understood():
        made = account_access.create_connection(
            scope=scope, folder=parent, external_id=external_id, by=call.user, **values
        )
    return find_connection(scope, Connection.objects.values_list("public_id", flat=True).get(pk=made.pk))


def _form(
    scope: Scope, model: type[Folder] | type[Connection], handle: str, title: str, of: Node | None = None
) -> NodeForm:
    return NodeForm(
        {"handle": handle, "title": title},
        is_taken=lambda wanted: manual_nodes.is_handle_taken(scope, model, wanted, but=of),
        taken=f"another {'folder' if model is Folder else 'connection'} of {scope}",
        why_reserved=lambda wanted: manual_nodes.why_reserved(model, wanted),
        initial={"handle": of.handle} if of else None,
    )


def _free_handle(scope: Scope, title: str) -> str:
    def is_taken(wanted: str) -> bool:
        return manual_nodes.is_handle_taken(scope, Folder, wanted, but=None)

    handle = node_handle_like(title) or "folder"
    return next_free(handle, is_taken, separator="_", longest=NODE_MAX_LENGTH) if is_taken(handle) else handle


def _rename(call: Call, node: Connection, handle: str) -> None:
    """Give a connection another handle, which stays as it is."""
    if node.is_managed:
        wanted = checked(NodeHandleForm(node, {"handle": handle}))["handle"]
        seen = managed.node_fingerprint(node)
        _whatever_it_means(
            lambda impact: managed.change_handle(node=node, handle=wanted, seen=seen, seen_impact=impact, by=call.user)
        )
        return
    values = checked(_form(call.scope, Connection, handle, node.title, node))
    _whatever_it_means(lambda impact: managed.rename_manual_node(node=node, seen_impact=impact, by=call.user, **values))


def _move(call: Call, node: Node, parent_id: str) -> None:
    """Put a node into another folder, or at the top of its scope."""
    now = node.folder_id if isinstance(node, Connection) else node.parent_id
    if node.is_managed:
        above = at_most_one(Folder.objects.filter(pk=now).values_list("public_id", flat=True)) if now else None
        if parent_id != (above or call.scope.place.public_id):
            raise ProblemError(409, manual_nodes.why_managed(node, "moved"))
        return
    manual_nodes.move_node(node=node, parent=find_parent(call.scope, parent_id), by=call.user)


def _delete(call: Call, node: Node) -> ConnectionShape:
    of_version(call, node)
    shape = shape_of(call.access, node)
    with _understood():
        manual_nodes.delete_node(node=node, by=call.user)
    return shape

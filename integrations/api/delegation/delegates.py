"""Who may do what to one integration, folder or connection; only for those who own where it is."""

from collections.abc import Callable

from connections.api.finding import find_connection, find_folder
from connections.models import Folder
from connections.sharing import Node
from connections.tree import ids_on
from integrations.api.finding import find_integration
from workspaces.access import Power, Scope
from workspaces.api.paging import PAGING, Page, Paging
from workspaces.api.people.delegates import ALL, ONE, DelegateShape, NewDelegate, delegates_page, give, routes, take
from workspaces.api.routes import ORG, TENANT, Call

_AT = (TENANT, ORG)
_INTEGRATION = "/integration/{integration}"


@routes.get(_INTEGRATION + ALL, gives=Page[DelegateShape], at=_AT, needs=Power.OWNER)
def list_delegates_of_integration(call: Call, integration: str, paging: Paging = PAGING) -> Page[DelegateShape]:
    """List who may do what to an integration without owning it."""
    return delegates_page(call, find_integration(call, integration), paging)


@routes.post(_INTEGRATION + ALL, gives=DelegateShape, at=_AT)
def add_delegate_of_integration(call: Call, integration: str, body: NewDelegate) -> DelegateShape:
    """Let a member do one thing to an integration."""
    return give(call, find_integration(call, integration), body)


@routes.delete(_INTEGRATION + ONE, gives=DelegateShape, at=_AT)
def remove_delegate_of_integration(call: Call, integration: str, user: str, permission: str) -> DelegateShape:
    """Take from somebody what they may do to an integration."""
    return take(call, find_integration(call, integration), user, permission)


def _routes_of(path: str, find: Callable[[Scope, str], Node]) -> None:
    """Declare the routes of the delegates of what is found at a path."""

    @routes.get(path + ALL, gives=Page[DelegateShape], at=_AT, needs=Power.OWNER)
    def list_delegates_of_node(call: Call, node: str, paging: Paging = PAGING) -> Page[DelegateShape]:
        """List who may do what to it without owning it, by what is delegated on it and on the folders above."""
        found = find(call.scope, node)
        return delegates_page(call, found, paging, _above(call, found))

    @routes.post(path + ALL, gives=DelegateShape, at=_AT)
    def add_delegate_of_node(call: Call, node: str, body: NewDelegate) -> DelegateShape:
        """Let a member do one thing to it; of a folder, to all that is below it too, now and later."""
        return give(call, find(call.scope, node), body)

    @routes.delete(path + ONE, gives=DelegateShape, at=_AT)
    def remove_delegate_of_node(call: Call, node: str, user: str, permission: str) -> DelegateShape:
        """Take from somebody what they may do to it."""
        found = find(call.scope, node)
        return take(call, found, user, permission, _above(call, found))


_routes_of("/connection/{node}", find_connection)
_routes_of("/connection_folder/{node}", find_folder)


def _above(call: Call, node: Node) -> list[Folder]:
    return list(Folder.objects.in_scope(call.scope).filter(pk__in=ids_on(node.path_above)))

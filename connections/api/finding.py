"""Finding what a path or a body names: by its handle or id, in the scope of the call."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import F, QuerySet
from django.http import Http404

from connections.delegation import Reach
from connections.models import Connection, Folder
from connections.schemas.in_use import Contents
from connections.sharing import Node
from workspaces.access import Access, Rule, Scope
from workspaces.api.problems import invalid
from workspaces.api.routes import named
from workspaces.database import at_most_one
from workspaces.delegation.verbs import Verb

AnyNode = TypeVar("AnyNode", Folder, Connection)


def find_connection(scope: Scope, text: str) -> Connection:
    """Find a connection that the scope itself owns; raises Http404."""
    found = at_most_one(Connection.objects.in_scope(scope).filter(named(text)).select_related("folder", "root"))
    return _of(scope, found)


def find_folder(scope: Scope, text: str) -> Folder:
    """Find a folder that the scope itself owns, by its id alone; raises Http404."""
    return _of(scope, at_most_one(Folder.objects.in_scope(scope).filter(public_id=text).select_related("root")))


def of_found(find: Callable[[Scope, str], Node], argument: str, *verbs: Verb) -> Rule:
    """Make the rule for what is about one node, which this argument of the path names, and ``find`` finds."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        reach = Reach.of(access, *verbs)
        try:
            return bool(reach) and reach.has(find(access.scope, arguments[argument]))
        except Http404:
            return False

    return rule


def find_parent(scope: Scope, text: str | None) -> Folder | None:
    """Find the folder with this id in which something is to be; none where the id is that of the scope itself."""
    if not text or text == scope.place.public_id:
        return None
    try:
        return find_folder(scope, text)
    except Http404:
        raise invalid("parent_id", f"{scope} has no folder with the id “{text}”.") from None


def has_node(scope: Scope, text: str) -> bool:
    """Whether the scope itself owns a connection with this handle or id, or a folder with this id."""
    connections = Connection.objects.in_scope(scope).filter(named(text))
    return connections.exists() or Folder.objects.in_scope(scope).filter(public_id=text).exists()


def usable_connection(inside: Contents, text: str) -> Connection:
    """Find a connection that a workspace may use: of one handle its own, else its organization's. Raises Http404."""
    return nearest(inside.visible.connections.filter(named(text)).select_related("folder"))


def usable_folder(inside: Contents, text: str) -> Folder:
    """Find a folder that a workspace may use, by its id alone; raises Http404."""
    found = at_most_one(inside.visible.folders.filter(public_id=text))
    if found is None:
        raise Http404
    return found


def usable(inside: Contents, text: str) -> Node:
    """Find a folder by its id, or a connection by its handle or id, that a workspace may use; raises Http404."""
    try:
        return usable_connection(inside, text)
    except Http404:
        return usable_folder(inside, text)


def nearest(found: QuerySet[Connection]) -> Connection:
    """Give that of the workspace itself, else its organization's, else the tenant's; raises Http404."""
    order = (F("workspace").asc(nulls_last=True), F("organization").asc(nulls_last=True), "pk")
    first = found.order_by(*order).first()
    if first is None:
        raise Http404
    return first


def _of(scope: Scope, found: AnyNode | None) -> AnyNode:
    if found is None:
        raise Http404
    found.tenant, found.organization, found.workspace = scope.tenant, scope.organization, scope.workspace
    return found

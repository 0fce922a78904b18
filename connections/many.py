"""What people do to many folders and connections at once: each is one transaction and writes one audit event.

The rules are those for one node; which nodes are meant, and that the person has seen what it means, the caller knows.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from connections import sharing
from connections.models import Connection, Folder, Grant
from connections.schemas import adding
from connections.search.chosen import Chosen
from connections.sharing import How
from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User

_NAMED: Final = 50  # nodes that an event names


def lock(chosen: Chosen) -> None:
    """Hold the nodes until the transaction ends: two people at once, one after the other, always in one order."""
    for model, ids in ((Folder, chosen.ids.folders), (Connection, chosen.ids.connections)):
        list(model._default_manager.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def grants_on(chosen: Chosen) -> list[tuple[int | None, int | None, int | None, int | None]]:
    """List the grants that were made on the nodes themselves: folder, connection, organization and workspace."""
    columns = ("folder_id", "connection_id", "organization_id", "workspace_id")
    found = Grant.objects.filter(folder__in=chosen.ids.folders).union(
        Grant.objects.filter(connection__in=chosen.ids.connections), all=True
    )
    return sorted(found.values_list(*columns), key=repr)


@transaction.atomic
def change_permissions(
    *, scope: Scope, chosen: Chosen, audiences: Sequence[Scope], how: How, by: User
) -> sharing.Moved:
    """Change who may use the nodes, which the scope owns; who loses them loses their schemas at once."""
    stood = grants_on(chosen) if how != How.ADD else []
    moved = sharing.change_grants(chosen.ids, audiences, how, owner=scope)
    details = {"how": how.value, "audiences": sorted(str(one) for one in audiences)}
    moves = {"schemas_removed": len(moved.lost), "schemas_returned": len(moved.returned)}
    audit.record(
        "nodes.permissions_changed",
        scope=scope,
        by=by,
        target=scope.place,
        **named(chosen),
        **details,
        **{name: of for name, of in moves.items() if of},
        **({audit.STOOD: stood} if stood else {}),
    )
    return moved


@transaction.atomic
def add_schemas(*, scope: Scope, chosen: Chosen, by: User) -> int:
    """Add nodes that sorting has found new to the schema of the scope's workspace."""
    number = adding.add(scope, chosen.nodes)
    audit.record("nodes.schema_added", scope=scope, by=by, target=scope.place, **named(chosen))
    return number


@transaction.atomic
def remove_schemas(*, scope: Scope, chosen: Chosen, by: User) -> int:
    """Remove nodes that were added themselves from the schema of the scope's workspace."""
    number = adding.remove(scope, chosen.nodes)
    audit.record("nodes.schema_removed", scope=scope, by=by, target=scope.place, **named(chosen))
    return number


def named(chosen: Chosen) -> dict[str, Any]:
    """Give what an event says of the nodes: how many they are, the handles of the first of them, and all keys."""
    first = [one.handle for one in chosen.nodes[:_NAMED]]
    more = chosen.number - len(first)
    keys = {"folder": list(chosen.ids.folders), "connection": list(chosen.ids.connections)}
    return {"chosen": chosen.words, "nodes": first, audit.KEYS: keys} | ({"and_more": more} if more else {})

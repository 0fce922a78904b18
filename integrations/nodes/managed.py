"""Changing folders and connections, managed ones mostly: each function is one transaction with one audit event.

``seen`` is the fingerprint of what the person's page showed; ChangedMeanwhileError is raised when it is another now.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any
from uuid import uuid5

from django.db import IntegrityError, connection, transaction

from connections import actions, manual_nodes, sharing
from connections.errors import ChangedMeanwhileError, HandleTakenError
from connections.models import Connection
from connections.schemas.workspace_uses import uses_of
from connections.search.chosen import Chosen
from connections.sharing import How, Node, NodeIds
from connections.tree import ids_on
from integrations import edit_conflicts
from integrations.access.connection_options import OptionsChange, effective
from integrations.access.findings import partition_of
from integrations.access_tests.request import request_test
from integrations.models import AccessTest, Integration
from integrations.models.access_test_values import Account, Instead
from integrations.nodes import uses
from integrations.nodes.many import permissions_impact
from integrations.nodes.many_options import set_options
from integrations.planning.handles import dynamic_handle, wishes
from integrations.planning.workspace_impact import WorkspaceImpact, fingerprint, impacts
from integrations.settings.change import check_seen
from workspaces import audit
from workspaces.access import Scope
from workspaces.database import at_most_one
from workspaces.models import User
from workspaces.wording.names import isolated


def node_fingerprint(node: Node) -> str:
    """Hash what can be changed on a node, to notice when two people change it at once."""
    return fingerprint((), node.handle, node.is_handle_static, sorted(node.options.items()))


@transaction.atomic
def change_handle(*, node: Node, handle: str, seen: str, seen_impact: str, by: User) -> Node:
    """Give a node a static handle, which no sync touches.

    Raises HandleTakenError when another node of the scope has it, and UnseenImpactError while workspaces would be
    affected otherwise than the person has confirmed.
    """
    return _set_handle(_lock(node, seen), handle, is_static=True, seen_impact=seen_impact, by=by)


@transaction.atomic
def reset_handle(*, node: Node, integration: Integration, seen: str, seen_impact: str, by: User) -> Node:
    """Give a node the dynamic handle again, which follows its name; raises as ``change_handle`` does."""
    current = _lock(node, seen)
    prefix = integration.handle_prefix if isinstance(current, Connection) else ""
    bare = dynamic_handle(current.kind, current.title, current.source_id, prefix)
    others = type(current).objects.filter(**current.scope.keys).exclude(pk=current.pk)
    handle = next(
        wish for wish in wishes(current.kind, bare, current.source_id) if not others.filter(handle=wish).exists()
    )
    return _set_handle(current, handle, is_static=False, seen_impact=seen_impact, by=by)


@transaction.atomic
def change_options(*, node: Node, options: Mapping[str, Any], seen: str, by: User) -> Node:
    """Set which options a node has of its own; all others it inherits."""
    current = _lock(node, seen)
    before, after = current.options, dict(options)
    if before == after:
        return current
    current.options = after
    values = {name: value for name, value in after.items() if name not in before or before[name] != value}
    set_options(NodeIds.of(current), OptionsChange(values, [name for name in before if name not in after]))
    named = {"before": {name: before.get(name) for name in before | after}} | {
        "after": {name: after.get(name) for name in before | after}
    }
    audit.record(f"{current.kind}.options_changed", scope=current.scope, by=by, target=current, **named)
    return current


@transaction.atomic
def request_connection_test(*, node: Connection, integration: Integration, by: User, now: datetime) -> AccessTest:
    """Start *Test Connection* for the one account of a connection."""
    Connection.objects.select_for_update().get(pk=node.pk)
    instead = Instead(
        integration=str(integration.uid),
        partition=partition_of(integration),
        accounts=(Account(node.source_id, node.title),),
        options=effective([node])[node.pk],
    )
    kind = AccessTest.Kind.CONNECTION
    return request_test(tested_settings(node, integration), kind, by=by, now=now, instead=instead, target=node)


def tested_settings(node: Connection, integration: Integration) -> Integration:
    """Copy the settings that a connection is tested with, under the uid by which its own tests are found."""
    tested = copy(integration)
    tested.uid = uuid5(integration.uid, node.source_id)
    return tested


@transaction.atomic
def rename_manual_node(*, node: Node, handle: str, title: str, seen_impact: str, by: User) -> None:
    """Change what a node made by hand is called.

    Raises UnseenImpactError as ``change_handle`` does, DoesNotExist when the node is gone, and what
    connections.manual_nodes.change_node raises.
    """
    current = type(node).objects.select_for_update().get(pk=node.pk)
    if isinstance(node, Connection) and current.handle != handle:
        _check_impact(node, handle, seen_impact)
    manual_nodes.change_node(node=node, handle=handle, title=title, by=by)


@transaction.atomic
def change_permissions(
    *, node: Node, audiences: Sequence[Scope], seen: str, seen_impact: str, by: User
) -> list[WorkspaceImpact]:
    """Make these audiences exactly those that the node itself is granted to, and give what that did to workspaces.

    Raises UnseenImpactError while schemas would go otherwise than the person has confirmed, and what
    connections.actions.change_permissions raises.
    """
    type(node).objects.select_for_update().get(pk=node.pk)
    found: list[WorkspaceImpact] = []
    if sharing.fingerprint(sharing.grants_on(node)) == seen:  # else it is refused, unless nothing is to be done
        found = list(permissions_impact(node.scope, Chosen.of(node), audiences, How.SET).workspaces)
        if any(one.is_loss for one in found):
            check_seen(found, seen_impact)
    actions.change_permissions(node=node, audiences=audiences, seen=seen, by=by)
    return found


def _lock(node: Node, seen: str) -> Node:
    relations = ("tenant", "organization", "workspace") + (("folder",) if isinstance(node, Connection) else ())
    found: Any = type(node).objects.select_related(*relations).select_for_update(of=("self",))
    current: Node | None = at_most_one(found.filter(pk=node.pk))
    if current is None:
        raise ChangedMeanwhileError(f"{isolated(node.shown)} was deleted meanwhile.")
    if node_fingerprint(current) != seen:
        raise ChangedMeanwhileError(edit_conflicts.who_changed(current))
    return current


def _set_handle(node: Node, handle: str, *, is_static: bool, seen_impact: str, by: User) -> Node:
    before = {"handle": node.handle, "is_static": node.is_handle_static}
    after = {"handle": handle, "is_static": is_static}
    if before == after:
        return node
    if isinstance(node, Connection) and node.handle != handle:
        _check_impact(node, handle, seen_impact)
    node.handle, node.is_handle_static = handle, is_static
    constraint = f"{node.kind}_handle_unique"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            node.save(update_fields=["handle", "is_handle_static"])
            cursor.execute(
                f"SET CONSTRAINTS {constraint} IMMEDIATE"
            )  # it waits for the end of the transaction otherwise
            cursor.execute(f"SET CONSTRAINTS {constraint} DEFERRED")
    except IntegrityError as error:
        raise HandleTakenError from error
    audit.record(f"{node.kind}.handle_changed", scope=node.scope, by=by, target=node, before=before, after=after)
    return node


def _check_impact(node: Connection, handle: str, seen: str) -> None:
    line = ids_on(node.path_above)
    views = [uses.view_of_connection(node, name) for name in (node.handle, handle)]
    found = impacts(uses_of(line, [node.pk], names=[node.handle, handle], whole=()), *views)
    if found:
        check_seen(found, seen)

"""Changing who may use nodes, however many at once, and what that does to schemas."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.utils import timezone

from connections.models import Folder, Grant, Schema
from connections.sharing.grants import audience_ids
from connections.sharing.visible import IS_GRANTED, Node
from workspaces.access import Scope


class How(StrEnum):
    """Whether audiences are to be added, taken away, or to be all that there are."""

    ADD = "add"
    REMOVE = "remove"
    SET = "set"


@dataclass(frozen=True, slots=True)
class NodeIds:
    """Any number of folders and connections, by their ids."""

    folders: Collection[int] = ()
    connections: Collection[int] = ()

    @classmethod
    def of(cls, node: Node) -> "NodeIds":
        return cls([node.pk]) if isinstance(node, Folder) else cls((), [node.pk])

    @property
    def parameters(self) -> dict[str, Any]:
        return {"folders": list(self.folders), "connections": list(self.connections)}


@dataclass(frozen=True, slots=True)
class Moved:
    """What other grants did to schemas: the id of the workspace for each that went, and for each that came back."""

    lost: Sequence[int] = ()
    returned: Sequence[int] = ()


def set_grants(node: Node, audiences: Iterable[Scope]) -> Moved:
    """Make these audiences exactly those that the node itself is granted to; what it inherits stays as it is.

    Raises ValidationError when an audience is outside the scope that owns the node; the database would refuse it too.
    """
    return change_grants(NodeIds.of(node), list(audiences), How.SET, owner=node.scope)


# The audiences as rows; a NULL is equal to a NULL.
_WANTED = "unnest(%(organizations)s::bigint[], %(workspaces)s::bigint[]) wanted(organization_id, workspace_id)"
_IS_WANTED = f"""
    EXISTS (SELECT FROM {_WANTED} WHERE wanted.organization_id IS NOT DISTINCT FROM g.organization_id
        AND wanted.workspace_id IS NOT DISTINCT FROM g.workspace_id)
"""  # noqa: S608
_DELETE = """
    DELETE FROM connections_grant g
    WHERE (g.folder_id = ANY(%(folders)s::bigint[]) OR g.connection_id = ANY(%(connections)s::bigint[])) AND {which}
"""
_INSERT = f"""
    INSERT INTO connections_grant (tenant_id, organization_id, workspace_id, folder_id, connection_id, created_at)
    SELECT %(tenant)s, wanted.organization_id, wanted.workspace_id, node.folder_id, node.connection_id, now()
    FROM {_WANTED} CROSS JOIN (
        SELECT unnest(%(folders)s::bigint[]) AS folder_id, NULL::bigint AS connection_id
        UNION ALL SELECT NULL, unnest(%(connections)s::bigint[])
    ) node
    ON CONFLICT (folder_id, connection_id, organization_id, workspace_id) DO NOTHING
"""  # noqa: S608


def change_grants(nodes: NodeIds, audiences: Sequence[Scope], how: How, *, owner: Scope) -> Moved:
    """Change who these nodes, which the owner owns, are granted to; what they inherit stays as it is.

    Schemas that a workspace may not use any more are kept for the days of grace, and are back with the next grant.
    So many statements for any number of nodes. Raises ValidationError when an audience is outside the owner.
    """
    for scope in audiences:
        _check_within(scope, owner)
    places = [audience_ids(scope) for scope in audiences]
    keys = nodes.parameters | {
        "tenant": owner.tenant.pk,
        "organizations": [organization_id for organization_id, _ in places],
        "workspaces": [workspace_id for _, workspace_id in places],
    }
    before, changed = out_of_reach(nodes), 0
    with database.cursor() as cursor:
        if how != How.ADD:
            which = _IS_WANTED if how == How.REMOVE else f"NOT {_IS_WANTED}"
            cursor.execute(_DELETE.format(which=which), keys)
            changed += cursor.rowcount
        if how != How.REMOVE and places:
            cursor.execute(_INSERT, keys)
            changed += cursor.rowcount
    if not changed:
        return Moved()
    return _move_schemas(nodes, before)


def regrant(grant: Grant, audience: Scope, node: Node) -> Moved:
    """Give a grant on a node another audience; it stays the same grant. Raises ValidationError as ``change_grants``."""
    _check_within(audience, node.scope)
    nodes = NodeIds.of(node)
    before = out_of_reach(nodes)
    grant.organization_id, grant.workspace_id = audience_ids(audience)
    grant.save(update_fields=["organization", "workspace"])
    return _move_schemas(nodes, before)


def change_reach(nodes: NodeIds, change: Callable[[], None]) -> Moved:
    """Do something by which these nodes inherit other grants, and move schemas accordingly."""
    before = out_of_reach(nodes)
    change()
    return _move_schemas(nodes, before)


def _move_schemas(nodes: NodeIds, before: Mapping[int, int]) -> Moved:
    """Mark the schemas that changed grants have put out of reach, and those that they brought back into it."""
    after, now = out_of_reach(nodes), timezone.now()
    lost, returned = after.keys() - before.keys(), before.keys() - after.keys()
    Schema.objects.filter(pk__in=lost).update(lost_at=now)
    Schema.objects.filter(pk__in=returned).update(lost_at=None, returned_at=now)
    return Moved([after[pk] for pk in lost], [before[pk] for pk in returned])


def forget_lost(*, before: datetime) -> None:
    """Delete the schemas of a tenant that revoked grants took before that moment, where no grant brought them back."""
    gone = out_of_reach(None)
    marked = Schema.objects.filter(lost_at__isnull=False)
    marked.exclude(pk__in=gone).update(lost_at=None)  # a move in AWS brought them back
    Schema.objects.filter(pk__in=gone, lost_at__lte=before).delete()


# Of the schemas at or below nodes, or of those that a revoked grant took, the ones whose workspace neither owns what
# was added nor has a grant for it. In steps, or the planner compares each with each.
_OUT_OF_REACH = """
    WITH touched AS MATERIALIZED (
        SELECT s.id, s.organization_id, s.workspace_id, s.connection_id, f.workspace_id AS owner_id,
            string_to_array(rtrim(f.path, '/'), '/')::bigint[] AS line
        FROM connections_schema s JOIN connections_folder f ON f.id = s.folder_id
        WHERE {of_folders}
        UNION ALL
        SELECT s.id, s.organization_id, s.workspace_id, s.connection_id, c.workspace_id,
            string_to_array(rtrim(coalesce(f.path, ''), '/'), '/')::bigint[]
        FROM connections_schema s JOIN connections_connection c ON c.id = s.connection_id
            LEFT JOIN connections_folder f ON f.id = c.folder_id
        WHERE {of_connections}
    )
    SELECT t.id, t.workspace_id FROM touched t
    WHERE t.owner_id IS DISTINCT FROM t.workspace_id AND NOT {is_granted}
"""
_IS_TOUCHED_GRANTED = IS_GRANTED.format(
    connection="t.connection_id", line="t.line", organization="t.organization_id", workspace="t.workspace_id"
)
_IS_BELOW = """
    EXISTS (SELECT FROM unnest(string_to_array(rtrim(f.path, '/'), '/')::bigint[]) above(id)
        WHERE above.id IN (SELECT unnest(%(folders)s::bigint[])))
"""
_BELOW = _OUT_OF_REACH.format(
    of_folders=_IS_BELOW,
    of_connections=f"c.id IN (SELECT unnest(%(connections)s::bigint[])) OR {_IS_BELOW}",
    is_granted=_IS_TOUCHED_GRANTED,
)
_MARKED = _OUT_OF_REACH.format(
    of_folders="s.lost_at IS NOT NULL", of_connections="s.lost_at IS NOT NULL", is_granted=_IS_TOUCHED_GRANTED
)


def out_of_reach(nodes: NodeIds | None) -> dict[int, int]:
    """Find the schemas at or below nodes, each with its workspace; without nodes those that are marked as lost."""
    with database.cursor() as cursor:
        cursor.execute(_BELOW if nodes else _MARKED, nodes.parameters if nodes else {})
        return dict(cursor.fetchall())


def _check_within(audience: Scope, owner: Scope) -> None:
    outer = (owner.organization, owner.workspace)
    inner = (audience.organization, audience.workspace)
    is_within = all(one in (None, other) for one, other in zip(outer, inner, strict=True))
    if audience.tenant != owner.tenant or not is_within:
        raise ValidationError(f"This belongs to {owner} and can only be shared within it.")

"""What goes for good: a tree, or all that an organization or a workspace owns.

Set-based: at any size the same few statements. Callers are bound to the tenant, in one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from connections import sharing
from connections.models import Connection, Folder
from connections.tree import ids_on
from workspaces.access import Scope
from workspaces.models import Workspace
from workspaces.places.deletion import Belongings, Going
from workspaces.places.deletion import register as register_belongings
from workspaces.web import remembered

# Below a folder lies what has a path that begins with its own, by anyone. A workspace that has a folder above it
# loses the connections too.
_COUNT: Final = """
    WITH below AS MATERIALIZED (SELECT id FROM connections_folder WHERE path ^@ %(path)s AND removed_at IS NULL),
    leaf AS MATERIALIZED (
        SELECT coalesce(sum(number), 0) + (%(connection)s::bigint IS NOT NULL)::int AS number FROM connections_tally
        WHERE folder_id = ANY(ARRAY(SELECT id FROM below))
    )
    SELECT (SELECT count(*) FROM below), (SELECT number::bigint FROM leaf), ARRAY(
        SELECT s.workspace_id FROM connections_schema s JOIN below ON below.id = s.folder_id WHERE s.lost_at IS NULL
        UNION
        SELECT s.workspace_id FROM connections_schema s JOIN connections_connection c ON c.id = s.connection_id
        WHERE s.lost_at IS NULL
            AND (c.id = %(connection)s OR (c.removed_at IS NULL AND c.folder_id IN (SELECT id FROM below)))
        UNION
        SELECT s.workspace_id FROM connections_schema s
        WHERE s.folder_id = ANY(%(above)s) AND s.lost_at IS NULL AND (SELECT number FROM leaf) > 0
    )
"""
_HIDE: Final = (
    """
    UPDATE connections_connection c SET removed_at = %(now)s FROM connections_folder f
    WHERE f.path ^@ %(path)s AND c.folder_id = f.id AND c.removed_at IS NULL
    """,
    "UPDATE connections_folder SET removed_at = %(now)s WHERE path ^@ %(path)s AND removed_at IS NULL",
)
# References first, after the grants. Django's own cascade would read every row to do the same.
_DELETE: Final = (
    "DELETE FROM connections_schema s USING connections_folder f WHERE f.path ^@ %(path)s AND s.folder_id = f.id",
    """
    DELETE FROM connections_schema s USING connections_connection c, connections_folder f
    WHERE f.path ^@ %(path)s AND c.folder_id = f.id AND s.connection_id = c.id
    """,
    """
    DELETE FROM connections_connection c USING connections_folder f WHERE f.path ^@ %(path)s AND c.folder_id = f.id
    """,
    "DELETE FROM connections_folder WHERE path ^@ %(path)s",
)
_OWNED: Final = ("connections_schema", "connections_aggregator", "connections_connection", "connections_folder")


@dataclass(frozen=True, slots=True)
class Extent:
    """What goes with a tree, in numbers; the top folder of a mirror is counted as a folder too."""

    folders: int
    connections: int
    workspace_ids: tuple[int, ...]

    @property
    def facts(self) -> dict[str, int]:
        return {"connections": self.connections, "folders": self.folders, "workspaces": len(self.workspace_ids)}


def extent_of(node: Folder | Connection) -> Extent:
    """Count a folder with what is below it, or one connection, and the workspaces that use any of it; one statement."""
    path, leaf = (node.path, None) if isinstance(node, Folder) else (None, node.pk)
    of_node = {"path": path, "connection": leaf, "above": ids_on(node.path_above)}
    ((folders, connections, workspace_ids),) = remembered.rows(_COUNT, of_node)
    return Extent(folders, connections, tuple(sorted(workspace_ids)))


def handles_of(workspace_ids: Iterable[int]) -> list[str]:
    """Name workspaces as people write them, ``org/workspace``, alphabetically."""
    found = Workspace.objects.filter(pk__in=workspace_ids).values_list("organization__handle", "handle")
    return sorted(f"{organization}/{handle}" for organization, handle in found)


def hide_tree(top: Folder, *, now: datetime) -> None:
    """Take a folder and all below it out of every list at once; the rows stay until they are deleted."""
    _execute(_HIDE, {"path": top.path, "now": now})


def delete_tree(top: Folder) -> None:
    """Delete a folder and all below it, with grants and schemas, for good."""
    sharing.delete_grants_below(top)
    _execute(_DELETE, {"path": top.path})


def _delete_owned(scope: Scope) -> Mapping[str, object]:
    """Delete all folders, connections, grants, schemas and aggregators of an organization or workspace."""
    sharing.delete_grants_of(scope)
    place = "workspace" if scope.workspace else "organization"
    statements = (f"DELETE FROM {table} WHERE {place}_id = %(place)s" for table in _OWNED)  # noqa: S608
    _execute(statements, {"place": scope.place.pk})
    return {}


def _execute(statements: Iterable[str], parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters)


def _going(scope: Scope) -> Sequence[Going]:
    if scope.workspace:
        number = Connection.objects.filter(workspace=scope.workspace, removed_at=None).count()
        return [Going(number, "connection of its own", "connections of its own")]
    number = Connection.objects.filter(organization=scope.organization, removed_at=None).count()
    return [Going(number, "connection", "connections")]


register_belongings(Belongings(_going, _delete_owned))

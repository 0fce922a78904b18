"""Which workspaces have something of a tree in their schema: the facts about the impact of a change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

# One statement however many workspaces there are; what grows with the tree are the two arrays of ids.
_USES = """
    WITH added AS (
        SELECT workspace_id, folder_id, connection_id FROM connections_schema
        WHERE folder_id = ANY(%(folders)s) OR connection_id = ANY(%(connections)s)
    )
    SELECT w.id, w.organization_id, o.handle || '/' || w.handle, w.search_path_prefix::text,
        array_remove(array_agg(a.folder_id), NULL), array_remove(array_agg(a.connection_id), NULL),
        (SELECT coalesce(json_agg(json_build_array(g.handle, g.patterns) ORDER BY g.handle), '[]')::text
            FROM connections_aggregator g WHERE g.workspace_id = w.id)
    FROM added a JOIN workspaces_workspace w ON w.id = a.workspace_id
        JOIN workspaces_organization o ON o.id = w.organization_id
    GROUP BY w.id, o.handle ORDER BY o.handle, w.handle
"""
# What a workspace owns it may use without a grant.
_GRANTS = """
    SELECT folder_id, connection_id, organization_id, workspace_id FROM connections_grant
    WHERE folder_id = ANY(%(folders)s) OR connection_id = ANY(%(connections)s)
    UNION ALL SELECT id, NULL, organization_id, workspace_id FROM connections_folder
    WHERE id = ANY(%(folders)s) AND workspace_id IS NOT NULL
    UNION ALL SELECT NULL, id, organization_id, workspace_id FROM connections_connection
    WHERE id = ANY(%(connections)s) AND workspace_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Use:
    """One workspace: what of the tree was added to it, and the names that people typed in it.

    ``aggregators`` are handles with their patterns.
    """

    workspace_id: int
    organization_id: int
    name: str
    search_path_prefix: Sequence[str]
    folder_ids: frozenset[int]
    connection_ids: frozenset[int]
    aggregators: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Granted:
    """Who may use a node of the tree; no organization and no workspace: the whole tenant."""

    folder_id: int | None
    connection_id: int | None
    organization_id: int | None
    workspace_id: int | None

    def covers(self, use: Use) -> bool:
        """Whether the workspace is among those that it is for."""
        return self.organization_id in (None, use.organization_id) and self.workspace_id in (None, use.workspace_id)


@dataclass(frozen=True, slots=True)
class Uses:
    """Who uses a tree, and who may."""

    workspaces: Sequence[Use]
    grants: Sequence[Granted]


def uses_of(folder_ids: Sequence[int], connection_ids: Sequence[int]) -> Uses:
    """Find the workspaces that have any of these nodes in their schema, and the grants on them, in two statements."""
    ids = {"folders": list(folder_ids), "connections": list(connection_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_USES, ids)
        workspaces = [
            Use(pk, organization_id, name, json.loads(prefix), frozenset(folders), frozenset(leaves), json.loads(typed))
            for pk, organization_id, name, prefix, folders, leaves, typed in cursor.fetchall()
        ]
        if not workspaces:
            return Uses((), ())
        cursor.execute(_GRANTS, ids)
        return Uses(workspaces, [Granted(*row) for row in cursor.fetchall()])

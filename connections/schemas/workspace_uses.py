"""Which workspaces have something of a tree in their schema: the facts about the impact of a change."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from connections.sharing import ASKED_ABOUT, GRANTED, IS_GRANTED, Granted

# One statement however many workspaces there are; what grows with the tree are the two arrays of ids. Each stands in a
# statement once: a hundred thousand ids are a megabyte.
_USES = f"""
    WITH {ASKED_ABOUT}, added AS (
        SELECT workspace_id, folder_id, connection_id FROM connections_schema
        WHERE (folder_id IN (SELECT id FROM asked_folder) OR connection_id IN (SELECT id FROM asked_connection))
            AND (%(only)s::bigint IS NULL OR workspace_id = %(only)s)
        UNION ALL SELECT %(only)s, NULL, NULL WHERE %(only)s::bigint IS NOT NULL
    ), used AS (
        SELECT o.handle || '/' || w.handle AS name, json_build_array(
            w.id, w.organization_id, o.handle || '/' || w.handle, w.search_path_prefix,
            array_remove(array_agg(a.folder_id), NULL), array_remove(array_agg(a.connection_id), NULL),
            (SELECT coalesce(json_agg(json_build_array(g.id, g.handle, g.patterns) ORDER BY g.handle), '[]')
                FROM connections_aggregator g WHERE g.workspace_id = w.id)
        ) AS fields
        FROM added a JOIN workspaces_workspace w ON w.id = a.workspace_id
            JOIN workspaces_organization o ON o.id = w.organization_id
        GROUP BY w.id, o.handle
    )
    SELECT (SELECT coalesce(json_agg(fields ORDER BY name), '[]')::text FROM used),
        (SELECT coalesce(json_agg(json_build_array(folder_id, connection_id, organization_id, workspace_id)), '[]')
            ::text FROM ({GRANTED}) granted)
"""  # noqa: S608
_IS_GRANTED = IS_GRANTED.format(
    connection="c.id",
    line="string_to_array(rtrim(f.path, '/'), '/')::bigint[]",
    organization="w.organization_id",
    workspace="w.id",
)
# What the workspaces have in use besides the tree: two names at most, which is enough to know whether all_aws exists
# and stops early, and those that were asked about.
_BESIDES = f"""
    WITH asked_connection AS MATERIALIZED (SELECT unnest(%(connections)s::bigint[]) AS id),
    whole AS MATERIALIZED (SELECT unnest(%(whole)s::bigint[]) AS id),
    besides AS MATERIALIZED (
        SELECT workspace_id, folder_id, connection_id FROM connections_schema
        WHERE workspace_id = ANY(%(workspaces)s)
            AND (connection_id IS NULL OR connection_id NOT IN (SELECT id FROM asked_connection))
            AND (folder_id IS NULL OR folder_id NOT IN (SELECT id FROM whole))
    ), added AS MATERIALIZED (
        SELECT s.workspace_id, s.folder_id, s.connection_id, f.path, rtrim(f.path, '/') || '0' AS path_end
        FROM besides s JOIN workspaces_workspace w ON w.id = s.workspace_id
            LEFT JOIN connections_connection c ON c.id = s.connection_id
            LEFT JOIN connections_folder f ON f.id = coalesce(s.folder_id, c.folder_id)
        WHERE (f.id IS NULL OR f.id NOT IN (SELECT id FROM whole)) AND (
            coalesce(c.workspace_id, f.workspace_id) = w.id OR {_IS_GRANTED}
        )
    ), named AS MATERIALIZED (
        SELECT c.id, c.handle, f.path FROM connections_connection c LEFT JOIN connections_folder f ON f.id = c.folder_id
        WHERE c.handle = ANY(%(names)s) AND c.removed_at IS NULL
            AND c.id NOT IN (SELECT id FROM asked_connection)
    ), used AS NOT MATERIALIZED (
        SELECT a.workspace_id, c.handle FROM added a JOIN connections_folder f
            ON a.folder_id IS NOT NULL AND f.path >= a.path AND f.path < a.path_end
            JOIN connections_connection c ON c.folder_id = f.id
        WHERE f.id NOT IN (SELECT id FROM whole)
            AND c.removed_at IS NULL AND c.plugin = 'aws' AND c.state = 'active'
            AND c.id NOT IN (SELECT id FROM asked_connection)
        UNION ALL
        SELECT a.workspace_id, c.handle FROM added a JOIN connections_connection c ON c.id = a.connection_id
        WHERE c.removed_at IS NULL AND c.plugin = 'aws' AND c.state = 'active'
            AND c.id NOT IN (SELECT id FROM asked_connection)
    )
    SELECT w.id, array_remove(ARRAY[one.handle, two.handle], NULL),
        ARRAY(
            SELECT DISTINCT n.handle FROM added a JOIN named n ON n.id = a.connection_id
                OR (a.folder_id IS NOT NULL AND n.path >= a.path AND n.path < a.path_end)
            WHERE a.workspace_id = w.id
        )
    FROM unnest(%(workspaces)s::bigint[]) w(id)
        LEFT JOIN LATERAL (SELECT u.handle FROM used u WHERE u.workspace_id = w.id LIMIT 1) one ON true
        LEFT JOIN LATERAL (
            SELECT u.handle FROM used u WHERE u.workspace_id = w.id AND u.handle <> one.handle LIMIT 1
        ) two ON true
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Use:
    """One workspace: what of the tree was added to it, and the names that people typed in it.

    ``aggregators`` are their ids and handles with their patterns. Of the connections that it has besides the tree,
    ``others`` are two names of usable AWS ones, or as many as there are, and ``taken`` those names that were asked
    about.
    """

    workspace_id: int
    organization_id: int
    name: str
    search_path_prefix: Sequence[str]
    folder_ids: frozenset[int]
    connection_ids: frozenset[int]
    aggregators: Sequence[tuple[int, str, Sequence[str]]]
    others: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Uses:
    workspaces: Sequence[Use]
    grants: Sequence[Granted]


def uses_of(
    folder_ids: Sequence[int],
    connection_ids: Sequence[int],
    *,
    names: Iterable[str],
    whole: Sequence[int] | None = None,
    only: int | None = None,
) -> Uses:
    """Find the workspaces that have any of these nodes in their schema, and the grants on them, in two statements.

    ``names`` are those to look for in what the workspaces have besides. The connections are all that the folders hold;
    where they are not, ``whole`` are those folders of which they are. ``only`` is the one workspace to look at, which
    is given in any case.
    """
    ids: dict[str, Any] = {"folders": list(folder_ids), "connections": list(connection_ids), "only": only}
    with connection.cursor() as cursor:
        cursor.execute(_USES, ids)
        used, granted = map(json.loads, cursor.fetchone())
        grants = [Granted(*row) for row in granted]
        if not used:
            return Uses((), grants)
        ids["workspaces"] = [pk for pk, *_ in used]
        ids |= {"whole": list(folder_ids if whole is None else whole), "names": list(set(names))}
        cursor.execute(_BESIDES, ids)
        besides = {pk: (frozenset(others), frozenset(taken)) for pk, others, taken in cursor.fetchall()}
    workspaces = [
        Use(pk, organization_id, name, prefix, frozenset(folders), frozenset(leaves), typed, *besides[pk])
        for pk, organization_id, name, prefix, folders, leaves, typed in used
    ]
    return Uses(workspaces, grants)

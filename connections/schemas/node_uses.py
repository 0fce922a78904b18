"""Who has something of one node in their schema, how much of it, and by which names: read from grants, schemas and
tallies, and of the connections only the few names that are asked for.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery

from connections.models import Connection, ConnectionState, Folder
from connections.schemas.aggregator_patterns import named_by
from connections.sharing import IS_GRANTED, Granted, Node
from connections.tree import ids_on, is_under

_MANY: Final = 5_000  # connections, of which the first are soon come upon in the order of an index

# What a grant or schema is about is the node, above it or below it; the tables of it are joined first.
_NODES = """
    LEFT JOIN connections_folder f ON f.id = {row}.folder_id
    LEFT JOIN connections_connection c ON c.id = {row}.connection_id
    LEFT JOIN connections_folder around ON around.id = c.folder_id
"""
_WITHIN = "coalesce({path} >= %(path)s AND {path} < %(path_end)s, false)"
_IS_HERE = f"""
    (f.id = ANY(%(line)s) OR c.id = %(leaf)s OR (f.removed_at IS NULL AND {_WITHIN.format(path="f.path")})
    OR (c.removed_at IS NULL AND around.removed_at IS NULL AND {_WITHIN.format(path="around.path")}))
"""
_FACTS = f"""
    WITH granted AS (
        SELECT g.folder_id, g.connection_id, g.organization_id, g.workspace_id
        FROM connections_grant g {_NODES.format(row="g")} WHERE g.tenant_id = %(tenant)s AND {_IS_HERE}
    ), added AS (
        SELECT s.workspace_id, s.folder_id, s.connection_id, coalesce(f.path, around.path, '') AS path,
            coalesce(nullif(f.title, ''), f.handle, c.handle) AS name, c.state
        FROM connections_schema s {_NODES.format(row="s")} WHERE s.tenant_id = %(tenant)s AND {_IS_HERE}
    ), used AS (
        SELECT o.handle || '/' || w.handle AS name, json_build_array(
            w.id, w.organization_id, o.handle || '/' || w.handle, w.search_path_prefix,
            json_agg(json_build_array(a.folder_id, a.connection_id, a.path, a.name, a.state) ORDER BY a.connection_id),
            (SELECT coalesce(json_agg(json_build_array(g.id, g.handle, g.patterns) ORDER BY g.handle), '[]')
                FROM connections_aggregator g WHERE g.workspace_id = w.id)
        ) AS fields
        FROM added a JOIN workspaces_workspace w ON w.id = a.workspace_id
            JOIN workspaces_organization o ON o.id = w.organization_id
        GROUP BY w.id, o.handle
    )
    SELECT (SELECT coalesce(json_agg(fields ORDER BY name), '[]')::text FROM used),
        (SELECT coalesce(json_agg(json_build_array(folder_id, connection_id, organization_id, workspace_id)), '[]')
            ::text FROM granted)
"""  # noqa: S608
# Of all of a mirror the tallies say themselves that they are of it.
_NUMBERS = """
    WITH top AS MATERIALIZED (SELECT path, rtrim(path, '/') || '0' AS path_end FROM unnest(%(paths)s::text[]) path)
    SELECT top.path, t.state, sum(t.number)::bigint
    FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end
        JOIN connections_tally t ON t.folder_id = f.id
    WHERE f.removed_at IS NULL GROUP BY top.path, t.state
    UNION ALL
    SELECT root_id || '/', state, sum(number)::bigint FROM connections_tally WHERE root_id = %(root)s GROUP BY 1, 2
"""
_NAMES = """
    SELECT c.handle, c.state FROM connections_folder f JOIN connections_connection c ON c.folder_id = f.id
    WHERE f.path >= top.path AND f.path < top.path_end AND f.removed_at IS NULL AND c.removed_at IS NULL OFFSET 0
"""
_FIRST = """
    SELECT path, ARRAY(SELECT handle FROM ({names}) named ORDER BY handle LIMIT {most}),
        ARRAY(SELECT handle FROM ({names}) named WHERE state = 'active' ORDER BY handle LIMIT {most})
    FROM (SELECT path, rtrim(path, '/') || '0' AS path_end FROM unnest(%s::text[]) path OFFSET 0) top
"""
# Two names that a workspace has in use beside the node, or as many as there are.
_BESIDES = f"""
    WITH added AS MATERIALIZED (
        SELECT s.workspace_id, s.folder_id, s.connection_id, f.path, rtrim(f.path, '/') || '0' AS path_end
        FROM connections_schema s JOIN workspaces_workspace w ON w.id = s.workspace_id
            LEFT JOIN connections_connection c ON c.id = s.connection_id
            LEFT JOIN connections_folder f ON f.id = coalesce(s.folder_id, c.folder_id)
        WHERE s.workspace_id = ANY(%(workspaces)s) AND NOT {_WITHIN.format(path="f.path")}
            AND (%(leaf)s::bigint IS NULL OR c.id IS DISTINCT FROM %(leaf)s)
            AND (coalesce(c.workspace_id, f.workspace_id) = w.id OR {
    IS_GRANTED.format(
        connection="c.id",
        line="string_to_array(rtrim(f.path, '/'), '/')::bigint[]",
        organization="w.organization_id",
        workspace="w.id",
    )
})
    ), used AS NOT MATERIALIZED (
        SELECT a.workspace_id, c.handle FROM added a JOIN connections_folder f
            ON a.folder_id IS NOT NULL AND f.path >= a.path AND f.path < a.path_end
            JOIN connections_connection c ON c.folder_id = f.id
        WHERE NOT {_WITHIN.format(path="f.path")} AND c.id IS DISTINCT FROM %(leaf)s
            AND c.removed_at IS NULL AND c.plugin = 'aws' AND c.state = 'active'
        UNION ALL
        SELECT a.workspace_id, c.handle FROM added a JOIN connections_connection c ON c.id = a.connection_id
        WHERE c.removed_at IS NULL AND c.plugin = 'aws' AND c.state = 'active'
    )
    SELECT w.id, array_remove(ARRAY[one.handle, two.handle], NULL)
    FROM unnest(%(workspaces)s::bigint[]) w(id)
        LEFT JOIN LATERAL (SELECT u.handle FROM used u WHERE u.workspace_id = w.id LIMIT 1) one ON true
        LEFT JOIN LATERAL (
            SELECT u.handle FROM used u WHERE u.workspace_id = w.id AND u.handle <> one.handle LIMIT 1
        ) two ON true
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Added:
    """What somebody added to a schema: a folder by title, or a connection by handle, and the path of that folder."""

    folder_id: int | None
    connection_id: int | None
    path: str
    name: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Owner:
    """One workspace: what it has added of the node, around it or below it, and the names that people typed in it."""

    workspace_id: int
    organization_id: int
    name: str
    search_path_prefix: Sequence[str]
    added: Sequence[Added]
    aggregators: Sequence[tuple[int, str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is: the folders from the top down to it, and either its own path or its id as a connection."""

    node: Node
    line: Sequence[int]
    path: str | None
    leaf: int | None

    @classmethod
    def of(cls, node: Node) -> "Place":
        if isinstance(node, Folder):
            return cls(node, ids_on(node.path), node.path, None)
        return cls(node, ids_on(node.path_above), None, node.pk)

    @property
    def keys(self) -> dict[str, Any]:
        path_end = f"{self.path.rstrip('/')}0" if self.path else None
        own = {"line": list(self.line), "path": self.path, "path_end": path_end, "leaf": self.leaf}
        return own | {"tenant": self.node.tenant_id}

    @property
    def connections(self) -> QuerySet[Connection]:
        """The connections of the node's scope."""
        node = self.node
        scope = {"tenant": node.tenant_id, "organization": node.organization_id, "workspace": node.workspace_id}
        return Connection.objects.filter(**scope, removed_at=None)

    @property
    def usable(self) -> QuerySet[Connection]:
        return self.connections.filter(state=ConnectionState.ACTIVE)

    def read_facts(self) -> tuple[list[Owner], list[Granted]]:
        """Find who has added something of it, and all grants on it, above it and below it."""
        (row,) = _read(_FACTS, self.keys)
        used, granted = map(json.loads, row)
        grants = [Granted(*each) for each in granted]
        if self.node.workspace_id:
            folder_id = None if self.leaf else self.line[0]
            grants.append(Granted(folder_id, self.leaf, self.node.organization_id, self.node.workspace_id))
        owners = [
            Owner(pk, organization_id, name, prefix, [Added(*one) for one in added], typed)
            for pk, organization_id, name, prefix, added, typed in used
        ]
        return owners, grants

    def read_numbers(self, paths: Collection[str]) -> dict[str, Counter[str]]:
        """Say how many connections there are in these folders and below them, by their states."""
        numbers: dict[str, Counter[str]] = {path: Counter() for path in paths}
        whole = f"{self.node.root_id}/"
        keys = {"paths": list(numbers.keys() - {whole}), "root": self.node.root_id if whole in numbers else None}
        for path, state, number in _read(_NUMBERS, keys) if numbers else ():
            numbers[path][state] = number
        return numbers

    def read_first_names(
        self, numbers: Mapping[str, Counter[str]], *, most: int
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Give the first names in each of these folders and below them, and the first that can be used."""
        if not numbers:
            return {}
        few = [path for path, states in numbers.items() if states.total() < _MANY]
        parts = [_FIRST.format(names=_NAMES, most=most)]
        parameters: list[Any] = [few]
        for path in numbers.keys() - few:
            parts.append("SELECT %s, ARRAY({}), ARRAY({})")
            parameters.append(path)
            for connections in (self.connections, self.usable):
                inside = connections.alias(is_there=_is_at(path)).filter(is_there=True)
                ordered = inside.order_by("organization", "workspace", "handle").values("handle")[:most]
                statement, own = ordered.query.sql_with_params()
                parts[-1] = parts[-1].replace("{}", statement, 1)
                parameters += own
        return {path: (first, usable) for path, first, usable in _read(" UNION ALL ".join(parts), parameters)}

    def read_named(self, names: Collection[str]) -> list[tuple[int, str, str]]:
        """Find what has one of these names and can be used: its id and name, and the path of the folder around it."""
        if not names:
            return []
        found = self.usable.filter(handle__in=names).values_list("pk", "handle", "folder__path")
        return [(pk, name, path or "") for pk, name, path in found]

    def read_matching(
        self, asked: Iterable[tuple[Collection[str], Sequence[str]]], *, most: int
    ) -> list[tuple[int, list[str]]]:
        """Count what patterns match in folders and below them and can be used, for each pair, with the first names."""
        parts, parameters = list[str](), list[Any]()
        for paths, patterns in asked:
            matching = self.usable.filter(named_by(patterns), Q(is_under("folder_id", paths))).values("handle")
            statement, own = matching.query.sql_with_params()
            parts.append(
                f"SELECT {len(parts)}, count(*), (array_agg(handle ORDER BY handle))[1:{most}] FROM ({statement}) m"  # noqa: S608
            )
            parameters += own
        found = sorted(_read(" UNION ALL ".join(parts), parameters)) if parts else []
        return [(number, names or []) for _, number, names in found]

    def read_besides(self, workspace_ids: Collection[int]) -> dict[int, list[str]]:
        """Give two names that each workspace has in use beside the node, of AWS and usable, or as many as there are."""
        return dict(_read(_BESIDES, self.keys | {"workspaces": list(workspace_ids)})) if workspace_ids else {}


def _is_at(path: str) -> Subquery:
    """Say of a connection whether its folder is there, looked up for each: few are looked at, for they are many."""
    around = Folder.objects.filter(pk=OuterRef("folder_id"))
    is_there = ExpressionWrapper(Q(path__under=path), output_field=BooleanField())
    return Subquery(around.values_list(is_there))


def _read(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

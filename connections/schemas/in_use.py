"""What a workspace has in use, computed when it is read: what was added to it and may (still) be used.

A row of Schema says only what somebody added. Connections of an added folder are in use without rows of their own, and
what went out of reach, by a change in AWS or a revoked grant, is hidden until it
comes back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Q, QuerySet

from connections.models import Aggregator, Connection, ConnectionState
from connections.sharing import IS_VISIBLE, VISIBLE, VISIBLE_TOPS, Visible
from connections.tree import Cover, among, ids_on
from workspaces.access import Scope
from workspaces.models import Workspace
from workspaces.web import remembered

IS_USABLE = Q(state=ConnectionState.ACTIVE)

_LINE = """
    SELECT coalesce(json_agg(
            json_build_array(f.id, coalesce(nullif(f.title, ''), f.handle), f.handle, f.managed_by,
                f.organization_id, f.workspace_id)
            ORDER BY length(f.path)), '[]')::text
    FROM connections_folder f JOIN connections_folder here
        ON f.id = ANY(string_to_array(rtrim(here.path, '/'), '/')::bigint[])
    WHERE here.id = %(here)s AND here.removed_at IS NULL
"""
# Everything that is set up in a workspace, in one statement; nothing here grows with the tree.
_CONTENTS = f"""
    WITH {VISIBLE}, added AS MATERIALIZED (
        SELECT s.folder_id, s.connection_id, s.added_at, coalesce(s.returned_at, s.added_at) AS since,
            f.path, f.root_id = f.id AS is_mirror, f.removed_at,
            coalesce(nullif(f.title, ''), f.handle) AS title, f.organization_id, f.workspace_id AS owner_id
        FROM connections_schema s LEFT JOIN connections_folder f ON f.id = s.folder_id
        WHERE s.workspace_id = %(workspace)s
    ), added_folder AS MATERIALIZED (
        SELECT a.folder_id, a.added_at, a.since, a.path, a.is_mirror, a.title, a.organization_id, a.owner_id
        FROM added a WHERE a.removed_at IS NULL AND {IS_VISIBLE.format(path="a.path")}
    ), added_connection AS (
        SELECT c.id, a.since, c.organization_id, c.workspace_id AS owner_id
        FROM added a JOIN connections_connection c ON c.id = a.connection_id
            LEFT JOIN connections_folder f ON f.id = c.folder_id
        WHERE c.workspace_id = %(workspace)s OR c.id IN (SELECT connection_id FROM granted)
            OR {IS_VISIBLE.format(path="f.path")}
    )
    SELECT
        {VISIBLE_TOPS},
        (SELECT coalesce(json_agg(json_build_array(folder_id, title, added_at, since, path, is_mirror)), '[]')::text
            FROM added_folder),
        (SELECT coalesce(json_agg(json_build_array(id, since)), '[]')::text FROM added_connection),
        (SELECT coalesce(json_agg(json_build_array(organization_id, owner_id)), '[]')::text FROM (
            SELECT organization_id, owner_id FROM added_folder
            UNION SELECT organization_id, owner_id FROM added_connection
        ) AS scope),
        (SELECT coalesce(json_agg(json_build_array(id, handle, patterns, created_at) ORDER BY handle), '[]')::text
            FROM connections_aggregator WHERE workspace_id = %(workspace)s),
        ({_LINE})
"""  # noqa: S608
_NUMBERS = """
    WITH top AS MATERIALIZED (SELECT path, rtrim(path, '/') || '0' AS path_end FROM unnest(%(others)s::text[]) path),
    covered AS MATERIALIZED (
        SELECT f.id FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end
    )
    SELECT plugin, state, sum(number)::bigint FROM (
        SELECT plugin, state, number FROM connections_tally WHERE root_id = ANY(%(mirrors)s)
        UNION ALL
        SELECT plugin, state, number FROM connections_tally JOIN covered ON covered.id = folder_id
        UNION ALL
        SELECT plugin, state, 1 FROM connections_connection WHERE id = ANY(%(single)s) AND removed_at IS NULL
            AND coalesce(root_id <> ALL(%(mirrors)s), true)
            AND (folder_id IS NULL OR folder_id NOT IN (SELECT id FROM covered))
    ) AS alike GROUP BY plugin, state
"""
_WALKED_FROM = 5_000  # connections in use


@dataclass(frozen=True, slots=True)
class AddedFolder:
    """A folder that was added to a workspace, with all its present and future connections.

    ``since`` is later than ``added_at`` where a revoked grant took it and another one gave it back.
    """

    id: int
    title: str
    added_at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class FolderOnLine:
    """One of the folders from the top of the tree down to one that was asked about."""

    id: int
    title: str
    handle: str
    managed_by: str
    organization_id: int | None
    workspace_id: int | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What one workspace may use, and what of it was added.

    ``scopes``, by their organization and workspace, are those that what is in use belongs to. ``line`` leads from the
    top of the tree down to the folder that was asked about, that one included.
    """

    visible: Visible
    folders: Mapping[int, AddedFolder]
    connections_since: Mapping[int, datetime]
    cover: Cover
    scopes: Sequence[tuple[int | None, int | None]]
    aggregators: Sequence[Aggregator]
    line: Sequence[FolderOnLine]

    @property
    def path(self) -> str:
        """The path of the folder at the end of the line."""
        return "".join(f"{folder.id}/" for folder in self.line)

    @property
    def usable(self) -> QuerySet[Connection]:
        """The connections in use that can be used: what aggregators unite, and what is on the search path."""
        return self.connections.filter(IS_USABLE)

    @property
    def connections(self) -> QuerySet[Connection]:
        """The connections in use, disabled ones included."""
        return self._used(self.cover.connections())

    def ordered(self, number: int) -> QuerySet[Connection]:
        """The same, where a few are read of so many that they are soon come upon in the order of an index."""
        return self._used(self.cover.connections(in_order=number >= _WALKED_FROM))

    @property
    def by_folder(self) -> QuerySet[Connection]:
        """The same, where an index has all that is looked at: handle, folder and state."""
        return self._used(self.cover.by_folder)

    def _used(self, is_covered: Q) -> QuerySet[Connection]:
        used = is_covered
        if self.connections_since:  # or the planner could not join by the folders alone
            used |= Q(id__in=among(self.connections_since))
        found = Connection.objects.filter(used, removed_at=None)
        if len(self.scopes) != 1:
            return found
        ((organization_id, workspace_id),) = self.scopes
        return found.filter(organization=organization_id, workspace=workspace_id)

    def numbers(self) -> list[tuple[str, str, int]]:
        """Say how many of which plugin are in which state, from the tallies of the folders."""
        ids = {"others": self.cover.others, "mirrors": self.cover.mirrors, "single": list(self.connections_since)}
        return remembered.rows(_NUMBERS, ids)

    @property
    def by_name(self) -> Sequence[str]:
        """What orders connections in use by their handles, in one scope as an index does."""
        return ("organization", "workspace", "handle", "id") if self.has_one_scope else ("handle", "id")

    @property
    def has_one_scope(self) -> bool:
        """Whether no two in use can have one handle: names need not be told apart, and are found by the index."""
        return len(self.scopes) < 2

    def covering(self, path: str) -> AddedFolder | None:
        """Find the added folder on this path, a folder's own or that of a connection's folder."""
        return next((self.folders[folder_id] for folder_id in ids_on(path) if folder_id in self.folders), None)

    def in_use_since(self, connection_id: int, path: str) -> datetime:
        """Return since when a connection is in use: by itself or with a folder above it, whichever came first."""
        moments = [self.folders[folder_id].since for folder_id in ids_on(path) if folder_id in self.folders]
        if connection_id in self.connections_since:
            moments.append(self.connections_since[connection_id])
        return min(moments)


def workspace_of(scope: Scope) -> Workspace:
    """Give the workspace of a workspace's scope; raises ValueError for another one."""
    if scope.workspace is None:
        raise ValueError(f"{scope} is no workspace.")
    return scope.workspace


def contents(workspace: Workspace, *, folder_id: int | None = None) -> Contents:
    """Find what a workspace has, in one statement; ``folder_id`` is the folder whose line is wanted, if any."""
    keys = {
        "tenant": workspace.tenant_id,
        "organization": workspace.organization_id,
        "workspace": workspace.pk,
        "here": folder_id,
    }
    paths, mirrors, connection_ids, *rows = _read(keys)
    folders, connections, scopes, aggregators, line = (json.loads(text) for text in rows)
    return Contents(
        visible=Visible(workspace, Cover(paths, mirrors), connection_ids),
        folders={
            pk: AddedFolder(pk, title, datetime.fromisoformat(at), datetime.fromisoformat(since))
            for pk, title, at, since, _, _ in folders
        },
        connections_since={pk: datetime.fromisoformat(at) for pk, at in connections},
        cover=Cover([path for *_, path, _ in folders], [pk for pk, *_, is_mirror in folders if is_mirror]),
        scopes=[(organization_id, workspace_id) for organization_id, workspace_id in scopes],
        aggregators=[_aggregator(workspace, *row) for row in aggregators],
        line=[FolderOnLine(*row) for row in line],
    )


def _read(keys: Mapping[str, int | None]) -> Sequence[Any]:
    """Read it all; what is remembered is the same for each line, for its ids are many."""
    key = (_CONTENTS, {name: value for name, value in keys.items() if name != "here"})
    if found := remembered.look_up(*key):
        ((line,),) = remembered.rows(_LINE, keys) if keys["here"] else (("[]",),)
        return [*found[0], line]
    with database.cursor() as cursor:
        cursor.execute(_CONTENTS, keys)
        *rest, line = cursor.fetchone()
    remembered.keep(rest, *key)
    return [*rest, line]


def _aggregator(workspace: Workspace, pk: int, handle: str, patterns: list[str], created_at: str) -> Aggregator:
    own: dict[str, Any] = {"id": pk, "handle": handle, "patterns": patterns}
    keys = {"tenant_id": workspace.tenant_id, "organization_id": workspace.organization_id, "workspace": workspace}
    return Aggregator(**own, **keys, created_at=datetime.fromisoformat(created_at))

"""What is in the schema of a workspace, whichever it is: the fact about a node, and not about one workspace."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection as database
from django.db.models import Q

from connections.sharing import IS_GRANTED
from connections.tree import among
from workspaces.access import Scope

_IS_GRANTED = IS_GRANTED.format(
    connection="a.connection_id", line="a.line", organization="a.organization_id", workspace="a.workspace_id"
)
# Of what was added, that which the workspace owns or has a grant for; a folder with all below it.
_USED = f"""
    WITH added AS MATERIALIZED (
        SELECT s.folder_id, s.connection_id, s.organization_id, s.workspace_id, f.path,
            coalesce(c.workspace_id, f.workspace_id) AS owner_id,
            string_to_array(rtrim(coalesce(f.path, ''), '/'), '/')::bigint[] AS line
        FROM connections_schema s LEFT JOIN connections_connection c ON c.id = s.connection_id
            LEFT JOIN connections_folder f ON f.id = coalesce(s.folder_id, c.folder_id)
        WHERE s.tenant_id = %(tenant)s AND (%(organization)s::bigint IS NULL OR s.organization_id = %(organization)s)
    ), reached AS MATERIALIZED (
        SELECT a.folder_id, a.connection_id, a.path FROM added a WHERE a.owner_id = a.workspace_id OR {_IS_GRANTED}
    ), top AS MATERIALIZED (
        SELECT DISTINCT path, rtrim(path, '/') || '0' AS path_end FROM reached WHERE folder_id IS NOT NULL
    )
    SELECT
        ARRAY(SELECT DISTINCT f.id FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end),
        ARRAY(SELECT DISTINCT connection_id FROM reached WHERE connection_id IS NOT NULL)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Used:
    """The condition of what is in folders of which all is in a schema, and connections that were added one by one."""

    in_folders: Q
    connection_ids: Collection[int]

    @property
    def condition(self) -> Q:
        # Without a folder the first part would be neither true nor false, and its opposite neither.
        return (Q(folder_id__isnull=False) & self.in_folders) | Q(pk__in=among(self.connection_ids))


def used_anywhere(scope: Scope) -> Used:
    """Find what any workspace of the scope has in its schema, in one statement."""
    keys = {"tenant": scope.tenant.pk, "organization": scope.organization.pk if scope.organization else None}
    with database.cursor() as cursor:
        cursor.execute(_USED, keys)
        folder_ids, connection_ids = cursor.fetchone()
        return Used(Q(folder_id__in=among(folder_ids)), connection_ids)

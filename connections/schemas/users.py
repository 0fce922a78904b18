"""Which workspaces have one node in use: where it, or a folder above it, was added and may (still) be used."""

from django.db import connection
from django.db.models import QuerySet

from connections.models import Folder
from connections.sharing import IS_GRANTED, Node
from connections.tree import ids_on
from workspaces.models import Workspace

_USING = f"""
    SELECT DISTINCT s.workspace_id FROM connections_schema s LEFT JOIN connections_folder f ON f.id = s.folder_id
    WHERE (s.folder_id = ANY(%(line)s::bigint[]) OR s.connection_id = %(leaf)s) AND (s.workspace_id = %(owner)s OR {
    IS_GRANTED.format(
        connection="s.connection_id",
        line="coalesce(string_to_array(rtrim(f.path, '/'), '/')::bigint[], %(line)s::bigint[])",
        organization="s.organization_id",
        workspace="s.workspace_id",
    )
})
"""  # noqa: S608


def using(node: Node) -> QuerySet[Workspace]:
    """Find them, in one statement before that which reads them."""
    line, leaf = ids_on(node.path_above), None if isinstance(node, Folder) else node.pk
    if isinstance(node, Folder):
        line.append(node.pk)
    with connection.cursor() as cursor:
        cursor.execute(_USING, {"line": line, "leaf": leaf, "owner": node.workspace_id})
        return Workspace.objects.filter(pk__in=[pk for (pk,) in cursor.fetchall()])

"""The grants on nodes: reading them, and deleting those of what goes."""

from collections.abc import Iterable

from django.db import connection as database
from django.db.models import Q

from connections.models import Folder, Grant
from connections.sharing.visible import Node
from connections.tree import ids_on
from workspaces.access import Scope


def grants_on(node: Node) -> list[Grant]:
    """List the grants that were made on the node itself."""
    return list(Grant.objects.filter(**node.key).select_related("tenant", "organization", "workspace"))


def inherited_grants(node: Node) -> list[Grant]:
    """List what the node has from the folders above it, topmost first; ``grant.folder`` is the origin."""
    above = ids_on(node.path_above)
    grants = Grant.objects.filter(folder_id__in=above).select_related("tenant", "folder", "organization", "workspace")
    return sorted(grants, key=lambda grant: above.index(grant.folder_id or 0))


# References go before what they refer to. Django's own cascade would read every row to do the same.
_DELETE_BELOW = (
    "DELETE FROM connections_grant g USING connections_folder f WHERE f.path ^@ %(path)s AND g.folder_id = f.id",
    """
    DELETE FROM connections_grant g USING connections_connection c, connections_folder f
    WHERE f.path ^@ %(path)s AND c.folder_id = f.id AND g.connection_id = c.id
    """,
)


def delete_grants_below(top: Folder) -> None:
    """Delete the grants on a folder that goes, and on all below it; schemas are the caller's."""
    with database.cursor() as cursor:
        for statement in _DELETE_BELOW:
            cursor.execute(statement, {"path": top.path})


def delete_grants_of(scope: Scope) -> None:
    """Delete the grants to an organization (with its workspaces) or a workspace that goes."""
    of_it = Q(workspace=scope.workspace) if scope.workspace else Q(organization=scope.organization)
    Grant.objects.filter(of_it).delete()


def audience_of(grant: Grant) -> Scope:
    return Scope(grant.tenant, grant.organization, grant.workspace)


def audience_ids(scope: Scope) -> tuple[int | None, int | None]:
    """Give the organization and the workspace that a grant for this scope names."""
    organization, workspace = scope.organization, scope.workspace
    return organization.pk if organization else None, workspace.pk if workspace else None


def fingerprint(grants: Iterable[Grant]) -> str:
    """Write the audiences of grants in one line, which shows a person that somebody else has changed them meanwhile."""
    return " ".join(sorted(f"{grant.organization_id or 0}/{grant.workspace_id or 0}" for grant in grants))

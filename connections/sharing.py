"""Who may use a folder or a connection; the only module that reads and writes grants.

An audience is a scope: the tenant stands for all its organizations and their workspaces, an organization for all its
workspaces, a workspace for itself. A grant on a folder covers all below it, now and later. Grants only add.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from connections.models import Connection, Folder, Grant
from connections.tree import ids_on
from workspaces.access import Scope

Node = Folder | Connection


def set_grants(node: Node, audiences: Iterable[Scope]) -> None:
    """Make these audiences exactly those that the node itself is granted to; what it inherits stays as it is.

    Raises ValidationError when an audience is outside the scope that owns the node; the database would refuse it too.
    """
    owner = Scope(node.tenant, node.organization, node.workspace)
    wanted = {_audience(scope) for scope in audiences}
    for organization_id, workspace_id in wanted:
        outside_organization = node.organization_id is not None and organization_id != node.organization_id
        outside_workspace = node.workspace_id is not None and workspace_id != node.workspace_id
        if outside_organization or outside_workspace:
            raise ValidationError(f"{node} belongs to {owner} and can only be shared within it.")
    existing = {(grant.organization_id, grant.workspace_id): grant.pk for grant in grants_on(node)}
    Grant.objects.filter(pk__in=[pk for audience, pk in existing.items() if audience not in wanted]).delete()
    Grant.objects.bulk_create(
        Grant(tenant_id=node.tenant_id, organization_id=organization_id, workspace_id=workspace_id, **_key(node))
        for organization_id, workspace_id in wanted - existing.keys()
    )


def grants_on(node: Node) -> list[Grant]:
    """List the grants that were made on the node itself."""
    return list(Grant.objects.filter(**_key(node)).select_related("organization", "workspace"))


def inherited_grants(node: Node) -> list[Grant]:
    """List what the node has from the folders above it, topmost first; ``grant.folder`` is the origin."""
    above = ids_on(node.folder.path if node.folder else "") if isinstance(node, Connection) else ids_on(node.path)[:-1]
    grants = Grant.objects.filter(folder_id__in=above).select_related("folder", "organization", "workspace")
    return sorted(grants, key=lambda grant: above.index(grant.folder_id or 0))


def _audience(scope: Scope) -> tuple[int | None, int | None]:
    organization, workspace = scope.organization, scope.workspace
    return organization.pk if organization else None, workspace.pk if workspace else None


def _key(node: Node) -> dict[str, Node]:
    return {"folder": node} if isinstance(node, Folder) else {"connection": node}

"""Who may use a folder or a connection; the only module that reads and writes grants.

An audience is a scope: the tenant stands for all its organizations and their workspaces, an organization for all its
workspaces, a workspace for itself. A grant on a folder covers all below it, now and later. Grants only add.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db.models import Q, QuerySet
from django.utils import timezone

from connections.models import Connection, Folder, Grant, Schema
from connections.tree import ids_on
from workspaces.access import Scope
from workspaces.models import Workspace

Node = Folder | Connection


@dataclass(frozen=True, slots=True)
class Moved:
    """What other grants did to schemas: the id of the workspace for each that went, and for each that came back."""

    lost: Sequence[int] = ()
    returned: Sequence[int] = ()


def set_grants(node: Node, audiences: Iterable[Scope]) -> Moved:
    """Make these audiences exactly those that the node itself is granted to; what it inherits stays as it is.

    Schemas that a workspace may not use any more are kept for the days of grace, and are back with the next grant.
    Raises ValidationError when an audience is outside the scope that owns the node; the database would refuse it too.
    """
    scopes = list(audiences)
    if not all(_is_within(scope, node) for scope in scopes):
        owner = Scope(node.tenant, node.organization, node.workspace)
        raise ValidationError(f"{node} belongs to {owner} and can only be shared within it.")
    wanted = {audience_ids(scope) for scope in scopes}
    existing = {(grant.organization_id, grant.workspace_id): grant.pk for grant in grants_on(node)}
    if wanted == existing.keys():
        return Moved()
    before = _out_of_reach(node)
    Grant.objects.bulk_create(
        Grant(tenant_id=node.tenant_id, organization_id=organization_id, workspace_id=workspace_id, **_key(node))
        for organization_id, workspace_id in wanted - existing.keys()
    )
    Grant.objects.filter(pk__in=[pk for audience, pk in existing.items() if audience not in wanted]).delete()
    after, now = _out_of_reach(node), timezone.now()
    lost, returned = after.keys() - before.keys(), before.keys() - after.keys()
    Schema.objects.filter(pk__in=lost).update(lost_at=now)
    Schema.objects.filter(pk__in=returned).update(lost_at=None, returned_at=now)
    return Moved([after[pk] for pk in lost], [before[pk] for pk in returned])


def forget_lost(*, before: datetime) -> None:
    """Delete the schemas of a tenant that revoked grants took before that moment, where no grant brought them back."""
    gone = _out_of_reach(None)
    marked = Schema.objects.filter(lost_at__isnull=False)
    marked.exclude(pk__in=gone).update(lost_at=None)  # a move in AWS brought them back
    Schema.objects.filter(pk__in=gone, lost_at__lte=before).delete()


# Of the schemas at or below a node, or of those that a revoked grant took, the ones whose workspace neither owns what
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
    WHERE t.owner_id IS DISTINCT FROM t.workspace_id AND NOT EXISTS (
        SELECT 1 FROM connections_grant g
        WHERE (g.connection_id = t.connection_id OR g.folder_id = ANY(t.line))
            AND (g.organization_id IS NULL OR g.organization_id = t.organization_id)
            AND (g.workspace_id IS NULL OR g.workspace_id = t.workspace_id)
    )
"""
_BELOW = _OUT_OF_REACH.format(
    of_folders="f.path ^@ %(path)s", of_connections="c.id = %(connection)s OR f.path ^@ %(path)s"
)
_MARKED = _OUT_OF_REACH.format(of_folders="s.lost_at IS NOT NULL", of_connections="s.lost_at IS NOT NULL")


def _out_of_reach(node: Node | None) -> dict[int, int]:
    """Find the schemas, each with its workspace; without a node those that are marked as lost."""
    path, leaf = (node.path, None) if isinstance(node, Folder) else (None, node.pk if node else None)
    with database.cursor() as cursor:
        cursor.execute(_BELOW if node else _MARKED, {"path": path, "connection": leaf})
        return dict(cursor.fetchall())


def grants_on(node: Node) -> list[Grant]:
    """List the grants that were made on the node itself."""
    return list(Grant.objects.filter(**_key(node)).select_related("tenant", "organization", "workspace"))


def inherited_grants(node: Node) -> list[Grant]:
    """List what the node has from the folders above it, topmost first; ``grant.folder`` is the origin."""
    above = ids_on(node.folder.path if node.folder else "") if isinstance(node, Connection) else ids_on(node.path)[:-1]
    grants = Grant.objects.filter(folder_id__in=above).select_related("tenant", "folder", "organization", "workspace")
    return sorted(grants, key=lambda grant: above.index(grant.folder_id or 0))


@dataclass(frozen=True, slots=True)
class Visible:
    """What one workspace may use: the folders that grants cover, and connections that were granted one by one."""

    workspace: Workspace
    folder_ids: list[int]
    connection_ids: list[int]

    @property
    def folders(self) -> QuerySet[Folder]:
        """The folders, removed ones left out."""
        return Folder.objects.filter(id__in=self.folder_ids, removed_at=None)

    @property
    def connections(self) -> QuerySet[Connection]:
        """The connections, removed ones left out."""
        own = Q(workspace=self.workspace)
        covered = Q(folder_id__in=self.folder_ids) | Q(id__in=self.connection_ids)
        return Connection.objects.filter(own | covered, removed_at=None)


# Grants to this workspace, to its organization or to the whole tenant, and the workspace's own folders, widened to all
# that lies below: a subtree is a range of paths, up to the same with "0" (the character after "/") at its end. That end
# is worked out before the join: under row-level security, the index is used with nothing that calls a function.
# Ids first, rows later: one statement for both is far slower when little is visible in a big tree. Materialized: right
# after a first import there are no statistics, and the planner would join all with all (13 s for 500 folders).
VISIBLE = """
    granted AS (
        SELECT folder_id, connection_id FROM connections_grant
        WHERE tenant_id = %(tenant)s AND (organization_id IS NULL OR organization_id = %(organization)s)
            AND (workspace_id IS NULL OR workspace_id = %(workspace)s)
    ), top AS MATERIALIZED (
        SELECT path, rtrim(path, '/') || '0' AS path_end
        FROM connections_folder WHERE id IN (SELECT folder_id FROM granted)
        UNION ALL
        SELECT path, rtrim(path, '/') || '0' FROM connections_folder
        WHERE workspace_id = %(workspace)s AND parent_id IS NULL
    ), visible_folder AS MATERIALIZED (
        SELECT DISTINCT f.id FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end
    )
"""


def audience_of(grant: Grant) -> Scope:
    """Give the scope that a grant is for."""
    return Scope(grant.tenant, grant.organization, grant.workspace)


def audience_ids(scope: Scope) -> tuple[int | None, int | None]:
    """Give the organization and the workspace that a grant for this scope names."""
    organization, workspace = scope.organization, scope.workspace
    return organization.pk if organization else None, workspace.pk if workspace else None


def fingerprint(grants: Iterable[Grant]) -> str:
    """Spell grants so that two people who change them at once can be told; equal for equal audiences."""
    return " ".join(sorted(f"{grant.organization_id or 0}/{grant.workspace_id or 0}" for grant in grants))


def _is_within(scope: Scope, node: Node) -> bool:
    organization_id, workspace_id = audience_ids(scope)
    return (
        scope.tenant.pk == node.tenant_id
        and node.organization_id in (None, organization_id)
        and node.workspace_id in (None, workspace_id)
    )


def _key(node: Node) -> dict[str, Node]:
    return {"folder": node} if isinstance(node, Folder) else {"connection": node}

"""Who may use a folder or a connection; the only module that reads and writes grants, and knows what one covers.

An audience is a scope: the tenant stands for all its organizations and their workspaces, an organization for all its
workspaces, a workspace for itself. A grant on a folder covers all below it, now and later. Grants only add. What a
workspace owns it may use without one.
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

# The audience of a row of grants is a workspace of that organization; SQL expressions are filled in.
_IS_FOR = """
    ({grant}.organization_id IS NULL OR {grant}.organization_id = {organization})
    AND ({grant}.workspace_id IS NULL OR {grant}.workspace_id = {workspace})
"""
# Some grant covers a connection (or nothing, for NULL) or one of the folders of a line, for that workspace.
IS_GRANTED = f"""
    EXISTS (
        SELECT FROM connections_grant g
        WHERE (g.connection_id = {{connection}} OR g.folder_id = ANY({{line}})) AND {_IS_FOR.replace("{grant}", "g")}
    )
"""


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
        raise ValidationError(f"{node} belongs to {node.scope} and can only be shared within it.")
    wanted = {audience_ids(scope) for scope in scopes}
    existing = {(grant.organization_id, grant.workspace_id): grant.pk for grant in grants_on(node)}
    if wanted == existing.keys():
        return Moved()
    before = out_of_reach(node)
    Grant.objects.bulk_create(
        Grant(tenant_id=node.tenant_id, organization_id=organization_id, workspace_id=workspace_id, **node.key)
        for organization_id, workspace_id in wanted - existing.keys()
    )
    Grant.objects.filter(pk__in=[pk for audience, pk in existing.items() if audience not in wanted]).delete()
    after, now = out_of_reach(node), timezone.now()
    lost, returned = after.keys() - before.keys(), before.keys() - after.keys()
    Schema.objects.filter(pk__in=lost).update(lost_at=now)
    Schema.objects.filter(pk__in=returned).update(lost_at=None, returned_at=now)
    return Moved([after[pk] for pk in lost], [before[pk] for pk in returned])


def forget_lost(*, before: datetime) -> None:
    """Delete the schemas of a tenant that revoked grants took before that moment, where no grant brought them back."""
    gone = out_of_reach(None)
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
    WHERE t.owner_id IS DISTINCT FROM t.workspace_id AND NOT {is_granted}
"""
_IS_TOUCHED_GRANTED = IS_GRANTED.format(
    connection="t.connection_id", line="t.line", organization="t.organization_id", workspace="t.workspace_id"
)
_BELOW = _OUT_OF_REACH.format(
    of_folders="f.path ^@ %(path)s",
    of_connections="c.id = %(connection)s OR f.path ^@ %(path)s",
    is_granted=_IS_TOUCHED_GRANTED,
)
_MARKED = _OUT_OF_REACH.format(
    of_folders="s.lost_at IS NOT NULL", of_connections="s.lost_at IS NOT NULL", is_granted=_IS_TOUCHED_GRANTED
)


def out_of_reach(node: Node | None) -> dict[int, int]:
    """Find the schemas, each with its workspace; without a node those that are marked as lost."""
    path, leaf = (node.path, None) if isinstance(node, Folder) else (None, node.pk if node else None)
    with database.cursor() as cursor:
        cursor.execute(_BELOW if node else _MARKED, {"path": path, "connection": leaf})
        return dict(cursor.fetchall())


def grants_on(node: Node) -> list[Grant]:
    """List the grants that were made on the node itself."""
    return list(Grant.objects.filter(**node.key).select_related("tenant", "organization", "workspace"))


def inherited_grants(node: Node) -> list[Grant]:
    """List what the node has from the folders above it, topmost first; ``grant.folder`` is the origin."""
    above = ids_on(node.path_above)
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
        return Folder.objects.filter(id__in=self.folder_ids, removed_at=None)

    @property
    def connections(self) -> QuerySet[Connection]:
        own = Q(workspace=self.workspace)
        covered = Q(folder_id__in=self.folder_ids) | Q(id__in=self.connection_ids)
        return Connection.objects.filter(own | covered, removed_at=None)

    def has(self, node: Node) -> bool:
        if node.removed_at is not None:
            return False
        if isinstance(node, Folder):
            return node.pk in self.folder_ids
        is_owned = node.workspace_id == self.workspace.pk
        return is_owned or node.pk in self.connection_ids or node.folder_id in self.folder_ids


# Grants to this workspace, to its organization or to the whole tenant, and the workspace's own folders, widened to all
# that lies below: a subtree is a range of paths, up to the same with "0" (the character after "/") at its end. That end
# is worked out before the join: under row-level security, the index is used with nothing that calls a function.
# Ids first, rows later: one statement for both is far slower when little is visible in a big tree. Materialized: right
# after a first import there are no statistics, and the planner would join all with all (13 s for 500 folders).
VISIBLE = f"""
    granted AS (
        SELECT g.folder_id, g.connection_id FROM connections_grant g
        WHERE g.tenant_id = %(tenant)s
            AND {_IS_FOR.format(grant="g", organization="%(organization)s", workspace="%(workspace)s")}
    ), top AS MATERIALIZED (
        SELECT path, rtrim(path, '/') || '0' AS path_end
        FROM connections_folder WHERE id IN (SELECT folder_id FROM granted)
        UNION ALL
        SELECT path, rtrim(path, '/') || '0' FROM connections_folder
        WHERE workspace_id = %(workspace)s AND parent_id IS NULL
    ), visible_folder AS MATERIALIZED (
        SELECT DISTINCT f.id FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end
    )
"""  # noqa: S608
# The same for several workspaces together: of organizations somebody owns, and those that they have a role in.
_MINE = "ARRAY(SELECT {} FROM workspaces_workspace WHERE id = ANY(%(workspaces)s) OR organization_id = ANY(%(owned)s))"
VISIBLE_TO_SEVERAL = VISIBLE.replace("= %(organization)s", f"= ANY({_MINE.format('organization_id')})").replace(
    "= %(workspace)s", f"= ANY({_MINE.format('id')})"
)
# Of these, the ids of the folders, and of what was granted one by one: what ``Visible`` is made of.
VISIBLE_IDS = """
    ARRAY(SELECT id FROM visible_folder),
    ARRAY(SELECT connection_id FROM granted WHERE connection_id IS NOT NULL)
"""
# A connection ``c`` is among what the workspace may use.
IS_VISIBLE = """
    (c.workspace_id = %(workspace)s OR c.id IN (SELECT connection_id FROM granted)
        OR c.folder_id IN (SELECT id FROM visible_folder))
"""


@dataclass(frozen=True, slots=True)
class Granted:
    """Who may use a node of a tree; no organization and no workspace: the whole tenant."""

    folder_id: int | None
    connection_id: int | None
    organization_id: int | None
    workspace_id: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What of a tree one workspace may use: these folders with all below them, and these connections."""

    folder_ids: frozenset[int]
    connection_ids: frozenset[int]

    @classmethod
    def of(cls, grants: Iterable[Granted], *, organization_id: int, workspace_id: int) -> "Reach":
        mine = [
            grant
            for grant in grants
            if grant.organization_id in (None, organization_id) and grant.workspace_id in (None, workspace_id)
        ]
        return cls(
            frozenset(grant.folder_id for grant in mine if grant.folder_id is not None),
            frozenset(grant.connection_id for grant in mine if grant.connection_id is not None),
        )

    def usable(self, line: Sequence[int | str]) -> Sequence[int | str]:
        """Give what of a line of folders, from the top down, may be used: from the first that a grant is on."""
        for at, key in enumerate(line):  # a loop, because this is asked for each folder of each workspace
            if key in self.folder_ids:
                return line[at:]
        return ()


# The fields of Granted, of all that may use these nodes by themselves; workspaces that own one are among them.
GRANTED = """
    SELECT folder_id, connection_id, organization_id, workspace_id FROM connections_grant
    WHERE folder_id = ANY(%(folders)s) OR connection_id = ANY(%(connections)s)
    UNION ALL SELECT id, NULL, organization_id, workspace_id FROM connections_folder
    WHERE id = ANY(%(folders)s) AND workspace_id IS NOT NULL
    UNION ALL SELECT NULL, id, organization_id, workspace_id FROM connections_connection
    WHERE id = ANY(%(connections)s) AND workspace_id IS NOT NULL
"""


def who_may_use(grants: Iterable[Granted], *, tenant_id: int) -> QuerySet[Workspace]:
    """Find the workspaces that these grants are for, those of the whole organizations and of the tenant included."""
    audiences = {(grant.organization_id, grant.workspace_id) for grant in grants}
    found = Workspace.objects.filter(tenant=tenant_id)
    if (None, None) in audiences:
        return found
    whole = [organization_id for organization_id, workspace_id in audiences if workspace_id is None]
    return found.filter(Q(organization__in=whole) | Q(pk__in=[pk for _, pk in audiences if pk is not None]))


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


def _is_within(scope: Scope, node: Node) -> bool:
    organization_id, workspace_id = audience_ids(scope)
    return (
        scope.tenant.pk == node.tenant_id
        and node.organization_id in (None, organization_id)
        and node.workspace_id in (None, workspace_id)
    )

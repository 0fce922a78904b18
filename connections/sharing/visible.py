"""What a workspace may use by the grants that there are, and who may use what: the rules, as SQL and in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from connections.models import Connection, Folder
from connections.tree import Cover
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
class Visible:
    """What one workspace may use: the folders that grants cover, and connections that were granted one by one."""

    workspace: Workspace
    cover: Cover
    connection_ids: list[int]

    @property
    def folders(self) -> QuerySet[Folder]:
        return Folder.objects.filter(self.cover.folders, removed_at=None)

    @property
    def connections(self) -> QuerySet[Connection]:
        found = self.cover.connections()
        if self.connection_ids:
            found |= Q(id__in=self.connection_ids)
        return Connection.objects.filter(Q(workspace=self.workspace) | found, removed_at=None)

    @property
    def single_connections(self) -> QuerySet[Connection]:
        """Those of the connections that are the workspace's own or were granted one by one.

        They are few, and each is found by index, which a set would keep from being used.
        """
        single = Q(workspace=self.workspace) | Q(id__in=self.connection_ids)
        return Connection.objects.filter(single, removed_at=None)

    def has(self, node: Node) -> bool:
        if node.removed_at is not None:
            return False
        if isinstance(node, Folder):
            return self.cover.has(node.path)
        is_owned = node.workspace_id == self.workspace.pk
        return is_owned or node.pk in self.connection_ids or self.cover.has(node.path_above)


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
        SELECT id, root_id, path, rtrim(path, '/') || '0' AS path_end
        FROM connections_folder WHERE id IN (SELECT folder_id FROM granted)
        UNION ALL
        SELECT id, root_id, path, rtrim(path, '/') || '0' FROM connections_folder
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
# … and of one workspace: the paths of the folders that grants are on, and which of them are all of a mirror.
VISIBLE_TOPS = """
    ARRAY(SELECT path FROM top),
    ARRAY(SELECT id FROM top WHERE root_id = id),
    ARRAY(SELECT connection_id FROM granted WHERE connection_id IS NOT NULL)
"""
# What is at a path is among the folders that the workspace may use.
IS_VISIBLE = """
    EXISTS (
        SELECT FROM unnest(string_to_array(rtrim({path}, '/'), '/')::bigint[]) AS line(id)
        WHERE line.id IN (SELECT id FROM top)
    )
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


# The nodes that are asked about, as sets: an array is searched by index once for each of its ids.
ASKED_ABOUT = """
    asked_folder AS MATERIALIZED (SELECT unnest(%(folders)s::bigint[]) AS id),
    asked_connection AS MATERIALIZED (SELECT unnest(%(connections)s::bigint[]) AS id)
"""
# The fields of Granted, of all that may use these nodes by themselves; workspaces that own one are among them.
GRANTED = """
    SELECT folder_id, connection_id, organization_id, workspace_id FROM connections_grant
    WHERE folder_id IN (SELECT id FROM asked_folder) OR connection_id IN (SELECT id FROM asked_connection)
    UNION ALL SELECT id, NULL, organization_id, workspace_id FROM connections_folder
    WHERE workspace_id IS NOT NULL AND id IN (SELECT id FROM asked_folder)
    UNION ALL SELECT NULL, id, organization_id, workspace_id FROM connections_connection
    WHERE workspace_id IS NOT NULL AND id IN (SELECT id FROM asked_connection)
"""


def who_may_use(grants: Iterable[Granted], *, tenant_id: int) -> QuerySet[Workspace]:
    """Find the workspaces that these grants are for, those of the whole organizations and of the tenant included."""
    audiences = {(grant.organization_id, grant.workspace_id) for grant in grants}
    found = Workspace.objects.filter(tenant=tenant_id)
    if (None, None) in audiences:
        return found
    whole = [organization_id for organization_id, workspace_id in audiences if workspace_id is None]
    return found.filter(Q(organization__in=whole) | Q(pk__in=[pk for _, pk in audiences if pk is not None]))

"""Which connections a workspace may use: ours, one statement with OR, and the bare fetch of the same rows by id."""

from django.db import connection

from bench.database import a_scope, analyze
from bench.reconciliation import a_snapshot, an_integration, sync
from bench.table import Row, median_of, show
from connections import sharing
from connections.models import Connection, Folder
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User, Workspace

_ONE_STATEMENT = """
    WITH RECURSIVE covered AS (
        SELECT f.id FROM connections_folder f JOIN connections_grant g ON g.folder_id = f.id
        WHERE g.workspace_id = %(workspace)s
        UNION
        SELECT f.id FROM connections_folder f JOIN covered ON f.parent_id = covered.id
    )
    SELECT id, handle, title FROM connections_connection c
    WHERE c.removed_at IS NULL AND (c.folder_id IN (SELECT id FROM covered) OR EXISTS (
        SELECT 1 FROM connections_grant g WHERE g.connection_id = c.id AND g.workspace_id = %(workspace)s))
    ORDER BY handle
"""


def run(accounts: int, runs: int) -> None:
    """Compare a workspace that sees a tenth of the tree, and one that sees two connections of it."""
    name = f"vis-{accounts}"
    scope = a_scope(name)
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        sync(integration, a_snapshot(accounts))
        owner = User.objects.get(handle=name)
        many, few = (factories.workspace(scope, handle, owner=owner) for handle in ("many", "few"))
        folders = Folder.objects.filter(root=integration.root_folder).order_by("id")
        for folder in folders[: max(1, folders.count() // 10)]:
            sharing.set_grants(folder, [Scope(scope.tenant, scope.organization, many)])
        for node in Connection.objects.filter(root=integration.root_folder).order_by("id")[:2]:
            sharing.set_grants(node, [Scope(scope.tenant, scope.organization, few)])
    analyze()
    with isolation.as_tenant(scope.tenant.pk):
        for workspace in (many, few):
            ids = [row[0] for row in _ours(workspace)]
            rows = [
                Row("bare fetch by ids", median_of(runs * 3, lambda ids=ids: _by_ids(ids))),
                Row("ours", median_of(runs * 3, lambda workspace=workspace: _ours(workspace))),
                Row("one statement with OR", median_of(runs, lambda workspace=workspace: _one_statement(workspace))),
            ]
            show(f"A workspace that sees {len(ids)} of {accounts} connections", rows)


def _ours(workspace: Workspace) -> list[tuple[object, ...]]:
    return list(sharing.visible_to(workspace).connections.order_by("handle").values_list("id", "handle", "title"))


def _by_ids(ids: list[object]) -> None:
    list(Connection.objects.filter(id__in=ids).order_by("handle").values_list("id", "handle", "title"))


def _one_statement(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_STATEMENT, {"workspace": workspace.pk})
        cursor.fetchall()

"""Which connections a workspace may use: ours, one statement with OR, and the bare fetch of the same rows by id."""

from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from bench.database import a_scope, analyze
from bench.mirrors import a_snapshot, an_integration, sync
from bench.table import Row, fastest_of, show
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
        folders = Folder.objects.filter(root=integration.root_folder).order_by("-id")  # leaves first
        for folder in folders[: max(1, folders.count() // 10)]:
            sharing.set_grants(folder, [Scope(scope.tenant, scope.organization, many)])
        for node in Connection.objects.filter(root=integration.root_folder).order_by("id")[:2]:
            sharing.set_grants(node, [Scope(scope.tenant, scope.organization, few)])
    analyze()
    with isolation.as_tenant(scope.tenant.pk):
        node = Connection.objects.filter(root=integration.root_folder).select_related("folder").order_by("id")[0]
        for workspace in (many, few):
            _compare(workspace, accounts, runs * 3)
        with CaptureQueriesContext(connection) as captured:
            sharing.grants_on(node)
            sharing.inherited_grants(node)
        print(f"  who may use one connection: {len(captured)} queries")


def _compare(workspace: Workspace, accounts: int, runs: int) -> None:
    ids = [row[0] for row in _ours(workspace)]

    def bare() -> QuerySet[Connection]:
        return Connection.objects.filter(id__in=ids)

    def ours() -> QuerySet[Connection]:
        return sharing.visible_to(workspace).connections

    for what, ask in (("list", _listed), ("page of 50", _page), ("count", _counted)):
        with CaptureQueriesContext(connection) as captured:
            ask(ours())
        rows = [
            Row("bare, by ids that are known", fastest_of(runs, lambda ask=ask: ask(bare()))),
            Row("ours", fastest_of(runs, lambda ask=ask: ask(ours())), f"{len(captured)} queries"),
        ]
        if what == "list":
            rows.append(Row("one statement with OR", fastest_of(max(runs // 3, 1), lambda: _one_statement(workspace))))
        show(f"A {what} for a workspace that sees {len(ids)} of {accounts} connections", rows)


def _listed(connections: QuerySet[Connection]) -> list[tuple[object, ...]]:
    return list(connections.order_by("handle").values_list("id", "handle", "title"))


def _page(connections: QuerySet[Connection]) -> None:
    list(connections.order_by("handle").values_list("id", "handle", "title")[:50])


def _counted(connections: QuerySet[Connection]) -> int:
    return connections.count()


def _ours(workspace: Workspace) -> list[tuple[object, ...]]:
    return _listed(sharing.visible_to(workspace).connections)


def _one_statement(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_STATEMENT, {"workspace": workspace.pk})
        cursor.fetchall()

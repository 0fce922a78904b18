"""Writing a snapshot into the tree: ours, the ORM row by row and in bulk, and the bare statements."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.table import Row, median_of, show
from connections.models import Connection, Folder
from connections.tree import allocate_ids
from integrations import absences, changes, limit, mirror
from integrations.models import Integration
from integrations.outline import facts_of
from integrations.selection import Selection, select
from integrations.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder
from workspaces import isolation
from workspaces.access import Scope

_numbers = count(1)


def run(accounts: int, runs: int) -> None:
    """Compare first import, nothing changed and 1 % changed; the transaction's own statements are not counted."""
    snapshot = a_snapshot(accounts)
    scope = a_scope(f"rec-{next(_numbers)}")
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        rows = [
            Row("bare INSERT of the same rows", _undone(runs, lambda: _bare_import(integration, snapshot))),
            _ours(runs, integration, snapshot),
            Row("bulk_create", _undone(runs, lambda: _bulk_import(integration, snapshot))),
        ]
        if accounts <= 1_000:
            rows.append(Row("update_or_create", _undone(1, lambda: _row_by_row(integration, snapshot))))
        show(f"First import of {accounts} accounts", rows)
        sync(integration, snapshot)
    analyze()
    with isolation.as_tenant(scope.tenant.pk):
        unchanged = _ours(runs, integration, snapshot)
        rows = [Row("bare reads of the same rows", median_of(runs, lambda: _bare_reads(integration))), unchanged]
        if accounts <= 1_000:
            rows.append(Row("update_or_create", _undone(1, lambda: _row_by_row(integration, snapshot))))
        show(f"Nothing changed in {accounts} accounts", rows)
        changed = one_percent_renamed(snapshot)
        rows = [replace(unchanged, name="ours, nothing changed"), _ours(runs, integration, changed)]
        show(f"1 % of {accounts} accounts renamed", rows)


def _ours(runs: int, integration: Integration, snapshot: Snapshot) -> Row:
    seconds = _undone(runs, lambda: sync(integration, snapshot))
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        sync(integration, snapshot)
        transaction.set_rollback(True)
    return Row("ours", seconds, f"{len(captured) - 2} statements")


def a_snapshot(accounts: int) -> Snapshot:
    """Build an AWS organization of that many accounts, one OU for each twenty, four levels deep."""
    folders = [SnapshotFolder("r-root", None, "Root")]
    for number in range(accounts // 20):
        parent = folders[number // 4 if number else 0]
        folders.append(SnapshotFolder(f"ou-root-{number:08d}", parent.source_id, f"Unit {number}"))
    epoch = datetime(2020, 1, 1, tzinfo=UTC)
    rows = tuple(
        SnapshotAccount(
            f"{number:012d}",
            folders[number % len(folders)].source_id,
            f"Account {number}",
            AccountState.ACTIVE,
            epoch + timedelta(hours=number),
        )
        for number in range(accounts)
    )
    return Snapshot("o-bench", "000000000000", tuple(folders), rows)


def one_percent_renamed(snapshot: Snapshot) -> Snapshot:
    """Rename every hundredth account."""
    rows = tuple(
        replace(row, name=f"{row.name} renamed") if number % 100 == 0 else row
        for number, row in enumerate(snapshot.accounts)
    )
    return replace(snapshot, accounts=rows)


def an_integration(scope: Scope) -> Integration:
    """Make an integration whose tree is empty."""
    (pk,) = allocate_ids(Folder, 1)
    number = next(_numbers)
    root = Folder.objects.create(
        id=pk,
        **scope.keys,
        root_id=pk,
        path=f"{pk}/",
        handle=f"root_{number}",
        title="Root",
        is_managed=True,
        managed_by=f"bench-{number}",
    )
    return Integration.objects.create(
        tenant=scope.tenant, organization=scope.organization, handle=f"bench-{number}", root_folder=root
    )


def sync(integration: Integration, snapshot: Snapshot) -> None:
    """Compare and write, as a sync does once it has read."""
    tree = mirror.load(integration)
    selection = Selection.of(integration.selection)
    plan = mirror.plan(integration, tree, select(snapshot, selection))
    limit.why_over(tree, plan, percent=integration.deletion_limit_percent, count=integration.deletion_limit_count)
    absences.to_confirm(plan, tree, snapshot)
    facts_of(snapshot, selection)
    mirror.apply(plan, tree, integration, now=timezone.now())
    changes.describe(plan, tree, snapshot)


def _undone(runs: int, once: Callable[[], object]) -> float:
    """Time it in a transaction of its own, the checks of its commit included, and roll it back."""

    def undone() -> None:
        with transaction.atomic():
            once()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            transaction.set_rollback(True)

    return median_of(runs, undone)


def _bare_import(integration: Integration, snapshot: Snapshot) -> None:
    """Insert as many rows of the same kind, in one statement for each table."""
    root = integration.root_folder_id
    keys = [integration.tenant_id, integration.organization_id, root]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connections_folder (tenant_id, organization_id, root_id, parent_id, id, path, handle, title,"
            " source_id, managed_by, is_managed, is_handle_static, options, created_at)"
            " SELECT %s, %s, %s, %s, n, n || '/', 'f_' || n, 'Unit ' || n, 'ou-x-' || n, '', true, false, '{}', now()"
            " FROM (SELECT nextval(pg_get_serial_sequence('connections_folder', 'id')) n"
            "   FROM generate_series(1, %s)) numbers",
            [*keys, root, len(snapshot.folders) - 1],
        )
        cursor.execute(
            "INSERT INTO connections_connection (tenant_id, organization_id, root_id, folder_id, handle, title,"
            " source_id, state, plugin, is_managed, is_handle_static, options, created_at)"
            " SELECT %s, %s, %s, %s, 'c_' || n, 'Account ' || n, lpad(n::text, 12, '0'), 'active', 'aws', true, false,"
            " '{}', now() FROM generate_series(1, %s) n",
            [*keys, root, len(snapshot.accounts)],
        )


def _bulk_import(integration: Integration, snapshot: Snapshot) -> None:
    Connection.objects.bulk_create(_connection(integration, row) for row in snapshot.accounts)


def _row_by_row(integration: Integration, snapshot: Snapshot) -> None:
    for row in snapshot.accounts:
        wanted = _connection(integration, row)
        Connection.objects.update_or_create(
            root=wanted.root,
            source_id=wanted.source_id,
            defaults={"title": wanted.title, "state": wanted.state},
            create_defaults={
                "tenant": wanted.tenant,
                "organization": wanted.organization,
                "folder": wanted.folder,
                "handle": wanted.handle,
                "title": wanted.title,
                "is_managed": True,
            },
        )


def _connection(integration: Integration, row: SnapshotAccount) -> Connection:
    root = integration.root_folder
    return Connection(
        **integration.scope.keys,
        root=root,
        folder=root,
        is_managed=True,
        source_id=row.source_id,
        title=row.name,
        handle=f"account_{row.source_id}",
    )


def _bare_reads(integration: Integration) -> None:
    with connection.cursor() as cursor:
        for table, above in (("connections_folder", "parent_id"), ("connections_connection", "folder_id")):
            cursor.execute(
                f"SELECT id, source_id, title, handle, is_handle_static, removed_at, {above} FROM {table}"
                " WHERE root_id = %s",
                [integration.root_folder_id],
            )
            cursor.fetchall()

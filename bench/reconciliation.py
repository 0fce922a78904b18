"""Writing a snapshot into the tree: ours, the ORM row by row and in bulk, and the bare statements."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from django.db import connection
from django.db.models import Max

from bench.database import a_scope, analyze, rows_written, undoing, undone
from bench.mirrors import a_snapshot, an_integration, one_percent_renamed, sync, two_swapped
from bench.table import Row, at_most, fastest_in_turn, show
from connections.models import Connection, Folder
from integrations.models import Integration
from integrations.planning.snapshot import Snapshot, SnapshotAccount
from workspaces import isolation

_numbers = count(1)
_SET_AT = 10_000  # the size that the goals are set at
_TURNS = 10  # for each run that is asked for: these take milliseconds
_AS_MUCH_AS_THE_ORM_CAN = 1_000  # row by row, ten thousand take minutes

_STAGED = (
    "CREATE TEMPORARY TABLE staged (id bigint, source_id text, title text, handle text) ON COMMIT DROP",
    "COPY staged FROM STDIN",
)
_INSERT_FOLDERS = """
    INSERT INTO connections_folder (tenant_id, organization_id, root_id, parent_id, id, path, handle, title,
        source_id, managed_by, is_managed, is_handle_static, options, created_at)
    SELECT %(tenant)s, %(organization)s, %(root)s, %(root)s, id, id || '/', handle, title,
        source_id, '', true, false, '{}', now() FROM staged WHERE id IS NOT NULL
"""
_INSERT_CONNECTIONS = """
    INSERT INTO connections_connection (tenant_id, organization_id, root_id, folder_id, handle, title,
        source_id, state, plugin, is_managed, is_handle_static, options, created_at)
    SELECT %(tenant)s, %(organization)s, %(root)s, %(root)s, handle, title,
        source_id, 'active', 'aws', true, false, '{}', now() FROM staged WHERE id IS NULL
"""


# What each of the tables has of that which is compared.
_FACTS = (
    ("connections_folder", "parent_id"),
    ("connections_connection", "folder_id, state, email, joined_at AT TIME ZONE 'UTC'"),
)


def run(accounts: int, runs: int) -> None:
    """Compare first import, nothing changed and 1 % changed; the transaction's own statements are counted too."""
    snapshot = a_snapshot(accounts)
    scope = a_scope(f"rec-{next(_numbers)}")
    by_row = accounts <= _AS_MUCH_AS_THE_ORM_CAN
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        staged = _staged(snapshot)
        rows = [
            Row("bare COPY and INSERT … SELECT of as many rows", undone(runs, lambda: _copy(integration, staged))),
            _ours("ours", runs, integration, snapshot),
            Row("bulk_create, connections only", undone(runs, lambda: _bulk_import(integration, snapshot))),
        ]
        rows += _by_row(integration, snapshot) if by_row else []
        show(f"First import of {accounts} accounts", rows)
        if accounts == _SET_AT:
            at_most("first import, of COPY and INSERT … SELECT", rows[1].seconds / rows[0].seconds, 1.5)
        sync(integration, snapshot)
    analyze()
    with isolation.as_tenant(scope.tenant.pk):
        statements, written = rows_written(lambda: sync(integration, snapshot))
        bare, ours = fastest_in_turn(
            runs * _TURNS, lambda: _bare_reads(integration), undoing(lambda: sync(integration, snapshot))
        )
        unchanged = Row("ours", ours, f"{statements} statements, {written} rows written")
        rows = [Row("bare reads of the same rows", bare), unchanged]
        rows += _by_row(integration, snapshot) if by_row else []
        show(f"Nothing changed in {accounts} accounts", rows)
        renamed = one_percent_renamed(snapshot)
        rows = [
            replace(unchanged, name="ours, nothing changed"),
            _ours("ours, 1 % renamed", runs * 3, integration, renamed),
            _ours("ours, two names swapped", runs * 3, integration, two_swapped(snapshot)),
        ]
        show(f"A little changed in {accounts} accounts", rows)
        if accounts == _SET_AT:
            at_most("nothing changed, of the bare reads", ours / bare, 2.5)
            at_most("… its statements", statements, 6)
            at_most("… its rows written", written, 0)
            at_most("1 % changed, of nothing changed", rows[1].seconds / unchanged.seconds, 2.5)
            written = rows_written(lambda: sync(integration, renamed))[1]
            at_most("… its rows written, beside the tenant's mark", written, accounts // 100 + 2)


def _ours(name: str, runs: int, integration: Integration, snapshot: Snapshot) -> Row:
    def once() -> None:
        sync(integration, snapshot)

    statements, written = rows_written(once)
    return Row(name, undone(runs, once), f"{statements} statements, {written} rows written")


def _by_row(integration: Integration, snapshot: Snapshot) -> list[Row]:
    return [Row("update_or_create, connections only", undone(1, lambda: _row_by_row(integration, snapshot)))]


def _staged(snapshot: Snapshot) -> list[tuple[object, ...]]:
    """The rows as the bare way copies them; folders have an id, which is of no sequence."""
    first = (Folder.objects.aggregate(newest=Max("id"))["newest"] or 0) + 1_000_000
    folders = enumerate(snapshot.folders[1:], start=first)
    rows: list[tuple[object, ...]] = [(pk, one.source_id, one.name, f"f_{pk}") for pk, one in folders]
    return rows + [(None, one.source_id, one.name, f"c_{one.source_id}") for one in snapshot.accounts]


def _copy(integration: Integration, staged: Sequence[tuple[object, ...]]) -> None:
    create, copy_in = _STAGED
    root = integration.root_folder_id
    keys = {"tenant": integration.tenant_id, "organization": integration.organization_id, "root": root}
    with connection.cursor() as cursor:
        cursor.execute(create)
        with cursor.copy(copy_in) as copy:
            for row in staged:
                copy.write_row(row)
        cursor.execute(_INSERT_FOLDERS, keys)
        cursor.execute(_INSERT_CONNECTIONS, keys)


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
        for table, facts in _FACTS:
            cursor.execute(
                f"SELECT id, source_id, title, handle, is_handle_static, removed_at, {facts} FROM {table}"
                " WHERE root_id = %s",
                [integration.root_folder_id],
            )
            cursor.fetchall()

"""What people change of a whole tree, beside the bare statements: its handle prefix, and that it is there at all."""

from collections.abc import Callable

from django.db import connection

from bench.database import a_scope, analyze, rows_written, undone
from bench.mirrors import a_snapshot, sync
from bench.table import Row, at_most, show
from connections import sharing
from connections.models import Connection, Folder, Schema
from integrations import clean_up
from integrations.models import Integration, SyncSchedule
from integrations.settings import change
from integrations.sync import mirror
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User

_WORKSPACES = 50
_SET_AT = 10_000  # the size that the goals are set at


def run(accounts: int, runs: int) -> None:
    """Compare another prefix and the deletion of a tree that fifty workspaces have in use."""
    name = f"chg-{accounts}"
    scope = a_scope(name)
    with isolation.as_tenant(scope.tenant.pk):
        owner = User.objects.get(handle=name)
        integration = factories.integration(scope, "awsi", by=owner)
        sync(integration, a_snapshot(accounts))
        _use_in_workspaces(scope, integration.root_folder, owner)
    analyze()
    with isolation.as_tenant(scope.tenant.pk):
        rows = [
            Row("bare UPDATE", undone(runs, lambda: _execute(integration, _RENAME))),
            _ours("ours, planned and written", runs, lambda: _rename(integration)),
            _ours("ours, with what it means to the workspaces", runs, lambda: _save(integration, owner)),
            Row("bulk_update", undone(1, lambda: _bulk_rename(integration))),
        ]
        show(f"Another prefix for {accounts} connections in use in {_WORKSPACES} workspaces", rows)
        if accounts == _SET_AT:
            at_most("another prefix, of one UPDATE", rows[1].seconds / rows[0].seconds, 1.5)
        Integration.objects.filter(pk=integration.pk).update(state=Integration.State.DELETING)
        SyncSchedule.objects.filter(pk=integration.pk).delete()  # as the request for the deletion does
        rows = [
            Row("bare DELETE", undone(runs, lambda: _execute(integration, *_DELETE))),
            _ours("ours", runs, lambda: clean_up.remove(scope.tenant.pk, integration.pk)),
            Row("Django's collector", undone(1, lambda: _collect(integration))),
        ]
        show(f"Deletion of {accounts} connections in use in {_WORKSPACES} workspaces", rows)
        if accounts == _SET_AT:
            at_most("deletion, of the bare DELETEs", rows[1].seconds / rows[0].seconds, 1.5)


def _use_in_workspaces(scope: Scope, top: Folder, owner: User) -> None:
    sharing.set_grants(top, [scope])
    for number in range(_WORKSPACES):
        workspace = factories.workspace(scope, f"workspace-{number}", owner=owner)
        inside = Scope(scope.tenant, scope.organization, workspace)
        Schema.objects.create(**inside.keys, folder=top)


def _ours(name: str, runs: int, once: Callable[[], object]) -> Row:
    statements, written = rows_written(once)
    return Row(name, undone(runs, once), f"{statements} statements, {written} rows written")


_RENAME = "UPDATE connections_connection SET handle = 'new_' || handle WHERE root_id = %s"
_DELETE = (
    "DELETE FROM connections_schema WHERE folder_id = %s",
    "DELETE FROM connections_grant WHERE folder_id = %s",
    "DELETE FROM integrations_syncrun WHERE integration_id IN"
    " (SELECT id FROM integrations_integration WHERE root_folder_id = %s)",
    "DELETE FROM integrations_integration WHERE root_folder_id = %s",
    "DELETE FROM connections_connection WHERE root_id = %s",
    "DELETE FROM connections_folder WHERE root_id = %s",
)


def _execute(integration: Integration, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [integration.root_folder_id])


def _rename(integration: Integration) -> None:
    tree = mirror.load(integration)
    mirror.rename(mirror.plan_prefix(integration, tree, "new_"))


def _save(integration: Integration, by: User) -> None:
    """Ask what it means, as the page does first, and save."""
    wanted = Integration.objects.get(pk=integration.pk)
    wanted.handle_prefix = "new_"
    seen = ""
    for _ in range(2):
        try:
            change.change_connection_settings(
                integration=integration, wanted=wanted, version=str(integration.version), seen=seen, by=by
            )
        except change.UnseenImpactError as unseen:
            seen = unseen.fingerprint


def _bulk_rename(integration: Integration) -> None:
    connections = list(Connection.objects.filter(root=integration.root_folder))
    for each in connections:
        each.handle = f"new_{each.handle}"
    Connection.objects.bulk_update(connections, ["handle"], batch_size=1000)


def _collect(integration: Integration) -> None:
    Schema.objects.filter(folder=integration.root_folder).delete()
    Integration.objects.filter(pk=integration.pk).delete()
    Connection.objects.filter(root=integration.root_folder).delete()
    Folder.objects.filter(root=integration.root_folder).delete()

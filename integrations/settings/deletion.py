"""Deleting integrations, organizations and workspaces: each function is one transaction and writes one audit event."""

from datetime import datetime
from functools import partial

from django.db import connection, transaction

from connections import deletion as tree_deletion
from connections.models import Folder
from integrations.jobs.sending import send_on_commit
from integrations.models import Integration, SyncSchedule
from integrations.tasks import remove_integration
from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User
from workspaces.places import deletion as place_removal

# All that hangs on the integrations of one organization; tests of access know their subject by its uid only.
_DELETE_INTEGRATIONS = (
    """
    DELETE FROM integrations_accesstest WHERE subject IN (
        SELECT uid FROM integrations_integration WHERE organization_id = %(organization)s
        UNION ALL SELECT uid FROM integrations_draft WHERE organization_id = %(organization)s
    )
    """,
    "DELETE FROM integrations_settingstrial WHERE organization_id = %(organization)s",
    """
    DELETE FROM integrations_syncrun run USING integrations_integration i
    WHERE i.id = run.integration_id AND i.organization_id = %(organization)s
    """,
    "DELETE FROM integrations_integration WHERE organization_id = %(organization)s",
    "DELETE FROM integrations_draft WHERE organization_id = %(organization)s",
)


@transaction.atomic
def request_removal(*, integration: Integration, by: User, now: datetime) -> bool:
    """Take an integration and all its nodes out of every list, and have a worker delete them; False if it is gone.

    Without its row in the schedule no sync starts, and one that is under way cannot write any more: it asks for that
    row before it does. Of several people who delete at once one does it. Called again for a deletion that failed, it
    tries again.
    """
    SyncSchedule.objects.filter(pk=integration.pk).delete()
    there = Integration.objects.filter(pk=integration.pk)
    was_active = there.filter(state=Integration.State.ACTIVE).update(state=Integration.State.DELETING)
    if not was_active and not there.filter(state=Integration.State.DELETE_FAILED).update(
        state=Integration.State.DELETING
    ):
        return False
    top = Folder.objects.get(pk=integration.root_folder_id)
    if was_active:
        extent = tree_deletion.extent_of(top)
        audit.record("integration.deleted", scope=integration.scope, by=by, target=integration, **extent.facts)
        tree_deletion.hide_tree(top, now=now)
    else:
        audit.record("integration.deletion_retried", scope=integration.scope, by=by, target=integration)
    ids = integration.tenant_id, integration.pk
    send_on_commit(remove_integration, *ids, otherwise=partial(remove_integration, *ids))
    return True


@transaction.atomic
def delete_organization(*, scope: Scope, by: User) -> None:
    """Delete the scope's organization with its integrations, connections, workspaces and memberships, for good."""
    organization = scope.keys["organization"]
    # Their syncs end first: one that is under way asks for its row before it writes.
    SyncSchedule.objects.filter(integration__organization=organization).delete()
    integrations = list(Integration.objects.filter(organization=organization).values_list("handle", flat=True))
    audit.record("organization.deleted", scope=scope, by=by, target=organization, integrations=sorted(integrations))
    with connection.cursor() as cursor:
        for statement in _DELETE_INTEGRATIONS:
            cursor.execute(statement, {"organization": organization.pk})
    tree_deletion.delete_owned(scope)
    place_removal.delete_place(scope)


@transaction.atomic
def delete_workspace(*, scope: Scope, by: User) -> None:
    """Delete the scope's workspace with its schemas, own connections and memberships, for good."""
    audit.record("workspace.deleted", scope=scope, by=by, target=scope.place)
    tree_deletion.delete_owned(scope)
    place_removal.delete_place(scope)

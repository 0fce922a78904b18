"""Deleting integrations: one transaction with one audit event, then a worker does the rest."""

from datetime import datetime
from functools import partial

from django.db import transaction

from connections import deletion as tree_deletion
from connections.models import Folder
from integrations.jobs.sending import Task, run_here, send_on_commit
from integrations.models import Integration, SyncSchedule
from workspaces import audit
from workspaces.models import User


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
    send_on_commit(Task.REMOVAL, *ids, otherwise=partial(run_here, Task.REMOVAL, *ids))
    return True

"""What goes for good: deleted integrations, and by the clock what has had its time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import DatabaseError

from connections import deletion as tree_deletion
from connections import sharing
from connections.models import Connection, Folder
from integrations.models import AccessTest, Draft, Integration, SettingsTrial, SyncRun
from integrations.notifications import delivery
from integrations.sync import run_records
from workspaces import isolation, support_access
from workspaces.models import Tenant
from workspaces.sign_in import second_factors, sessions

_TESTS_ARE_KEPT = timedelta(days=7)

log = structlog.get_logger(__name__)


def remove(tenant_id: int, integration_id: int) -> None:
    """Delete an integration that somebody asked to delete, with all its nodes, in one transaction.

    Quiet when it is gone already, nobody asked, or somebody is at it. What the database refuses leaves everything as it
    was; the integration is then shown with what to do, and the error is raised.
    """
    try:
        with isolation.as_tenant(tenant_id):
            deleting = Integration.objects.filter(pk=integration_id, state=Integration.State.DELETING)
            integration = (
                deleting.select_for_update(of=("self",), skip_locked=True).select_related("root_folder").first()
            )
            if integration is not None:
                _delete(integration)
    except DatabaseError:
        log.error("integration_not_deleted", tenant=tenant_id, integration=integration_id)
        with isolation.as_tenant(tenant_id):
            Integration.objects.filter(pk=integration_id, state=Integration.State.DELETING).update(
                state=Integration.State.DELETE_FAILED
            )
        raise


def _delete(integration: Integration) -> None:
    top = integration.root_folder
    AccessTest.objects.filter(subject=integration.uid).delete()
    SettingsTrial.objects.filter(integration=integration)._raw_delete("default")
    SyncRun.objects.filter(integration=integration)._raw_delete("default")
    Integration.objects.filter(pk=integration.pk)._raw_delete("default")
    tree_deletion.delete_tree(top)


def clean_up(*, now: datetime, is_time_up: Callable[[], bool] = lambda: False) -> None:
    """Clean up, tenant by tenant, each in a transaction of its own; take up deletions whose message got lost.

    The records of syncs come last, of tenants in any order, until the time is up: there may be millions of one.
    """
    sessions.forget_ended(now=now)
    support_access.end_expired(now=now)
    for authenticator in second_factors.in_clear():
        second_factors.renew(authenticator)
    with isolation.as_operator():
        tenant_ids = list(Tenant.objects.order_by("?").values_list("pk", flat=True))
    for clean in (_clean_up, partial(_thin_out, is_time_up=is_time_up)):
        for tenant_id in tenant_ids:
            try:
                clean(tenant_id, now=now)
            except DatabaseError:
                log.exception("tenant_not_cleaned_up", tenant=tenant_id)  # the others are, and it is tried again


def _thin_out(tenant_id: int, *, now: datetime, is_time_up: Callable[[], bool]) -> None:
    run_records.fold_quiet_runs(tenant_id, now=now, is_time_up=is_time_up)
    run_records.forget_old_runs(tenant_id, now=now, is_time_up=is_time_up)


def _clean_up(tenant_id: int, *, now: datetime) -> None:
    with isolation.as_tenant(tenant_id):
        Draft.objects.filter(expires_at__lte=now).delete()
        AccessTest.objects.filter(created_at__lte=now - _TESTS_ARE_KEPT).delete()
        SettingsTrial.objects.filter(expires_at__lte=now).delete()
        delivery.forget_old(now=now)
        purge(now=now)
        lost = list(Integration.objects.filter(state=Integration.State.DELETING).values_list("pk", flat=True))
    for integration_id in lost:
        remove(tenant_id, integration_id)


def purge(*, now: datetime) -> None:
    """Delete what was removed longer ago than the days of grace: nodes, whose handles are free again, and schemas."""
    sharing.forget_lost(before=now - tree_deletion.GRACE)
    for model in (Connection, Folder):
        # Locked first: what a sync brings back at this moment is not among them.
        gone = model.objects.select_for_update().filter(removed_at__lte=now - tree_deletion.GRACE)
        if model is Folder:  # an integration that could not be deleted so far still holds its top folder
            gone = gone.exclude(pk__in=Integration.objects.values("root_folder"))
        model.objects.filter(pk__in=list(gone.values_list("pk", flat=True))).delete()

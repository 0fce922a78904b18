"""What goes for good: deleted integrations, and by the clock what has had its time (``retention``)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from django.db import DatabaseError

from connections import deletion as tree_deletion
from connections import retention as tree_retention
from integrations import retention
from integrations.models import AccessTest, Draft, Integration, KnownSnapshot, SettingsTrial, SyncRun
from integrations.notifications import delivery
from integrations.sync import run_records
from workspaces import isolation
from workspaces.models import Tenant
from workspaces.people import support_access
from workspaces.sign_in import second_factors, sessions

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


def forget_nodes(before: datetime) -> None:
    """Delete the nodes and schemas that were removed before this; handles are free again.

    An integration that could not be deleted so far still holds its top folder.
    """
    tree_retention.forget_removed(before, but=Integration.objects.values("root_folder"))


# How long something is kept, and what deletes it then, given the time before which it must have been made, or removed.
# What has an expiry of its own was given it when it was made.
_AT_EXPIRY: Final = timedelta(0)
_RULES: Final[tuple[tuple[timedelta, Callable[[datetime], object]], ...]] = (
    (_AT_EXPIRY, lambda before: Draft.objects.filter(expires_at__lte=before).delete()),
    (retention.ACCESS_TEST, lambda before: AccessTest.objects.filter(created_at__lte=before).delete()),
    (retention.KNOWN_SNAPSHOT, lambda before: KnownSnapshot.objects.filter(read_at__lte=before).delete()),
    (_AT_EXPIRY, lambda before: SettingsTrial.objects.filter(expires_at__lte=before).delete()),
    (retention.DELIVERY, delivery.forget_old),
    (_AT_EXPIRY, delivery.forget_former_secrets),
    (tree_retention.GRACE, forget_nodes),
)


def run(*, now: datetime, is_time_up: Callable[[], bool] = lambda: False) -> None:
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


def _clean_up(tenant_id: int, *, now: datetime) -> None:
    with isolation.as_tenant(tenant_id):
        for kept, forget in _RULES:
            forget(now - kept)
        lost = list(Integration.objects.filter(state=Integration.State.DELETING).values_list("pk", flat=True))
    for integration_id in lost:
        remove(tenant_id, integration_id)


def _thin_out(tenant_id: int, *, now: datetime, is_time_up: Callable[[], bool]) -> None:
    run_records.fold_quiet_runs(tenant_id, now=now, is_time_up=is_time_up)
    run_records.forget_old_runs(tenant_id, now=now, is_time_up=is_time_up)

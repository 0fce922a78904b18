"""What people do to integrations: each function is one transaction and writes one audit event."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from connections import sharing
from connections.errors import HandleTakenError
from connections.models import Folder, Health
from connections.tree import allocate_ids
from integrations.aws.external_id import new_external_id
from integrations.health import schedule as health_schedule
from integrations.jobs.sending import TAKEN_LATER, send_on_commit
from integrations.models import AccessMode, AccessTest, Draft, Integration, SyncRun, SyncSchedule
from integrations.models.settings import SETTINGS_FIELDS
from integrations.planning.reconcile import dynamic_handle
from integrations.sync import requests
from integrations.sync import schedule as sync_schedule
from integrations.tasks import sync_integration
from workspaces import audit
from workspaces.access import Scope
from workspaces.handles import fit
from workspaces.models import Tenant, User

ROOT_TITLE = "Root"


@transaction.atomic
def create_draft(*, scope: Scope, by: User) -> Draft:
    """Start the wizard, first step done; it gets its external ids at once, so that downloads can carry them."""
    draft = Draft(tenant=scope.tenant, organization=scope.organization, created_by=by, steps_done=1)
    draft.discovery_external_id, draft.connection_external_id = _external_id(scope), _external_id(scope)
    draft.save()
    audit.record("draft.created", scope=scope, by=by, target=draft)
    return draft


@transaction.atomic
def rotate_external_id(*, draft: Draft, kind: AccessTest.Kind, by: User) -> None:
    """Give a draft a new external id, for discovery or for the connections' role.

    Nothing uses the old one yet, so it is forgotten at once; a trust policy that was made with it has to be changed.
    """
    field = {"discovery": "discovery_external_id", "connection": "connection_external_id"}[kind.value]
    setattr(draft, field, _external_id(draft.scope))
    draft.save(update_fields=[field])
    audit.record("draft.external_id_rotated", scope=draft.scope, by=by, target=draft, used_for=kind.value)


def _external_id(scope: Scope) -> str:
    return new_external_id((scope.organization or scope.tenant).public_id)


@transaction.atomic
def discard_draft(*, draft: Draft, by: User) -> None:
    """Cancel the wizard."""
    audit.record("draft.discarded", scope=draft.scope, by=by, target=draft)
    draft.delete()


@transaction.atomic
def create_integration(*, draft: Draft, audiences: Iterable[Scope], by: User, now: datetime) -> Integration:
    """Turn a draft into an integration: its root folder, grants, schedule and first run; the draft is gone.

    Posted twice, the second call gives the integration that the first one made. Raises HandleTakenError when another
    integration of the tenant took the handle meanwhile.
    """
    # Lock first: a double click waits here, and then finds the draft gone.
    if not Draft.objects.select_for_update().filter(pk=draft.pk).exists():
        return Integration.objects.get(uid=draft.uid)
    # One creation at a time in a tenant, or two top folders could choose the same handle.
    Tenant.objects.select_for_update(no_key=True).get(pk=draft.tenant_id)
    integration = Integration(handle=draft.handle, **{name: getattr(draft, name) for name in SETTINGS_FIELDS})
    if integration.access_mode == AccessMode.ROLE:
        integration.access_key_id = integration.secret_key = ""  # typed on the way and then not chosen: nobody keeps it
    integration.root_folder = _create_root_folder(integration)
    try:
        with transaction.atomic():
            integration.save()
    except IntegrityError as error:
        raise HandleTakenError from error
    granted = list(audiences)
    sharing.set_grants(integration.root_folder, granted)
    sync_schedule.create(integration, now=now)
    draft.delete()
    audit.record(
        "integration.created", scope=integration.scope, by=by, target=integration, shared_with=[str(s) for s in granted]
    )
    queue_sync(integration, SyncRun.Trigger.CREATED, by, now)
    return integration


@transaction.atomic
def request_sync(*, integration: Integration, by: User | None, now: datetime) -> SyncRun:
    """Start a sync now; one that is under way already is given, and followed by one more if it may have read past."""
    run = queue_sync(integration, SyncRun.Trigger.MANUAL, by, now)
    audit.record("integration.sync_requested", scope=integration.scope, by=by, target=integration, run=run.pk)
    return run


def queue_sync(integration: Integration, trigger: SyncRun.Trigger, by: User | None, now: datetime) -> SyncRun:
    """Ask for a run and send for a worker once the transaction is committed; a run under way is given instead."""
    run = requests.request(integration, trigger=trigger, by=by, now=now)
    # Should the broker be away, the dispatcher starts the run as soon as it is back: the schedule says that it is due.
    later = partial(requests.say_why_it_waits, run, TAKEN_LATER)
    send_on_commit(sync_integration, integration.tenant_id, integration.pk, otherwise=later)
    return run


@transaction.atomic
def request_health_tests(*, integration: Integration, by: User | None) -> int:
    """Have the failing connections tested now, and not when they are due; gives how many they are."""
    SyncSchedule.objects.select_for_update().filter(pk=integration.pk).first()  # no sync writes to them meanwhile
    tested = health_schedule.tested(integration.tenant_id).filter(root=integration.root_folder_id)
    number = health_schedule.hurry(integration.tenant_id, tested.filter(health=Health.FAILING))
    audit.record(
        "integration.health_test_requested", scope=integration.scope, by=by, target=integration, connections=number
    )
    return number


def _create_root_folder(integration: Integration) -> Folder:
    """Make the top folder of the mirror; its source id comes with the first read."""
    (folder_id,) = allocate_ids(Folder, 1)
    wish = dynamic_handle("folder", ROOT_TITLE, "")
    scope = integration.scope.keys
    if Folder.objects.filter(**scope, handle=wish).exists():
        wish = fit(wish, f"_{integration.handle.replace('-', '_')}")
    if Folder.objects.filter(**scope, handle=wish).exists():
        wish = fit(wish, f"_{folder_id}")
    return Folder.objects.create(
        id=folder_id,
        **scope,
        root_id=folder_id,
        path=f"{folder_id}/",
        title=ROOT_TITLE,
        handle=wish,
        is_managed=True,
        managed_by=integration.handle,
    )

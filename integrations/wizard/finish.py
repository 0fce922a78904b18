"""Turning a draft into an integration: one transaction, and one audit event."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from connections import sharing
from connections.errors import HandleTakenError
from connections.models import Folder
from connections.tree import allocate_ids
from integrations.access import known_snapshot
from integrations.models import AccessMode, Draft, Integration, SyncRun
from integrations.models.settings import SETTINGS_FIELDS, NamedSettings
from integrations.planning.handles import dynamic_handle
from integrations.sync import requests
from integrations.sync import schedule as sync_schedule
from workspaces import audit
from workspaces.access import Scope
from workspaces.handles import fit
from workspaces.models import Tenant, User

ROOT_TITLE = "Root"


@transaction.atomic
def create_integration(*, draft: Draft, audiences: Iterable[Scope], by: User, now: datetime) -> Integration:
    """Turn a draft into an integration: its root folder, grants, schedule and first run; the draft is gone.

    Posted twice, the second call gives the integration that the first one made. Raises HandleTakenError when another
    integration of the tenant took the handle meanwhile.
    """
    # Lock first: a double click waits here, and then finds the draft gone.
    if not Draft.objects.select_for_update().filter(pk=draft.pk).exists():
        return Integration.objects.get(uid=draft.uid)
    integration = create_from(draft, audiences=audiences, by=by, now=now)
    draft.delete()
    return integration


@transaction.atomic
def create_from(
    settings: NamedSettings,
    *,
    audiences: Iterable[Scope],
    by: User,
    now: datetime,
    sent: Mapping[str, Any] | None = None,
) -> Integration:
    """Make an integration of these settings, with its root folder, grants, schedule and first run.

    ``sent`` is the config as a program has sent it. Raises HandleTakenError as ``create_integration`` does.
    """
    # One creation at a time in a tenant, or two top folders could choose the same handle.
    Tenant.objects.select_for_update(no_key=True).get(pk=settings.tenant_id)
    values = {name: getattr(settings, name) for name in SETTINGS_FIELDS}
    integration = Integration(handle=settings.handle, sent_config=sent, **values)
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
    known_snapshot.keep_test(integration)
    audit.record(
        "integration.created", scope=integration.scope, by=by, target=integration, shared_with=[str(s) for s in granted]
    )
    requests.queue_sync(integration, SyncRun.Trigger.CREATED, by, now)
    return integration


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

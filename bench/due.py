"""Integrations that are due, messages for them, and what became of them; the broker is that of this run alone."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from bench.mirrors import an_integration
from integrations.jobs.sending import LOW_PRIORITY, Key
from integrations.models import SyncRun, SyncSchedule
from integrations.sync import dispatcher
from integrations.tasks import sync_integration
from tests.fakes.aws.iam import AccessKey
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Organization

_PATIENCE_SECONDS = 300
_EXPIRES = 300


def integrations(scope: Scope, number: int, key: AccessKey | None = None, *, due: timedelta = timedelta()) -> list[Key]:
    """Make integrations by access key that are due, each in an organization of its own, so that no handles meet."""
    made, tenant = [], scope.tenant
    with isolation.as_tenant(tenant.pk):
        teams = Organization.objects.bulk_create(
            Organization(tenant=tenant, handle=f"team-{uuid4().hex[:12]}", name="Team") for _ in range(number)
        )
        for team in teams:
            integration = an_integration(Scope(tenant, team))
            if key is not None:
                integration.access_mode, integration.access_key_id = "key", key.id
                integration.secret_key = key.secret
                integration.save()
            made.append(integration)
    now = timezone.now()
    SyncSchedule.objects.bulk_create(
        SyncSchedule(integration=each, tenant_id=scope.tenant.pk, next_due_at=now - due) for each in made
    )
    return [(scope.tenant.pk, each.pk) for each in made]


def send_all(keys: Sequence[Key]) -> None:
    """Send a message for each, in a loop."""
    with sync_integration.app.producer_or_acquire() as producer:
        for key in keys:
            sync_integration.apply_async(key, producer=producer, expires=_EXPIRES)


def dispatch_due() -> None:
    """Claim what is due and send for it, as the dispatcher does."""
    options = {"expires": _EXPIRES, "priority": LOW_PRIORITY}
    with sync_integration.app.producer_or_acquire() as producer:
        dispatcher.send_due(
            lambda key: sync_integration.apply_async(key, producer=producer, **options), now=timezone.now()
        )


def forget_all() -> None:
    """Leave nothing that is due, and no message."""
    SyncSchedule.objects.all().delete()
    with sync_integration.app.connection_for_write() as broker, suppress(Exception):
        broker.default_channel.queue_purge(sync_integration.app.conf.task_default_queue)


def started(keys: Sequence[Key]) -> dict[int, datetime]:
    """Say when the syncs of these started that have."""
    found = {}
    for tenant_id in {tenant_id for tenant_id, _ in keys}:
        with isolation.as_tenant(tenant_id):
            runs = SyncRun.objects.filter(integration__in=[pk for _, pk in keys], started_at__isnull=False)
            found |= {run.integration_id: run.started_at for run in runs.order_by("-pk") if run.started_at}
    return found


def ended(keys: Sequence[Key]) -> int:
    """Count the good syncs of these, which are of one tenant."""
    with isolation.as_tenant(keys[0][0]):
        return SyncRun.objects.filter(integration__in=[pk for _, pk in keys], state="succeeded").count()


def wait(condition: Callable[[], bool]) -> None:
    """Wait until it holds. Raises TimeoutError when it does not in five minutes."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError("The worker did not come to an end.")
        time.sleep(0.1)

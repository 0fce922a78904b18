"""Runs of one integration as tests of the schedule make and end them."""

from datetime import datetime, timedelta

from django.utils import timezone

from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import requests
from integrations.sync import schedule as sync_schedule
from workspaces import isolation


def request(integration: Integration, trigger: SyncRun.Trigger = SyncRun.Trigger.MANUAL) -> SyncRun:
    """Ask for a sync."""
    with isolation.as_tenant(integration.tenant_id):
        return requests.request(integration, trigger=trigger, by=None, now=timezone.now())


def start(integration: Integration, *, after: timedelta = timedelta()) -> SyncRun | None:
    """Do what a worker does with a message, so long from now."""
    return sync_schedule.start(integration.tenant_id, integration.pk, now=timezone.now() + after)


def finish(run: SyncRun, outcome: Outcome, *, after: timedelta = timedelta()) -> datetime:
    """End a run; gives when."""
    now = timezone.now() + after
    with isolation.as_tenant(run.tenant_id):
        sync_schedule.finish(run, outcome, now=now)
    return now


def stored(run: SyncRun) -> SyncRun:
    """A run as the database has it."""
    with isolation.as_tenant(run.tenant_id):
        return SyncRun.objects.get(pk=run.pk)


def row(integration: Integration) -> SyncSchedule:
    """The integration's row in the schedule, as it is now."""
    return SyncSchedule.objects.get(pk=integration.pk)


def make_due(integration: Integration) -> None:
    """Let its time have come."""
    SyncSchedule.objects.filter(pk=integration.pk).update(next_due_at=timezone.now() - timedelta(seconds=1))

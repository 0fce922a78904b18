"""``manage.py sync_integration TENANT/HANDLE``: one sync in the foreground, with its progress and its diff."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.models import Integration, SyncRun
from integrations.sync import requests
from workspaces import isolation
from workspaces.models import Tenant


class Command(BaseCommand):
    help = "Sync one integration now and show what it does; exits with 1 when it fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("integration", metavar="TENANT/HANDLE")

    def handle(self, *args: Any, **options: Any) -> None:
        from integrations.sync import (
            run as sync_run,  # slow to load, and not needed to say that there is no such integration
        )

        integration = _find(options["integration"])
        try:
            with isolation.as_tenant(integration.tenant_id):
                run = requests.request(integration, trigger=SyncRun.Trigger.COMMAND, by=None, now=timezone.now())
        except requests.IntegrationGoneError as error:
            raise CommandError(str(error)) from error
        if run.state == SyncRun.State.RUNNING:
            raise CommandError(
                f"A sync of {integration} is running since {run.started_at:%H:%M:%S} UTC. A worker runs one more right"
                " after it."
            )
        ended = sync_run.run(integration.tenant_id, integration.pk, watch=self._show)
        if ended is None:
            raise CommandError(f"A worker was faster and is syncing {integration} now. Wait for its end.")
        if ended.error:
            raise CommandError(ended.error)

    def _show(self, run: SyncRun) -> None:
        if not run.is_over:
            self.stdout.write(
                f"{run.get_phase_display()}: {run.units_read:,} OUs, {run.accounts_read:,} accounts,"
                f" {run.aws_calls:,} calls to AWS"
            )
            return
        for kind, node, source_id, label, before, after in run.changes:
            sides = (": " if kind == "remove" else " → ").join(side for side in (before, after) if side)
            self.stdout.write(f"  {kind:6} {node} {label} ({source_id}): {sides}")
        if run.state == SyncRun.State.SUCCEEDED:
            counts = ", ".join(f"{number} {kind}" for kind, number in run.counts.items()) or "nothing changed"
            self.stdout.write(f"{run.get_state_display()} in {run.elapsed.total_seconds():.1f} s: {counts}.")


def _find(name: str) -> Integration:
    """Find an integration by its tenant's handle and its own. Raises CommandError when there is none."""
    tenant_handle, slash, handle = name.partition("/")
    if not slash:
        raise CommandError(f"Name the integration as TENANT/HANDLE, not {name!r}.")
    with isolation.as_operator():
        tenant = Tenant.objects.filter(handle=tenant_handle).first()
    if tenant is None:
        raise CommandError(f"There is no tenant {tenant_handle!r}.")
    with isolation.as_tenant(tenant.pk):
        integration = Integration.objects.filter(tenant=tenant, handle=handle).first()
        if integration is None:
            known = ", ".join(Integration.objects.order_by("handle").values_list("handle", flat=True))
            raise CommandError(f"The tenant {tenant} has no integration {handle!r}; it has: {known or 'none'}.")
    return integration

"""A mirrored AWS organization whose changes are told to its inlet, as EventBridge would, and time that passes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.utils import timezone

from integrations.events import inlets, receiving
from integrations.events.inlets import IssuedKey
from integrations.models import AwsEvent, SyncRun, SyncSchedule
from integrations.sync import dispatcher
from integrations.sync import run as sync_run
from tests.conftest import Cast
from tests.fakes.aws.events import events_of
from tests.fakes.aws.organization import Change
from tests.integrations.conftest import QUICK, Synced
from workspaces import isolation

SECOND = timedelta(seconds=1)
SIGN_OF_LIFE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
_MOMENTS: dict[Any, tuple[str, ...]] = {
    SyncSchedule: (
        *("next_due_at", "planned_at", "event_at", "last_event_at", "events_synced_at", "events_rest_until"),
        *("full_due_at", "read_all_at", "heard_at", "missed_at", "untold_at", "asked_at"),
    ),
    AwsEvent: ("received_at", "look_at", "occurred_at"),
    SyncRun: ("queued_at", "started_at", "finished_at"),
}


@dataclass
class Watched:
    """What happens in AWS while this listens is told when a test says so."""

    mirror: Synced
    issued: IssuedKey
    untold: list[dict[str, Any]] = field(default_factory=list)
    passed: float = 0.0  # how many seconds of the time were made

    @classmethod
    def over(cls, mirror: Synced, cast: Cast) -> "Watched":
        """Sync once, and open the inlet."""
        mirror.sync()
        with isolation.as_tenant(mirror.integration.tenant_id):
            issued = inlets.enable(integration=mirror.integration, by=cast.org_owner, now=timezone.now())
        assert issued is not None
        watched = cls(mirror, issued)
        mirror.aws.organization.listeners.append(watched.heard)
        return watched

    def heard(self, change: Change) -> None:
        self.untold += events_of(change)

    def change(self, make: Callable[[], object]) -> None:
        """Change something in AWS, and have it told at once."""
        make()
        self.tell()

    def tell(self) -> None:
        """Tell all that has happened."""
        told, self.untold = self.untold, []
        for event in told:
            self.send(event)

    def send(self, event: object) -> bool:
        """Send one event, a moment ago, so that it is due."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        inlet, now = self.issued.inlet, timezone.now()
        return receiving.receive(inlet.uid, self.issued.key, body, now=now)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds
        passed = Value(timedelta(seconds=seconds))
        with isolation.as_tenant(self.mirror.integration.tenant_id):
            for model, names in _MOMENTS.items():
                key = "pk" if model is SyncSchedule else "integration"
                rows = model.objects.filter(**{key: self.mirror.integration.pk})
                rows.update(**{name: ExpressionWrapper(F(name) - passed, DateTimeField()) for name in names})

    def moment(self, of: datetime) -> float:
        """The seconds of a moment in the time that passes here; it moves with each ``later``, and this does not."""
        return of.timestamp() + self.passed

    def work(self, *, after: float = 2) -> list[SyncRun]:
        """Let a moment pass, and do all that is due then; gives the runs that have ended or wait again."""
        self.later(after)
        keys = []
        while due := dispatcher.take_due(now=timezone.now()):
            for tenant_id, integration_id in due:
                run = sync_run.perform(tenant_id, integration_id, retries=QUICK)
                keys += [run] if run else []
        runs = {run.pk: run for run in self.mirror.runs()}
        return [runs[key] for key in keys]

    def only_run(self, *, after: float = 2) -> SyncRun:
        """Do what is due, which is one run."""
        (run,) = self.work(after=after)
        return run

    def events(self) -> list[AwsEvent]:
        """What no sync has seen yet."""
        with isolation.as_tenant(self.mirror.integration.tenant_id):
            return list(AwsEvent.objects.filter(integration=self.mirror.integration.pk).order_by("pk"))

    def kept(self) -> int:
        """How many of them there are."""
        with isolation.as_tenant(self.mirror.integration.tenant_id):
            return AwsEvent.objects.filter(integration=self.mirror.integration.pk).count()


def ids(mirror: Synced) -> dict[str, str]:
    """Ids by name."""
    organization = mirror.aws.organization
    named = {account.name: account.id for account in organization.accounts.values()}
    return named | {unit.name: unit.id for unit in organization.units.values()}

"""From a change in AWS to the tree: with the shipped worker, at AWS's published limits and 40 ms a call.

The dispatcher asks every two seconds, as the beat makes it do; the inlet takes each event as it comes.
"""

import json
import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone

from bench import due, workers
from bench.database import a_scope
from bench.table import Row, at_most, show
from integrations.events import inlets, receiving
from integrations.events.inlets import IssuedKey
from integrations.jobs.outcome import Outcome
from integrations.jobs.sending import Key
from integrations.models import AwsEvent, Integration, SyncRun, SyncSchedule
from integrations.models.sync_run import OPEN_STATES
from integrations.sync import dispatcher
from integrations.sync import schedule as sync_schedule
from tests import factories
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.events import events_of
from tests.fakes.aws.organization import AwsOrganization, Change
from tests.fakes.aws.policy import reading_organizations
from tests.fakes.aws.sample import build
from tests.threads import at_once
from workspaces import isolation

_LATENCY_SECONDS = 0.04
_TICK_SECONDS = 2.0
_CHANGES = 30
_BURST = 500
_STEP = timedelta(minutes=5)
_SIGN_OF_LIFE = b'{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}'


@dataclass
class _Watched:
    """An integration that is told of what happens in its AWS organization."""

    aws: RunningAws
    key: Key
    issued: IssuedKey

    def send(self, changes: list[Change]) -> None:
        inlet = self.issued.inlet
        for change in changes:
            for event in events_of(change):
                assert receiving.receive(inlet.uid, self.issued.key, json.dumps(event).encode(), now=timezone.now())

    def last_run(self) -> SyncRun | None:
        with isolation.as_tenant(self.key[0]):
            return SyncRun.objects.filter(integration=self.key[1]).order_by("-pk").first()

    def is_at_rest(self) -> bool:
        """Whether nothing that events have told waits or runs."""
        with isolation.as_tenant(self.key[0]):
            if AwsEvent.objects.filter(integration=self.key[1]).exists():
                return False
            if SyncRun.objects.filter(integration=self.key[1], state__in=OPEN_STATES).exists():
                return False
        return SyncSchedule.objects.filter(pk=self.key[1], event_at=None, why_full="", claim=None).exists()


def run(accounts: int, runs: int) -> None:
    """Let single changes happen, then five hundred at once."""
    organization = build(accounts=accounts, units=max(10, accounts // 10 if accounts <= 1_000 else accounts // 20))
    random.seed(accounts)
    with running_aws(organization) as aws:
        aws.faults.latency = _LATENCY_SECONDS
        aws.faults.throttle_as_published()
        reader = aws.roles.create_key("reader", reading_organizations())
        scope = a_scope(f"events-{accounts}")
        (key,) = due.integrations(scope, 1, reader)
        with workers.running(workers.SHIPPED, aws), _dispatching():
            due.wait(lambda: due.ended([key]) == 1)
            watched = _watch(aws, key)
            measured = [_change(watched, organization, number) for number in range(_CHANGES)]
            burst_seconds, burst_calls, burst_runs = _burst(watched, organization)
            full_seconds, full_calls = _full_sync(watched)
        with_events, without = _syncs_of_a_week(watched, has_events=True), _syncs_of_a_week(watched, has_events=False)
        due.forget_all()
    seconds, calls = zip(*measured, strict=True)
    quantiles = statistics.quantiles(seconds, n=20)
    rows = [
        Row("a full sync", full_seconds, f"{full_calls} calls"),
        Row("event to tree, median", quantiles[9], f"{statistics.median(calls):.0f} calls"),
        Row("event to tree, 95 of 100", quantiles[18], f"{max(calls)} calls at most"),
        Row(f"{_BURST} events at once, to the last", burst_seconds, f"{burst_calls} calls, {burst_runs} runs"),
    ]
    show(f"{_CHANGES} changes in an AWS organization of {accounts} accounts, each told by its events", rows)
    at_most(f"event to tree of {accounts}, 95 of 100, s", quantiles[18], 5)
    at_most(f"event to tree of {accounts}, calls", max(calls), 10)
    at_most(f"{_BURST} events at once of {accounts}, of a full sync's calls", burst_calls / full_calls, 1)
    print(f"  a quiet week has {with_events} full syncs with events, and {without} without")
    at_most(f"calls of a quiet week of {accounts}, of those without events", with_events / without, 0.02)


@contextmanager
def _dispatching() -> Iterator[None]:
    over = threading.Event()

    def dispatch() -> None:
        while not over.wait(_TICK_SECONDS):
            due.dispatch_due()
        connections.close_all()

    thread = threading.Thread(target=dispatch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(aws: RunningAws, key: Key) -> _Watched:
    with isolation.as_tenant(key[0]):
        integration = Integration.objects.get(pk=key[1])
        person = factories.user(f"events-{key[1]}")
        issued = inlets.enable(integration=integration, by=person, now=timezone.now())
    assert issued is not None
    return _Watched(aws, key, issued)


def _change(watched: _Watched, organization: AwsOrganization, number: int) -> tuple[float, int]:
    """Change something and tell of it at any moment of the dispatcher; gives the seconds to the commit, and calls."""
    time.sleep(random.uniform(3, 5))
    heard: list[Change] = []
    organization.listeners.append(heard.append)
    account, unit = random.choice(list(organization.accounts)), random.choice(list(organization.units))
    while organization.accounts[account].parent_id == unit:
        unit = random.choice(list(organization.units))
    began = datetime.now(timezone.now().tzinfo)
    match number % 3:
        case 0:
            organization.move(account, unit)
        case 1:
            organization.rename(account, f"Renamed {number}")
        case _:
            organization.create_account(f"New {number}", parent=unit)
    organization.listeners.remove(heard.append)
    before = watched.last_run()
    watched.send(heard)
    due.wait(lambda: _has_ended(watched, before))
    ended = watched.last_run()
    assert ended is not None
    assert ended.finished_at is not None
    assert ended.kind == "targeted", ended.why_full
    assert sum(ended.counts.values()) >= 1, ended.counts
    return (ended.finished_at - began).total_seconds(), ended.aws_calls


def _full_sync(watched: _Watched) -> tuple[float, int]:
    """Have everything read once more; gives how long that took, and its calls."""
    before = watched.last_run()
    SyncSchedule.objects.filter(pk=watched.key[1]).update(next_due_at=timezone.now())
    due.wait(lambda: _has_ended(watched, before))
    full = watched.last_run()
    assert full is not None
    assert full.kind == "full", full.kind
    assert full.finished_at is not None
    assert full.started_at is not None
    return (full.finished_at - full.started_at).total_seconds(), full.aws_calls


def _syncs_of_a_week(watched: _Watched, *, has_events: bool) -> int:
    """Let the schedule go through a week in which nothing happens, and count the syncs that it starts."""
    row = SyncSchedule.objects.filter(pk=watched.key[1])
    now = timezone.now()
    row.update(read_all_at=now, next_due_at=now + _STEP, full_due_at=now + _STEP, events_rest_until=None)
    row.update(untold_at=None, missed_at=None, heard_at=now if has_events else None, planned_at=now)
    started = 0
    for step in range(7 * 24 * 12):
        now += _STEP
        if has_events and step % 12 == 0:
            receiving.receive(watched.issued.inlet.uid, watched.issued.key, _SIGN_OF_LIFE, now=now)
        for tenant_id, integration_id in dispatcher.take_due(now=now):
            run = sync_schedule.start(tenant_id, integration_id, now=now)
            if run is not None:
                started += 1
                with isolation.as_tenant(tenant_id):
                    sync_schedule.finish(run, Outcome(), now=now)
    return started


def _has_ended(watched: _Watched, before: SyncRun | None) -> bool:
    last = watched.last_run()
    return last is not None and last != before and last.is_over


def _burst(watched: _Watched, organization: AwsOrganization) -> tuple[float, int, int]:
    """Let five hundred events come at once; gives the seconds until all is settled, the calls and the runs."""
    due.wait(watched.is_at_rest)
    heard: list[Change] = []
    organization.listeners.append(heard.append)
    accounts = list(organization.accounts)
    for number in range(_BURST):
        organization.rename(accounts[number % len(accounts)], f"Burst {number}")
    watched.aws.calls.clear()
    before, began = watched.last_run(), time.perf_counter()
    at_once(*[lambda share=share: watched.send(heard[share::4]) for share in range(4)])
    due.wait(watched.is_at_rest)
    assert before is not None
    with isolation.as_tenant(watched.key[0]):
        runs = SyncRun.objects.filter(integration=watched.key[1], pk__gt=before.pk).count()
    return time.perf_counter() - began, len(watched.aws.calls), runs

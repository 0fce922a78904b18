"""Starting syncs: what it costs to send them, how many a worker runs, and how long one tenant's thousand delay others.

The workers are real ones, with a broker; AWS is the stand-in, 40 ms a call. The dispatcher asks every two seconds, as
the beat makes it do.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.mirrors import an_integration
from bench.table import Row, at_least, at_most, show
from integrations import dispatch
from integrations.dispatch import Key
from integrations.models import SyncRun, SyncSchedule
from integrations.tasks import sync_integration
from launcher.demo import QUIET
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.iam import AccessKey
from tests.fakes.aws.policy import reading_organizations
from tests.fakes.aws.sample import build
from tests.threads import at_once
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Organization

_ROOT = Path(__file__).resolve().parents[1]
_LATENCY_SECONDS = 0.04
_TICK_SECONDS = 2.0
_PATIENCE_SECONDS = 60
_MANY = 1_000
_THREADS = ("--pool", "threads", "-c", "16")  # as shipped
_PREFORK = ("--pool", "prefork", "-c", "2")

_ONE_BY_ONE = """
    UPDATE integrations_syncschedule SET dispatched_at = now() WHERE integration_id = (
        SELECT integration_id FROM integrations_syncschedule WHERE next_due_at <= now() AND dispatched_at IS NULL
        ORDER BY next_due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING integration_id
"""


def run(accounts: int, runs: int) -> None:
    """Measure once, for AWS organizations of the smallest size that is asked for."""
    if accounts > 100:
        return
    _measure_dispatch(runs)
    few, many = max(2, accounts // 10), max(4, accounts * 3 // 10)
    with _answering(accounts, few) as (aws, key):
        _measure_workers(f"{accounts} accounts in {few} OUs", aws, key)
        _measure_turns(aws, key)
        _measure_punctuality(aws, key)
    with _answering(accounts, many) as (aws, key):
        syncs, memory = _measure_workers(f"{accounts} accounts in {many} OUs", aws, key)
    at_least("syncs of the shipped worker, of 2 processes", syncs, 5)
    at_most("memory of the shipped worker, of 2 processes", memory, 0.6)


@contextmanager
def _answering(accounts: int, units: int) -> Iterator[tuple[RunningAws, AccessKey]]:
    with running_aws(build(accounts=accounts, units=units)) as aws:
        aws.faults.latency = _LATENCY_SECONDS
        yield aws, aws.roles.create_key("reader", reading_organizations())


def _measure_dispatch(runs: int) -> None:
    """Compare sending alone, claiming and sending, and claiming row by row; let two dispatchers race."""
    made = _integrations(a_scope("sched-dispatch"), _MANY)
    queue, before = f"bench-{uuid4().hex}", settings.PIPES_SYNCS_PER_TENANT
    settings.PIPES_SYNCS_PER_TENANT = _MANY
    analyze()
    try:
        ways: dict[str, Callable[[], object]] = {
            "bare loop of messages": lambda: _send_all(queue, made),
            "ours: claim in one statement": _take,
            "ours: claim and send": lambda: _dispatch(queue),
            "claim row by row": _take_one_by_one,
        }
        rows = _in_turn(runs, ways)
        show(f"Dispatching {_MANY} due integrations", rows)
        at_most("claiming and sending, of the bare loop", rows[2].seconds / rows[0].seconds, 1.3)
        _due_again()
        shares = at_once(_take, _take)
        taken = [key for share in shares for key in share]
        print(f"  two racing dispatchers: {len(taken)} taken, {len(set(taken))} different, of {_MANY}")
    finally:
        settings.PIPES_SYNCS_PER_TENANT = before
        _purge(queue)
        SyncSchedule.objects.all().delete()


def _measure_workers(what: str, aws: RunningAws, key: AccessKey) -> tuple[float, float]:
    """Compare the shipped worker with one of two processes; gives its share of syncs a minute, and of memory.

    Each integration is synced twice: what a worker does all day is to find that nothing, or little, has changed. The
    goals were set where a sync took 2.7 s, most of it waiting for its turn at AWS: as it does with many OUs.
    """
    rows, last = [], []
    before, settings.PIPES_SYNCS_PER_TENANT = settings.PIPES_SYNCS_PER_TENANT, _MANY  # all are of one tenant
    for name, pool, number in (("prefork, 2 processes", _PREFORK, 12), ("shipped: 16 threads", _THREADS, 64)):
        scope = a_scope(f"sched-{pool[1]}-{uuid4().hex[:6]}")
        made = _integrations(scope, number, key)
        queue = f"bench-{uuid4().hex}"
        with _worker(queue, pool, aws) as process:
            _warm_up(queue, scope, key)
            for which, ended in (("first", number), ("again", 2 * number)):
                SyncSchedule.objects.filter(pk__in=[pk for _, pk in made]).update(next_due_at=timezone.now())
                started = time.perf_counter()
                _send_all(queue, made)
                _wait(lambda made=made, ended=ended: _ended(made) == ended)
                seconds = (time.perf_counter() - started) / number
                rate, memory = 60 / seconds, _memory(process.pid)
                rows.append(Row(f"{name}, {which}", seconds, f"{rate:.0f} syncs a minute, {memory:.0f} MB"))
        last.append((rate, memory))
        SyncSchedule.objects.all().delete()
    settings.PIPES_SYNCS_PER_TENANT = before
    show(f"One sync of {what}, as many at once as the worker takes", rows)
    (slow, much), (fast, little) = last
    print(f"  syncs of the shipped worker, of 2 processes: {fast / slow:.2f}")
    return fast / slow, little / much


def _measure_turns(aws: RunningAws, key: AccessKey) -> None:
    """Let one integration be due just after a thousand of another tenant."""
    rows = []
    before = settings.PIPES_SYNCS_PER_TENANT
    for name, share in (("ours: tenants take turns", before), ("whatever is due, in its order", _MANY)):
        settings.PIPES_SYNCS_PER_TENANT = share
        _integrations(a_scope(f"sched-crowd-{share}"), _MANY, key, due=timedelta(minutes=1))
        queue = f"bench-{uuid4().hex}"
        with _worker(queue, _THREADS, aws):
            _dispatch(queue)
            time.sleep(_TICK_SECONDS)
            alone = _integrations(a_scope(f"sched-one-{share}"), 1, key)
            waits = _let_work(queue, alone)
        rows.append(Row(name, max(waits, default=_PATIENCE_SECONDS), "" if waits else "had not started by then"))
        SyncSchedule.objects.all().delete()
        _purge(queue)
    settings.PIPES_SYNCS_PER_TENANT = before
    show(f"How long one tenant's {_MANY} delay another's one", rows)
    at_most("delay by another tenant's thousand, in seconds", rows[0].seconds, 10)


def _measure_punctuality(aws: RunningAws, key: AccessKey) -> None:
    """Let a hundred integrations of ten tenants be due within a minute."""
    made: list[Key] = []
    for number in range(10):
        made += _integrations(a_scope(f"sched-minute-{number}"), 10, key)
    began = timezone.now()
    for place, (_, pk) in enumerate(made):
        SyncSchedule.objects.filter(pk=pk).update(next_due_at=began + timedelta(seconds=0.6 * (place * 37 % 100)))
    queue = f"bench-{uuid4().hex}"
    with _worker(queue, _THREADS, aws):
        waits = _let_work(queue, made)
    quantiles = statistics.quantiles(waits, n=20)
    rows = [Row("median", quantiles[9]), Row("95 of 100", quantiles[18]), Row("the last", max(waits))]
    show(f"From due to started, {len(waits)} of 100 within a minute", rows)
    at_most("from due to started, 95 of 100, in seconds", quantiles[18], 5)


def _integrations(
    scope: Scope, number: int, key: AccessKey | None = None, *, due: timedelta = timedelta()
) -> list[Key]:
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


@contextmanager
def _worker(queue: str, pool: Sequence[str], aws: RunningAws) -> Iterator[subprocess.Popen[bytes]]:
    name = settings.DATABASES["default"]["NAME"]
    environment = os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "DJANGO_SETTINGS_MODULE": "pipes.settings",  # it has nothing of what the product is compared with
        "PIPES_SYNCS_PER_TENANT": str(settings.PIPES_SYNCS_PER_TENANT),
        "PIPES_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "celery", "-A", "pipes", "worker", *pool, "-Q", queue]
    process = subprocess.Popen(
        [*command, *QUIET],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _warm_up(queue: str, scope: Scope, key: AccessKey) -> None:
    """Let each process of a worker load what it needs, before anything is timed."""
    first = _integrations(scope, 4, key)
    _send_all(queue, first)
    _wait(lambda: _ended(first) == len(first))


def _let_work(queue: str, watched: Sequence[Key]) -> list[float]:
    """Dispatch until the watched ones have started, or patience is over; gives the seconds from due to started."""
    due = dict(SyncSchedule.objects.filter(pk__in=[pk for _, pk in watched]).values_list("pk", "next_due_at"))
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends_at and len(_started(watched)) < len(watched):
        _dispatch(queue)
        time.sleep(_TICK_SECONDS)
    return [(at - due[pk]).total_seconds() for pk, at in _started(watched).items()]


def _started(keys: Sequence[Key]) -> dict[int, datetime]:
    found = {}
    for tenant_id in {tenant_id for tenant_id, _ in keys}:
        with isolation.as_tenant(tenant_id):
            runs = SyncRun.objects.filter(integration__in=[pk for _, pk in keys], started_at__isnull=False)
            found |= {run.integration_id: run.started_at for run in runs.order_by("-pk") if run.started_at}
    return found


def _ended(keys: Sequence[Key]) -> int:
    with isolation.as_tenant(keys[0][0]):
        return SyncRun.objects.filter(integration__in=[pk for _, pk in keys], state="succeeded").count()


def _wait(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 300
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError("The worker did not come to an end.")
        time.sleep(0.1)


def _memory(pid: int) -> float:
    """Give the megabytes of a process and its children; pages that they share are counted once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in own if line.startswith("Pss:"))
    return pss / 1024 + sum(_memory(int(child)) for child in children)


def _send_all(queue: str, keys: Sequence[Key]) -> None:
    with sync_integration.app.producer_or_acquire() as producer:
        for key in keys:
            sync_integration.apply_async(key, producer=producer, queue=queue, expires=300)


def _dispatch(queue: str) -> None:
    with sync_integration.app.producer_or_acquire() as producer:
        dispatch.send_due(
            lambda key: sync_integration.apply_async(key, producer=producer, queue=queue, expires=300, priority=9),
            now=timezone.now(),
        )


def _take() -> list[Key]:
    return dispatch.take_due(now=timezone.now())


def _take_one_by_one() -> None:
    with connection.cursor() as cursor:
        while True:
            with transaction.atomic():
                cursor.execute(_ONE_BY_ONE)
                if cursor.fetchone() is None:
                    return


def _in_turn(runs: int, ways: Mapping[str, Callable[[], object]]) -> list[Row]:
    """Time the ways one after the other, so often, each with everything due; what else the machine does meets all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, work in ways.items():
            _due_again()
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    return [Row(name, statistics.median(taken)) for name, taken in times.items()]


def _due_again() -> None:
    SyncSchedule.objects.update(dispatched_at=None)


def _purge(queue: str) -> None:
    with sync_integration.app.connection_for_write() as broker, suppress(Exception):
        broker.default_channel.queue_purge(queue)

"""Starting syncs: what it costs to send them, how many a worker runs, and how long one tenant's thousand delay others.

The workers are real ones, with a broker; AWS is the stand-in, 40 ms a call. The dispatcher asks every two seconds, as
the beat makes it do.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import override_settings
from django.utils import timezone

from bench import due, workers
from bench.database import a_scope, analyze
from bench.table import Row, at_least, at_most, show
from integrations.jobs.sending import Key
from integrations.models import SyncSchedule
from integrations.sync import dispatcher
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.iam import AccessKey
from tests.fakes.aws.policy import reading_organizations
from tests.fakes.aws.sample import build
from tests.threads import at_once

_LATENCY_SECONDS = 0.04
_TICK_SECONDS = 2.0
_PATIENCE_SECONDS = 60
_MANY = workers.MANY

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
        workers.compare(f"{accounts} accounts in {few} OUs", aws, key)
        _measure_turns(aws, key)
        _measure_punctuality(aws, key)
    with _answering(accounts, many) as (aws, key):
        shares = workers.compare(f"{accounts} accounts in {many} OUs", aws, key)
    at_least("syncs of the shipped worker, of 2 processes", shares.syncs, 5)
    at_most("memory of the shipped worker, of 2 processes", shares.memory, 0.6)
    at_most("memory of its lane of syncs alone, of 2 processes that do syncs alone", shares.lane, 0.6)


@contextmanager
def _answering(accounts: int, units: int) -> Iterator[tuple[RunningAws, AccessKey]]:
    with running_aws(build(accounts=accounts, units=units)) as aws:
        aws.faults.latency = _LATENCY_SECONDS
        yield aws, aws.roles.create_key("reader", reading_organizations())


def _measure_dispatch(runs: int) -> None:
    """Compare sending alone, claiming and sending, and claiming row by row; let two dispatchers race."""
    made = due.integrations(a_scope("sched-dispatch"), _MANY)
    analyze()
    ways: dict[str, Callable[[], object]] = {
        "bare loop of messages": lambda: due.send_all(made),
        "ours: claim in one statement": _take,
        "ours: claim and send": due.dispatch_due,
        "claim row by row": _take_one_by_one,
    }
    try:
        with override_settings(PIPES_SYNCS_PER_TENANT=_MANY):
            rows = _in_turn(runs, ways)
            _due_again()
            taken = [key for share in at_once(_take, _take) for key in share]
    finally:
        due.forget_all()
    show(f"Dispatching {_MANY} due integrations", rows)
    at_most("claiming and sending, of the bare loop", rows[2].seconds / rows[0].seconds, 1.3)
    print(f"  two racing dispatchers: {len(taken)} taken, {len(set(taken))} different, of {_MANY}")


def _measure_turns(aws: RunningAws, key: AccessKey) -> None:
    """Let one integration be due just after a thousand of another tenant."""
    rows = []
    ours = settings.PIPES_SYNCS_PER_TENANT
    for name, share in (("ours: tenants take turns", ours), ("whatever is due, in its order", _MANY)):
        with override_settings(PIPES_SYNCS_PER_TENANT=share):
            due.integrations(a_scope(f"sched-crowd-{share}"), _MANY, key, due=timedelta(minutes=1))
            with workers.running(workers.SHIPPED, aws):
                workers.warm_up(a_scope(f"sched-before-{share}"), key)
                due.dispatch_due()
                time.sleep(_TICK_SECONDS)
                alone = due.integrations(a_scope(f"sched-one-{share}"), 1, key)
                waits = _let_work(alone)
        rows.append(Row(name, max(waits, default=_PATIENCE_SECONDS), "" if waits else "had not started by then"))
        due.forget_all()
    show(f"How long one tenant's {_MANY} delay another's one", rows)
    at_most("delay by another tenant's thousand, in seconds", rows[0].seconds, 10)


def _measure_punctuality(aws: RunningAws, key: AccessKey) -> None:
    """Let a hundred integrations of ten tenants be due within a minute."""
    made: list[Key] = []
    for number in range(10):
        made += due.integrations(a_scope(f"sched-minute-{number}"), 10, key)
    with workers.running(workers.SHIPPED, aws):
        workers.warm_up(a_scope("sched-minute-before"), key)
        began = timezone.now()
        for place, (_, pk) in enumerate(made):
            SyncSchedule.objects.filter(pk=pk).update(next_due_at=began + timedelta(seconds=0.6 * (place * 37 % 100)))
        waits = _let_work(made)
    due.forget_all()
    quantiles = statistics.quantiles(waits, n=20)
    rows = [Row("median", quantiles[9]), Row("95 of 100", quantiles[18]), Row("the last", max(waits))]
    show(f"From due to started, {len(waits)} of 100 within a minute", rows)
    at_most("from due to started, 95 of 100, in seconds", quantiles[18], 5)


def _let_work(watched: Sequence[Key]) -> list[float]:
    """Dispatch until the watched ones have started, or patience is over; gives the seconds from due to started."""
    was_due = dict(SyncSchedule.objects.filter(pk__in=[pk for _, pk in watched]).values_list("pk", "next_due_at"))
    ends_at = time.monotonic() + _PATIENCE_SECONDS + _TICK_SECONDS
    while time.monotonic() < ends_at and len(due.started(watched)) < len(watched):
        due.dispatch_due()
        time.sleep(_TICK_SECONDS)
    return [(at - was_due[pk]).total_seconds() for pk, at in due.started(watched).items()]


def _take() -> list[Key]:
    return dispatcher.take_due(now=timezone.now())


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

"""Workers that are killed in the middle of syncs: nobody waits until claims expire that nobody holds any more."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from integrations.models import SyncSchedule
from launcher.child import wait_for
from pipes.worker.lanes import LANES
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced
from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis
from tests.outages.workers import SECONDS, Worker, running_worker

Starts = Callable[[], Worker]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def start(aws: RunningAws, line: Line, own_redis: OwnRedis, cast: Cast, tmp_path: Path) -> Iterator[Starts]:
    """Start workers of one host, whose claims count for an hour."""
    with ExitStack() as workers:
        yield lambda: workers.enter_context(
            running_worker(aws, line, own_redis, tmp_path / "signs", PIPES_SYNC_CLAIM_SECONDS="3600")
        )
        workers.close()
        line.cut()


def put_to_work(worker: Worker, made: list[Synced]) -> None:
    """Send for syncs, and wait until all are in the middle."""
    for each in made:
        worker.send("sync_integration", each.integration.tenant_id, each.integration.pk)
    assert wait_for(lambda: all(each.runs()[-1].state == "running" for each in made), seconds=SECONDS)


def states(each: Synced) -> list[str]:
    return [run.state for run in each.runs()]


def are_taken_up(worker: Worker, made: list[Synced]) -> bool:
    """Whether the dispatcher has had all of them synced again, as the beat has it do."""
    worker.send("enqueue_due")
    return all(states(each)[-1] == "succeeded" for each in made)


def holders() -> set[str]:
    """The processes that hold claims."""
    return {claim.hex[:16] for claim in SyncSchedule.objects.values_list("claim", flat=True) if claim}


def test_a_lane_that_is_killed_gives_back_what_it_held_when_it_is_there_again(
    start: Starts, mirrors: Callable[[int], list[Synced]], aws: RunningAws
) -> None:
    worker, made = start(), mirrors(3)
    aws.faults.latency = 60
    put_to_work(worker, made)
    aws.faults.latency = 0
    for pid in worker.lanes():
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: are_taken_up(worker, made), seconds=SECONDS)
    assert [states(each) for each in made] == [["failed", "succeeded"]] * 3
    assert "stopped in the middle" in made[0].runs()[0].error


def test_a_worker_gives_back_what_one_held_that_was_killed_before_it_started(
    start: Starts, mirrors: Callable[[int], list[Synced]], aws: RunningAws
) -> None:
    worker, made = start(), mirrors(3)
    aws.faults.latency = 60
    put_to_work(worker, made)
    aws.faults.latency = 0
    worker.kill()
    following = start()
    assert wait_for(lambda: are_taken_up(following, made), seconds=SECONDS)
    assert [states(each) for each in made] == [["failed", "succeeded"]] * 3


def test_of_two_workers_on_one_host_the_one_that_lives_keeps_its_syncs(
    start: Starts, mirrors: Callable[[int], list[Synced]], aws: RunningAws
) -> None:
    killed, living = start(), start()
    aws.faults.latency = 60
    made = mirrors(LANES["syncs"].threads + 4)  # too many for one of them
    put_to_work(living, made)
    assert len(holders()) == 2
    before = {row.integration_id: row.claim for row in SyncSchedule.objects.all() if row.claim}
    killed.kill()
    assert wait_for(lambda: SyncSchedule.objects.filter(claim_expires_at__year=1970).exists(), seconds=SECONDS)
    freed = {row.integration_id for row in SyncSchedule.objects.filter(claim_expires_at__year=1970)}
    assert len({before[pk].hex[:16] for pk in freed}) == 1  # all of one process
    kept = [each for each in made if each.integration.pk not in freed]
    assert kept
    assert all(each.schedule().claim == before[each.integration.pk] for each in kept)
    aws.faults.latency = 0
    theirs = [each for each in made if each.integration.pk in freed]
    assert wait_for(lambda: are_taken_up(living, theirs), seconds=SECONDS)
    assert {tuple(states(each)) for each in theirs} == {("failed", "succeeded")}
    assert {states(each)[0] for each in kept} <= {"running", "succeeded"}

"""The shipped worker on bad nights: AWS hangs, it is stopped, a lane dies, its servers go away and come back."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations.models import AccessTest, Draft, SyncRun, SyncSchedule
from launcher.child import wait_for
from pipes.worker.lanes import LANES
from tests import factories
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced
from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis
from tests.outages.workers import SECONDS, Worker, running_worker
from workspaces import isolation


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def worker(aws: RunningAws, line: Line, own_redis: OwnRedis, cast: Cast, tmp_path: Path) -> Iterator[Worker]:
    with running_worker(aws, line, own_redis, tmp_path / "signs") as worker:
        yield worker
        worker.kill()
        line.cut()


def running() -> int:
    return SyncSchedule.objects.exclude(claim=None).count()


def test_what_is_short_does_not_wait_for_syncs_that_hang(
    worker: Worker, mirrors: Callable[[int], list[Synced]], aws: RunningAws, cast: Cast
) -> None:
    threads = LANES["syncs"].threads
    aws.faults.latency = 60
    for each in mirrors(threads + 4):
        worker.send("sync_integration", each.integration.tenant_id, each.integration.pk)
    assert wait_for(lambda: running() == threads, seconds=SECONDS)
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "old", by=cast.org_owner)
        Draft.objects.filter(pk=draft.pk).update(expires_at=timezone.now() - timedelta(days=1))
        test = AccessTest.objects.create(tenant=cast.acme, subject=draft.uid, kind="discovery", fingerprint="x")
    worker.send("clean_up")
    worker.send("run_access_test", cast.acme.pk, test.pk)

    def are_taken() -> bool:
        with isolation.as_tenant(cast.acme.pk):
            is_begun = not AccessTest.objects.filter(pk=test.pk, state="queued").exists()
            return is_begun and not Draft.objects.filter(pk=draft.pk).exists()

    assert wait_for(are_taken, seconds=SECONDS)
    assert running() == threads  # they hang as before


def test_asked_to_stop_it_stops_and_its_syncs_wait_again(
    worker: Worker, mirrors: Callable[[int], list[Synced]], aws: RunningAws
) -> None:
    aws.faults.latency = 60
    made = mirrors(3)
    for each in made:
        each.request()
        worker.send("sync_integration", each.integration.tenant_id, each.integration.pk)
    assert wait_for(lambda: running() == 3, seconds=SECONDS)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(SECONDS) == 0  # it did not have to kill any lane
    for each in made:
        (run,), row = each.runs(), each.schedule()
        assert (run.state, row.claim, row.dispatched_at, row.takeovers) == ("queued", None, None, 0)
        assert "The worker was stopped in the middle" in run.error
        assert row.next_due_at <= timezone.now()


def test_a_lane_that_dies_is_started_again(worker: Worker, mirrors: Callable[[int], list[Synced]]) -> None:
    before = worker.lanes()
    assert len(before) == len(LANES)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: len(worker.lanes() - before) == len(LANES), seconds=SECONDS)
    (mirror,) = mirrors(1)
    worker.send("sync_integration", mirror.integration.tenant_id, mirror.integration.pk)
    assert wait_for(lambda: mirror.runs()[-1].state == "succeeded", seconds=SECONDS)


def test_a_database_that_was_away_in_the_middle_loses_no_sync_and_doubles_none(
    worker: Worker, mirrors: Callable[[int], list[Synced]], aws: RunningAws, line: Line
) -> None:
    made = mirrors(6)
    aws.faults.latency = 0.3
    for each in made:
        worker.send("sync_integration", each.integration.tenant_id, each.integration.pk)
    assert wait_for(lambda: all(each.runs()[0].phase == "reading" for each in made), seconds=SECONDS)
    line.cut()
    aws.faults.latency = 0
    worker.send("enqueue_due")  # fails, and takes nobody with it
    line.restore()

    def are_done() -> bool:
        worker.send("enqueue_due")  # as the beat does
        return all(each.runs()[-1].state == "succeeded" for each in made)

    assert wait_for(are_done, seconds=SECONDS)
    assert [[run.state for run in each.runs()] for each in made] == [["succeeded"]] * 6
    assert running() == 0


@pytest.mark.parametrize("trouble", ["full", "away", "hanging"])
def test_it_waits_for_the_broker_and_goes_on(
    worker: Worker, mirrors: Callable[[int], list[Synced]], own_redis: OwnRedis, trouble: str
) -> None:
    lanes = worker.lanes()
    (mirror,) = mirrors(1)
    signs = {path: path.stat().st_mtime for path in worker.signs.iterdir()}
    if trouble == "full":
        worker.send("sync_integration", mirror.integration.tenant_id, mirror.integration.pk)
        own_redis.fill()
        own_redis.empty_out()
    elif trouble == "away":
        own_redis.stop()
        own_redis.start()
    else:
        own_redis.hold()
        own_redis.go_on()
    # Each lane is back when it moves again.
    assert wait_for(lambda: all(path.stat().st_mtime > was for path, was in signs.items()), seconds=SECONDS)
    worker.send("sync_integration", mirror.integration.tenant_id, mirror.integration.pk)
    assert wait_for(lambda: mirror.runs()[-1].state == "succeeded", seconds=SECONDS)
    assert worker.lanes() == lanes


def test_a_message_that_got_lost_is_sent_again_once_no_queue_is_left(
    worker: Worker, mirrors: Callable[[int], list[Synced]]
) -> None:
    (mirror,) = mirrors(1)
    lost_at = timezone.now() - timedelta(seconds=20)
    SyncSchedule.objects.filter(pk=mirror.integration.pk).update(dispatched_at=lost_at)
    worker.send("enqueue_due")
    assert wait_for(lambda: mirror.runs()[-1].state == "succeeded", seconds=SECONDS)


def test_its_lanes_hold_no_more_connections_than_they_may(
    worker: Worker, mirrors: Callable[[int], list[Synced]], aws: RunningAws, line: Line
) -> None:
    """Many syncs at once, each of which writes all the time: they borrow."""
    made = mirrors(20)
    aws.faults.latency = 0.05
    most = 0
    for each in made:
        worker.send("sync_integration", each.integration.tenant_id, each.integration.pk)

    def are_done() -> bool:
        nonlocal most
        most = max(most, line.connections)
        return all(each.runs()[-1].state == "succeeded" for each in made)

    assert wait_for(are_done, seconds=SECONDS)
    assert most <= sum(lane.connections for lane in LANES.values())
    assert SyncRun.State.FAILED not in {run.state for each in made for run in each.runs()}

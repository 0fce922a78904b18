"""A sync that hangs, in a process that lives, does not keep others out for ever; and a broker that cuts the line."""

import os
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.sync import run as sync_run
from integrations.sync import schedule as sync_schedule
from integrations.sync.heartbeat import heartbeat
from integrations.sync.schedule import ClaimLostError
from integrations.tasks import sync_integration
from tests.conftest import make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.test_killed_worker import wait_for, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mirror(aws: RunningAws, transactional_db: None) -> Synced:
    """A committed integration before its first sync."""
    cast = make_cast()
    return make_mirror(aws, cast.at_org, cast)


def test_the_claim_of_a_run_that_hangs_expires_although_its_process_lives(mirror: Synced, settings: Settings) -> None:
    settings.PIPES_SYNC_CLAIM_SECONDS = 3
    integration = mirror.integration
    hung = sync_schedule.start(integration.tenant_id, integration.pk, now=timezone.now())
    assert hung is not None
    before = mirror.schedule().claim_expires_at
    with heartbeat(hung, longest=timedelta(seconds=4)):
        wait_for(lambda: mirror.schedule().claim_expires_at > before)  # type: ignore[operator]
        assert sync_run.run(integration.tenant_id, integration.pk, retries=QUICK) is None
        wait_for(lambda: mirror.schedule().claim_expires_at < timezone.now())  # type: ignore[operator]
        heir = mirror.sync()
        with pytest.raises(ClaimLostError):
            sync_schedule.report(hung)
    assert (heir.state, in_tree(integration)) == ("succeeded", in_aws(mirror.aws.organization))
    lost, _ = mirror.runs()
    assert (lost.state, lost.error[:43]) == ("failed", "The worker that ran this stopped in the mid")


def test_a_worker_whose_line_to_the_broker_is_cut_ends_its_sync_and_takes_the_next(
    mirror: Synced, aws: RunningAws
) -> None:
    queue, key = f"cut-{uuid4().hex}", (mirror.integration.tenant_id, mirror.integration.pk)
    aws.faults.latency = 0.2
    with worker(queue, aws):
        sync_integration.apply_async(key, queue=queue)
        wait_for(lambda: mirror.runs()[-1].phase == "reading")
        assert cut_lines() > 0
        wait_for(lambda: mirror.runs()[-1].is_over)
        assert [run.state for run in mirror.runs()] == ["succeeded"]
        aws.organization.rename("Prod", "Production")
        mirror.request()
        sync_integration.apply_async(key, queue=queue)
        wait_for(lambda: mirror.runs()[-1].is_over)
    assert [run.state for run in mirror.runs()] == ["succeeded"] * 2
    assert in_tree(mirror.integration) == in_aws(aws.organization)


def cut_lines() -> int:
    """Cut every connection on which a worker waits for messages; gives how many there were."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
        # Tests in other processes have the same broker: what they send and keep there is none of ours.
        own = str(broker.get_connection_kwargs().get("db") or 0)
        lines = [line for line in broker.client_list() if (line["db"], line["cmd"].lower()) == (own, "brpop")]
        waiting = [line["id"] for line in lines]
        for line in waiting:
            broker.client_kill_filter(_id=line)
        return len(waiting)

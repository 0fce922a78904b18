"""A worker process that is killed in the middle of a sync, as a machine that loses its power would."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.sync import dispatcher
from integrations.tasks import sync_integration
from tests.conftest import make_cast
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import make_mirror

ROOT = Path(__file__).resolve().parents[3]
CLAIM_SECONDS = 5.0
# Workers have nothing to tell each other: what is to do, and who does it, stands in the database.
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@contextmanager
def worker(queue: str, aws: RunningAws) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker on a queue of its own, sent to the test's database and stand-in."""
    name = django_settings.DATABASES["default"]["NAME"]
    environment = os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "PIPES_AWS_PRINCIPAL_ARN": VENDOR_ROLE_ARN,
        "PIPES_SYNC_CLAIM_SECONDS": str(CLAIM_SECONDS),
    }
    command = [sys.executable, "-m", "celery", "-A", "pipes", "worker", "--pool", "threads", "-c", "2", "-Q", queue]
    process = subprocess.Popen([*command, *QUIET], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "It did not happen in time."
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_the_middle_leaves_the_tree_and_the_next_run_heals(
    aws: RunningAws, settings: Settings
) -> None:
    settings.PIPES_SYNC_CLAIM_SECONDS = CLAIM_SECONDS
    cast = make_cast()
    mirror = make_mirror(aws, cast.at_org, cast)
    mirror.work()
    before = mirror.tree()
    aws.organization.rename("Prod", "Production")
    aws.organization.remove("Dev")
    aws.faults.hang("ListAccounts")
    queue = f"killed-{uuid4().hex}"
    key = (mirror.integration.tenant_id, mirror.integration.pk)
    with worker(queue, aws) as process:
        run = mirror.request()
        sync_integration.apply_async(key, queue=queue)
        wait_for(lambda: mirror.runs()[-1].phase == "reading")
        process.kill()
        process.wait()
    aws.faults.clear()
    assert mirror.runs()[-1].state == "running"
    assert mirror.tree() == before
    last_moment = mirror.schedule().claim_expires_at
    assert last_moment is not None
    assert dispatcher.take_due(now=last_moment) == []  # the claim still counts: it might only be slow
    wait_for(lambda: dispatcher.take_due(now=timezone.now()) == [key])
    healed = mirror.work()
    assert (healed.state, healed.trigger, healed.counts) == ("succeeded", "manual", {"rename": 1, "remove": 1})
    assert mirror.tree() == {handle: place for handle, place in before.items() if handle not in ("dev", "prod")} | {
        "production": "Root/Workloads/Production active"
    }
    (lost,) = (each for each in mirror.runs() if each.pk == run.pk)
    assert (lost.state, "stopped in the middle" in lost.error) == ("failed", True)

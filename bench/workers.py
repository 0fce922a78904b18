"""Real workers side by side: the shipped one, with all its lanes, and Celery's with two processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone

from bench import due
from bench.database import a_scope
from bench.table import Row, show
from integrations.models import SyncSchedule
from launcher.places import ROOT
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import AccessKey
from workspaces.access import Scope

SHIPPED = ("-m", "pipes.worker")
_CELERY = ("-m", "celery", "-A", "pipes", "worker", "--without-gossip", "--without-mingle", "--without-heartbeat")
PREFORK = (*_CELERY, "--pool", "prefork", "-c", "2")
MANY = 1_000


@contextmanager
def running(command: Sequence[str], aws: RunningAws) -> Iterator[int]:
    """Run a worker for as long as the block runs; gives its process's id."""
    name = settings.DATABASES["default"]["NAME"]
    with tempfile.TemporaryDirectory(prefix="pipes-signs-") as folder:
        environment = os.environ | {
            "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
            "AWS_ENDPOINT_URL": aws.endpoint_url,
            "DJANGO_SETTINGS_MODULE": "pipes.settings",  # it has nothing of what the product is compared with
            "PIPES_SYNCS_PER_TENANT": str(settings.PIPES_SYNCS_PER_TENANT),
            "PIPES_SIGNS_OF_LIFE": f"{folder}/signs",
            "PIPES_LOG_LEVEL": "ERROR",
        }
        null = subprocess.DEVNULL
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=null, stderr=null)
        try:
            yield process.pid
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Shares:
    """What the shipped worker has of what two processes have; ``lane`` is the memory of one that has syncs only."""

    syncs: float
    memory: float
    lane: float


def compare(what: str, aws: RunningAws, key: AccessKey) -> Shares:
    """Let them work, one after the other.

    Each integration is synced twice: what a worker does all day is to find that nothing, or little, has changed. The
    goals were set where a sync took 2.7 s, most of it waiting for its turn at AWS: as it does with many OUs.
    """
    with override_settings(PIPES_SYNCS_PER_TENANT=MANY):  # all are of one tenant
        theirs, (slow, much) = _measure("prefork, 2 processes", PREFORK, 12, aws, key)
        ours, (fast, all_lanes) = _measure("shipped: four lanes", SHIPPED, 64, aws, key)
        alone, (_, one_lane) = _measure("shipped: lane of syncs alone", (*SHIPPED, "syncs"), 64, aws, key)
    show(f"One sync of {what}, as many at once as the worker takes", [*theirs, *ours, *alone])
    shares = Shares(fast / slow, all_lanes / much, one_lane / much)
    print(f"  of 2 processes: {shares.syncs:.2f} of the syncs, {shares.memory:.2f} of the memory")
    return shares


def _measure(
    name: str, command: Sequence[str], number: int, aws: RunningAws, key: AccessKey
) -> tuple[list[Row], tuple[float, float]]:
    """Give the rows of first syncs and of those after them; and of these the syncs a minute, with the megabytes."""
    scope = a_scope(f"sched-{uuid4().hex[:8]}")
    made = due.integrations(scope, number, key)
    rows = []
    with running(command, aws) as pid:
        warm_up(scope, key)
        for which, ended in (("first", number), ("again", 2 * number)):
            SyncSchedule.objects.filter(pk__in=[pk for _, pk in made]).update(next_due_at=timezone.now())
            started = time.perf_counter()
            due.send_all(made)
            due.wait(lambda ended=ended: due.ended(made) == ended)
            seconds = (time.perf_counter() - started) / number
            rate, memory = 60 / seconds, _memory(pid)
            rows.append(Row(f"{name}, {which}", seconds, f"{rate:.0f} syncs a minute, {memory:.0f} MB"))
    due.forget_all()
    return rows, (rate, memory)


def warm_up(scope: Scope, key: AccessKey) -> None:
    """Let each process of a worker load what it needs, before anything is timed."""
    first = due.integrations(scope, 4, key)
    due.send_all(first)
    due.wait(lambda: due.ended(first) == len(first))


def _memory(pid: int) -> float:
    """Give the megabytes of a process and its children; pages that they share are counted once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in own if line.startswith("Pss:"))
    return pss / 1024 + sum(_memory(int(child)) for child in children)

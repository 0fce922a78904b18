"""The shipped worker on the test's database, and messages to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from celery import Celery

from launcher.child import wait_for
from launcher.places import ROOT
from pipes.worker.lanes import LANES, ROUTES
from tests.browser.processes import celery_environment
from tests.fakes.aws import RunningAws
from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis
from tests.outages.programs import database_over

STARTS_PROGRAMS = True  # see tests/kinds.py
SECONDS = 90


@dataclass
class Worker:
    """The worker, and messages to it."""

    process: "subprocess.Popen[bytes]"
    app: Celery
    signs: Path

    def send(self, task: str, *ids: int) -> None:
        """Send a message as the product does."""
        name = f"integrations.tasks.{task}"
        self.app.send_task(name, ids, queue=ROUTES.get(name, {"queue": "celery"})["queue"])

    def lanes(self) -> set[int]:
        """The processes of its lanes."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in found.split()}

    def kill(self) -> None:
        """End it with all its lanes at once, as a machine that loses its power would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running_worker(
    aws: RunningAws, line: Line, redis: OwnRedis, signs: Path, *lanes: str, **variables: str
) -> Iterator[Worker]:
    """Run a worker, with all lanes or some, for as long as the block runs; they are up."""
    environment = {
        **celery_environment(aws),
        "DATABASE_URL": database_over(line),
        "REDIS_URL": redis.url,
        "PIPES_SIGNS_OF_LIFE": str(signs),
        "PIPES_SYNCS_PER_TENANT": "40",
        **variables,
    }
    for sign in signs.glob("*"):  # of one before it
        sign.unlink()
    log = signs.with_suffix(".log").open("ab")
    number = len(lanes or LANES)
    command = [sys.executable, "-m", "pipes.worker", *lanes]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    app = Celery(broker=redis.url.replace("unix://", "redis+socket://"), set_as_current=False)
    there = Worker(process, app, signs)
    try:
        wait_for(lambda: process.poll() is not None or len([*signs.glob("*")]) == number, seconds=SECONDS)
        assert process.poll() is None
        yield there
    finally:
        there.kill()
        log.close()
        app.close()

"""The worker: ``python -m pipes.worker [lane …]``, one process for each lane; all of them by default.

What is short never waits for what is long: each lane has threads of its own, in one container or in several.

The lanes are forked from one process that has everything loaded, so that they share its memory. It starts again what
ends by itself, and passes on that it is to stop: syncs under way give themselves back, the rest has a minute to end.
"""

import argparse
import ctypes
import gc
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import structlog
from celery import bootsteps
from django.conf import settings
from django.db import OperationalError, connection

from integrations.jobs import lease
from pipes.celery import app
from pipes.worker.lanes import LANES, Lane

log = structlog.get_logger(__name__)

# Workers send each other nothing: what is to do, and who does it, stands in the database.
_QUIET: Final = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True, "quiet": True}
_GRACE_SECONDS: Final = 50
_LONGEST_DELAY: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1
# What tasks import when they run, and Celery when a worker starts: loaded once, it is shared.
_LOADED_LATER: Final = (
    "billiard.dummy",
    "billiard.pool",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.events.receiver",
    "celery.worker.autoscale",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "integrations.aws.clients",
    "integrations.aws.calls.error_sentences",
    "integrations.health.run",
    "integrations.notifications.delivery",
    "integrations.clean_up",
    "integrations.sync.run",
    "integrations.access_tests.run",
    "integrations.trials.run",
    "kombu.transport.redis",
)


@dataclass
class _Child:
    lane: Lane
    pid: int = 0
    started_at: float = 0.0
    delay: float = 1.0
    start_at: float = 0.0


class SignOfLife(bootsteps.StartStopStep):
    """Touches a file every few seconds while work moves: a thread is free, or all have had theirs for a fair time."""

    _timer: Any = None
    requires: Any = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def start(self, worker: Any) -> None:
        self._look(worker)
        self._timer = worker.timer.call_repeatedly(5.0, self._look, (worker,), priority=10)

    def stop(self, worker: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, worker: Any) -> None:
        lane = LANES[worker.hostname.partition("@")[0]]
        ages = [
            time.time() - request.time_start for request in tuple(worker.state.active_requests) if request.time_start
        ]
        if len(ages) < lane.threads or min(ages) < lane.patience:
            (Path(settings.PIPES_SIGNS_OF_LIFE) / lane.name).touch()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipes.worker")
    parser.add_argument("lanes", nargs="*", choices=[*LANES, []], help=f"default: all ({', '.join(LANES)})")
    names = parser.parse_args(arguments).lanes or list(LANES)
    os.environ.setdefault("PIPES_DATABASE_POOL", "true")
    os.environ.setdefault("PIPES_DATABASE_POOL_WAIT", "10")  # nobody looks at a page meanwhile
    Path(settings.PIPES_SIGNS_OF_LIFE).mkdir(parents=True, exist_ok=True)
    _load()
    return _Parent([_Child(LANES[name]) for name in names]).run()


def _load() -> None:
    gc.disable()  # what is loaded stays: nothing to look for, in a tenth of the time of a start
    app.loader.init_worker()  # each lane would: it sets Django up
    app.finalize()
    for name in _LOADED_LATER:
        importlib.import_module(name)
    app.steps["worker"].add(SignOfLife)
    gc.collect()
    gc.freeze()  # or the first collection of each lane would copy what they share
    gc.enable()


class _Parent:
    def __init__(self, children: list[_Child]) -> None:
        self._children = children
        self._is_stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._is_stopping:
            for child in self._children:
                if not child.pid and time.monotonic() >= child.start_at:
                    _start(child)
            self._reap()
            time.sleep(0.2)
        return self._wait()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _reap(self) -> None:
        for child in self._children:
            if not child.pid or os.waitpid(child.pid, os.WNOHANG)[0] == 0:
                continue
            if time.monotonic() - child.started_at > 60:
                child.delay = 1.0
            child.pid, child.start_at = 0, time.monotonic() + child.delay
            child.delay = min(child.delay * 2, _LONGEST_DELAY)
            if not self._is_stopping:
                log.error("lane_ended", lane=child.lane.name)

    def _wait(self) -> int:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, signal.SIGTERM)
        ends_at = time.monotonic() + _GRACE_SECONDS
        while any(child.pid for child in self._children) and time.monotonic() < ends_at:
            self._reap()
            time.sleep(0.1)
        late = [child for child in self._children if child.pid]
        for child in late:
            log.error("lane_killed", lane=child.lane.name)
            os.kill(child.pid, signal.SIGKILL)
        return 1 if late else 0


def _start(child: _Child) -> None:
    parent = os.getpid()
    child.started_at = time.monotonic()
    child.pid = os.fork()
    if child.pid:
        return
    code = 1
    try:
        _die_with(parent)
        _run(child.lane)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:  # never into the parent's loop
        sys.stderr.flush()
        os._exit(code)


def _die_with(parent: int) -> None:
    """Have the kernel ask us to stop when the parent is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        os._exit(1)


def _run(lane: Lane) -> None:
    pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
    if pool:
        pool["max_size"] = lane.connections
    if "celery" in lane.queues:
        folder = Path(f"{settings.PIPES_SIGNS_OF_LIFE}-claims")  # by which lanes find out which others have ended
        lease.begin(folder)
        threading.Thread(target=_look_for_ended, args=(folder,), name="claims", daemon=True).start()
    # Not by Celery's command line, which would load all that its other commands need, in each lane.
    worker = app.Worker(
        hostname=f"{lane.name}@", pool="threads", concurrency=lane.threads, queues=lane.queues, **_QUIET
    )
    worker.start()
    sys.exit(worker.exitcode)


def _look_for_ended(folder: Path) -> None:
    """Have the syncs go on of lanes that were killed, here or before us."""
    while True:
        try:
            lease.free_claims_of_ended(folder)
        except OperationalError as error:  # the database is gone for a moment
            log.warning("claims_not_freed", error=str(error))
        finally:
            connection.close()
        time.sleep(1)

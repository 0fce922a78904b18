"""How soon the shipped worker is there again, and how little each of its lanes has for itself."""

import subprocess
import sys
from pathlib import Path

from launcher.places import ROOT
from tests.browser.processes import celery_environment
from tests.fakes.aws import RunningAws
from tests.outages.own_redis import OwnRedis

# As the worker does it, but in this process: what a lane loads beyond what it was forked with.
_LANE = """
import os, sys
from celery.signals import worker_ready
from pipes.worker import lane_processes
from pipes.worker.lanes import LANES

lane_processes._load()
shared = set(sys.modules)

@worker_ready.connect
def tell(**_):
    print(*sorted(set(sys.modules) - shared), flush=True)
    os._exit(0)

lane_processes._run(LANES["short"])
"""


def test_a_lane_loads_nothing_that_it_could_share(aws: RunningAws, own_redis: OwnRedis, tmp_path: Path) -> None:
    environment = {**celery_environment(aws), "REDIS_URL": own_redis.url, "PIPES_SIGNS_OF_LIFE": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", _LANE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90
    )
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr

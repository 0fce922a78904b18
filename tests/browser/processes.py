"""The programs beside the web server, on the test database."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

from launcher.child import Child, Program, wait_for
from launcher.places import ROOT, Instance
from pipes.worker.lanes import LANES
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN

_CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "pipes")


def celery_environment(aws: RunningAws) -> Mapping[str, str]:
    """Our own environment, with the test database and the stand-in; AWS is called as fast as it answers."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{settings.DATABASES['default']['NAME']}")
    return os.environ | {
        "DATABASE_URL": database.geturl(),
        "PYTHONPATH": str(ROOT),  # before the standard library, which has a module pipes until Python 3.13
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": aws.vendor_key.id,
        "AWS_SECRET_ACCESS_KEY": aws.vendor_key.secret,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "PIPES_AWS_PRINCIPAL_ARN": VENDOR_ROLE_ARN,
        "PIPES_AWS_QUOTA_SHARE": "1000",
    }


def worker(environment: Mapping[str, str]) -> Program:
    """The worker: all lanes in one process, which is the same to a page."""
    queues = ",".join(queue for lane in LANES.values() for queue in lane.queues)
    arguments = ["worker", "--pool", "threads", "--concurrency", "4", "--queues", queues]
    return _program("worker", arguments, environment, "ready")


def beat(environment: Mapping[str, str], instance: Instance) -> Program:
    """The dispatcher."""
    return _program("beat", ["beat", "--schedule", str(instance.run / "beat")], environment, "beat: Starting")


def _program(name: str, arguments: list[str], environment: Mapping[str, str], sign_of_life: str) -> Program:
    quickly = ["--without-mingle", "--without-gossip"] if name == "worker" else []
    return Program(
        name=name,
        command=[*_CELERY, *arguments, *quickly],
        environment=environment,
        is_ready=lambda child: child.has_logged(sign_of_life),
        death_signal=signal.SIGKILL,
    )


@contextmanager
def start(program: Program, instance: Instance) -> Iterator[Child]:
    """Run a program for as long as the block runs."""
    child = Child(program, instance)
    try:
        assert wait_for(child.is_ready, seconds=program.start_seconds), child.log.read_text()
        yield child
    finally:
        child.stop()

"""Real processes that run one sync each, to be killed: ``python -m tests.integrations.sync.victims`` makes them.

It loads the product once and forks a process for each line that it is sent, so that one is there within milliseconds.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.fakes.aws.iam import VENDOR_ROLE_ARN

STARTS_PROGRAMS = True  # see tests/kinds.py
ROOT = Path(__file__).resolve().parents[3]
NAME = "victim"  # what the database calls their connections


@dataclass(frozen=True, slots=True)
class Victim:
    """A process that syncs."""

    pid: int

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def kill(self) -> None:
        """End it at once, if it has not ended by itself."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Victims:
    """The process that makes them."""

    process: subprocess.Popen[str]

    def start(self, tenant_id: int, integration_id: int, *, endpoint_url: str) -> Victim:
        """Let one sync an integration; the environment of this process says with which identity."""
        keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        order = {"of": [tenant_id, integration_id], "endpoint_url": endpoint_url, "environment": keys}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(order)}\n")
        self.process.stdin.flush()
        return Victim(int(self.process.stdout.readline()))


@contextmanager
def victims(database: str) -> Iterator[Victims]:
    """Make victims that work on this database."""
    environment = os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl(),
        "PGAPPNAME": NAME,
        "PIPES_AWS_PRINCIPAL_ARN": VENDOR_ROLE_ARN,
        "PIPES_AWS_QUOTA_SHARE": "1000",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integrations.sync.victims"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield Victims(process)
        process.kill()


def main() -> None:
    """Fork a process for each line."""
    import django

    django.setup()
    import botocore.session  # noqa: F401  so that no victim has to load it
    from django.conf import settings

    from integrations.aws.calls.retry import Retries
    from integrations.sync import run as sync_run

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        pid = os.fork()
        if pid:
            print(pid, flush=True)  # noqa: T201
            continue
        order = json.loads(line)
        os.environ.update(order["environment"])
        settings.AWS_ENDPOINT_URL = order["endpoint_url"]
        try:
            sync_run.run(*order["of"], retries=Retries(faults=2, throttles=3, first_wait=0.01))
        finally:
            os._exit(0)


if __name__ == "__main__":
    main()

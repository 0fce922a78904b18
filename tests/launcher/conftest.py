"""An instance of its own for each test."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import Instance
from launcher.supervisor import Supervisor


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    instance = Instance(tmp_path)
    instance.prepare()
    return instance


@pytest.fixture
def supervisor(instance: Instance) -> Iterator[Supervisor]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    supervisor = Supervisor(instance)
    yield supervisor
    supervisor.stop()
    for number, handler in before.items():
        signal.signal(number, handler)

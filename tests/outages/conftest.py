"""Lines to the servers, and what a process knows of them."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from pytest_django import Settings

from pipes.cache import redis_breaker
from pipes.celery import app
from pipes.monitoring import installation
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from tests.integrations.conftest import aws as aws  # the fixture
from tests.outages.line import Line, line_to
from tests.outages.own_redis import OwnRedis, running


@pytest.fixture
def line() -> Iterator[Line]:
    """A line to the database."""
    with line_to(os.environ["DATABASE_URL"], port=5432) as line:
        yield line


@pytest.fixture
def mirrors(aws: RunningAws, cast: Cast) -> Callable[[int], list[Synced]]:
    """Make so many integrations, each with a first run that waits."""
    return lambda number: [make_mirror(aws, cast.at_org, cast, f"m{n}") for n in range(number)]


@pytest.fixture
def redis_line(settings: Settings, db: None) -> Iterator[Line]:
    """A line to Redis, which the cache of this test uses."""
    url = os.environ["REDIS_URL"]
    with line_to(url, port=6379) as line:
        there = {"LOCATION": f"redis://127.0.0.1:{line.port}/{_database(url)}", "KEY_PREFIX": f"line{line.port}"}
        settings.CACHES = {name: shipped | there for name, shipped in django_settings.CACHES.items()}
        yield line
        line.restore()
        redis_breaker.reset()
        cache.clear()


@pytest.fixture
def broker_line(redis_line: Line) -> Iterator[None]:
    """Have this process send its messages over that line too."""
    before = app.conf.broker_write_url
    app.conf.broker_write_url = django_settings.CACHES["default"]["LOCATION"]
    app.amqp._producer_pool = None
    yield
    app.conf.broker_write_url = before
    app.amqp._producer_pool = None


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    """A server of the test's own, which it may fill and hold."""
    with running() as server:
        yield server
    redis_breaker.reset()


def _database(url: str) -> str:
    tail = url.rpartition("db=")[2] if url.startswith("unix") else url.rpartition("/")[2]
    return tail if tail.isdigit() else "0"


@pytest.fixture
def at_work(db: None) -> Iterator[None]:
    """Beat and a worker have just been heard."""
    installation.tick("beat")
    installation.tick("dispatcher")
    yield
    cache.delete_many(["tick:beat", "tick:dispatcher"])

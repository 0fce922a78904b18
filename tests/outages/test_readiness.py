"""What load balancers and monitors are told."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis

pytestmark = pytest.mark.usefixtures("at_work")


def asked(client: Client) -> tuple[int, object, list[str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["state"], sorted(answer.json()["problems"])


@pytest.mark.django_db
def test_it_is_ready(client: Client) -> None:
    assert asked(client) == (200, "ready", [])


@pytest.mark.django_db
def test_a_broker_that_only_answers_what_reads_is_a_problem(
    own_redis: OwnRedis, client: Client, settings: Settings
) -> None:
    settings.REDIS_URL = own_redis.url
    assert asked(client) == (200, "ready", [])
    own_redis.fill()
    assert asked(client) == (200, "degraded", ["broker"])  # pages are served as before
    own_redis.empty_out()
    assert asked(client) == (200, "ready", [])


@pytest.mark.django_db
@pytest.mark.parametrize("lose", [Line.cut, Line.hold])
def test_a_broker_that_is_away_is_a_problem(redis_line: Line, client: Client, settings: Settings, lose: object) -> None:
    settings.REDIS_URL = settings.CACHES["default"]["LOCATION"]
    assert callable(lose)
    lose(redis_line)
    assert asked(client) == (200, "degraded", ["broker"])

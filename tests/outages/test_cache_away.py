"""The console without its cache: Redis is away, hangs, is full, forgets, comes back."""

import time
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from pipes.cache import redis_breaker
from tests.conftest import Cast
from tests.factories import PASSWORD
from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis
from workspaces import rate_limit
from workspaces.rate_limit import Window

AWAY: dict[str, Callable[[Line], None]] = {"away": Line.cut, "hanging": Line.hold}


@pytest.fixture(params=AWAY)
def lost_line(request: pytest.FixtureRequest, redis_line: Line) -> Line:
    """A line that is cut or held."""
    AWAY[request.param](redis_line)
    return redis_line


def sign_in(client: Client, email: str, password: str) -> int:
    return client.post("/account/login/", {"login": email, "password": password}).status_code


def counted(name: str) -> int:
    """Count one more towards a limit that is not reached here."""
    return rate_limit.count(name, "us", limit=9, window=Window.SINCE_FIRST, now=timezone.now())


def test_people_sign_in_and_see_their_pages(lost_line: Line, cast: Cast, client: Client) -> None:
    assert client.get("/account/login/").status_code == 200
    assert sign_in(client, cast.tenant_owner.email, PASSWORD) == 302
    assert client.get("/tenants/acme/").status_code in (200, 302)
    assert client.get("/tenants/acme/orgs/tnt/people/").status_code == 200


def test_wrong_passwords_are_counted_on(lost_line: Line, cast: Cast, client: Client) -> None:
    """Limits are kept in the database then: no outage lets anybody guess."""
    answers = [sign_in(client, cast.tenant_owner.email, "not it") for _ in range(12)]
    assert answers[0] == 200
    assert sign_in(client, cast.tenant_owner.email, PASSWORD) != 302


def test_what_is_counted_is_counted(lost_line: Line) -> None:
    assert [counted("letters") for _ in range(3)] == [1, 2, 3]


def test_only_one_waits_for_a_server_that_hangs(redis_line: Line) -> None:
    redis_line.hold()
    assert cache.get("any") is None
    assert redis_breaker.is_open
    redis_line.close()  # asked now, it would fail otherwise than by waiting
    before = redis_breaker._look_at
    for _ in range(20):
        cache.get("any")
    assert redis_breaker._look_at == before  # nobody looked


def test_it_is_used_again_when_it_is_back(redis_line: Line, db: None) -> None:
    redis_line.cut()
    cache.set("one", 1)
    redis_line.restore()
    ends_at = time.monotonic() + 30
    while redis_breaker.is_open:
        cache.get("one")
        assert time.monotonic() < ends_at
    cache.set("two", 2)
    redis_line.cut()
    assert (cache.get("one"), cache.get("two")) == (1, None)  # each is where it was written


def test_a_restart_that_is_over_is_not_noticed(redis_line: Line) -> None:
    cache.set("kept", "here")
    redis_line.restart()
    assert cache.get("kept") == "here"
    assert not redis_breaker.is_open


def test_limits_count_on_where_redis_is_full(
    own_redis: OwnRedis, cast: Cast, client: Client, settings: Settings
) -> None:
    settings.CACHES = {name: each | {"LOCATION": own_redis.url} for name, each in settings.CACHES.items()}
    assert counted("letters") == 1
    own_redis.fill()
    assert cache.get(":limits") is None  # it is read as before
    assert [counted("letters") for _ in range(3)] == [1, 2, 3]
    assert [counted("others") for _ in range(2)] == [1, 2]
    assert sign_in(client, cast.tenant_owner.email, PASSWORD) == 302


def test_a_session_is_not_in_the_cache(redis_line: Line, cast: Cast, client: Client) -> None:
    """What was signed out while Redis was away stays so when it is back."""
    client.force_login(cast.tenant_owner)
    client.get("/account/login/")
    cookie = client.cookies["sessionid"].value
    redis_line.cut()
    client.post("/account/logout/")
    redis_line.restore()
    client.cookies["sessionid"] = cookie
    assert client.get("/tenants/acme/orgs/tnt/people/").status_code == 302

"""The console while PostgreSQL is away, restarts, comes back."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg_pool import ConnectionPool

from launcher.child import wait_for
from pipes import env
from tests.conftest import Cast, make_cast
from tests.outages.line import Line, line_to
from tests.outages.programs import Answer, Web, database_over, session_of, web

PAGE = "/tenants/acme/orgs/tnt/people/"
SAID = "The database does not answer at the moment"


@pytest.fixture(scope="module")
def lasting_line() -> Iterator[Line]:
    """The line of all tests here, over which one server asks: each start would take seconds."""
    with line_to(os.environ["DATABASE_URL"], port=5432) as line:
        yield line


@pytest.fixture
def line(lasting_line: Line) -> Iterator[Line]:
    yield lasting_line
    lasting_line.restore()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture(scope="module")
def lasting_server(lasting_line: Line, django_db_setup: None) -> Iterator[Web]:
    with web(DATABASE_URL=database_over(lasting_line)) as server:
        yield server


@pytest.fixture
def server(lasting_server: Web, line: Line, cast: Cast) -> Web:
    """The server, which knows by now that the database is back, if it was away in an earlier test."""
    assert wait_for(lambda: lasting_server.get("/readyz").status == 200, seconds=60)
    return lasting_server


@pytest.fixture
def owner(cast: Cast) -> str:
    return session_of(cast.tenant_owner)


def many(server: Web, path: str, cookie: str = "", number: int = 16) -> list[Answer]:
    """Ask for a page as often as all threads have to take part in answering."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: server.get(path, cookie), range(number)))


def test_after_a_restart_that_is_over_no_page_fails(server: Web, line: Line, owner: str) -> None:
    for _ in range(2):
        assert {answer.status for answer in many(server, PAGE, owner)} == {200}
        line.restart()  # every connection that the server holds is dead
    assert {answer.status for answer in many(server, PAGE, owner)} == {200}


def test_while_it_is_away_pages_say_so_and_health_answers(server: Web, line: Line, owner: str) -> None:
    assert server.get(PAGE, owner).status == 200
    line.cut()
    answers = many(server, PAGE, owner)
    assert {answer.status for answer in answers} == {503}
    assert all(SAID in answer.page and answer.retry_after == "5" for answer in answers)
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 503
    line.restore()
    assert wait_for(lambda: server.get(PAGE, owner).status == 200, seconds=60)
    assert {answer.status for answer in many(server, PAGE, owner)} == {200}


def test_nobody_queues_for_a_database_that_is_known_to_be_away(server: Web, line: Line, owner: str) -> None:
    """More ask at once than there are threads: none of them is answered by the end of its own patience only."""
    line.cut()
    assert server.get(PAGE, owner).status == 503
    with ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(server.get, PAGE, owner, seconds=20) for _ in range(60)]
        assert server.get("/healthz", seconds=20).status == 200
        assert {each.result().status for each in asked} == {503}


def test_a_mistake_of_ours_is_no_outage(server: Web, owner: str) -> None:
    assert server.get("/tenants/acme/nowhere/", owner).status == 404


def test_who_waits_for_a_connection_has_one_when_it_is_back(
    line: Line, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPES_DATABASE_POOL", "true")
    options = env.database()["OPTIONS"]["pool"] | {"timeout": 60}
    with ConnectionPool(database_over(line), **options) as pool, ThreadPoolExecutor() as threads:
        pool.wait()
        line.cut()
        pool.check()  # by which it learns that what it holds is dead
        assert wait_for(lambda: pool.get_stats()["pool_size"] == 0, seconds=60)
        errors = pool.get_stats()["connections_errors"]
        waiting = [threads.submit(pool.getconn) for _ in range(4)]
        # It tries twice within its second, and gives up.
        assert wait_for(lambda: pool.get_stats()["connections_errors"] >= errors + 2, seconds=60)
        line.restore()
        for each in waiting:
            pool.putconn(each.result())

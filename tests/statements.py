"""What of the suite shows something of the servers: for the run on other servers, after the one on our own.

``--note-statements`` writes down which statements and Redis commands each test sends, and how they end.
``--other-servers`` then leaves out what is the same everywhere (the browser, and what is marked as neutral), and tests
whose statements are all sent, with the same ends, by others that are run. What several connections do to each
other, and what happens to programs and over lines that break, is run all the same; and so is whatever is not noted.
"""

import functools
import hashlib
import heapq
import json
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from launcher.places import STATE

FOLDER = STATE / "statements"
_LINES = frozenset({"line", "redis_line", "own_redis"})  # fixtures of what breaks
_VARIES = (
    (re.compile(r"'(?:[^']|'')*'"), "''"),
    (re.compile(r"\bs\d+_x\d+\b"), "s"),  # Django's savepoints
    (re.compile(r"\b\d+\b"), "0"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"(?:%s|0)(?:, (?:%s|0))+"), "%s"),
    (re.compile(r"\(%s\)(?:, \(%s\))+"), "(%s)"),
)


@dataclass
class Noted:
    """What one test sent; ``speakers`` are the connections that sent something."""

    shows: set[str] = field(default_factory=set)
    speakers: set[str] = field(default_factory=set)
    seconds: float = 0.0


@functools.cache
def shape(statement: str) -> str:
    """A statement without what differs from one time to the next, in 16 characters."""
    for varies, instead in _VARIES:
        statement = varies.sub(instead, statement)
    return hashlib.blake2b(statement.encode(), digest_size=8).hexdigest()


def to_leave_out(noted: Mapping[str, Noted], among: Collection[str]) -> set[str]:
    """Name the tests whose statements others show, that stay: first of all those that show most in the least time."""
    wanted = {shown for name in among for shown in noted[name].shows}

    def worth(name: str) -> float:
        return len(wanted & noted[name].shows) / (noted[name].seconds + 0.01)

    left = [(-worth(name), name) for name in among]
    heapq.heapify(left)
    staying = set()
    while left and left[0][0] < 0:
        _, name = heapq.heappop(left)
        now = -worth(name)
        if left and now > left[0][0]:
            heapq.heappush(left, (now, name))  # others have shown some of it meanwhile
        elif now < 0:
            staying.add(name)
            wanted -= noted[name].shows
    return set(among) - staying


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("servers")
    group.addoption("--note-statements", action="store_true", help="write down what each test sends to the servers")
    group.addoption("--other-servers", action="store_true", help="only tests that show something of the servers")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to write down, where that is asked for; before any other process does."""
    if config.getoption("--note-statements"):
        if not hasattr(config, "workerinput"):
            for former in FOLDER.glob("*.json"):
                former.unlink()
        config.pluginmanager.register(_Notes(getattr(config, "workerinput", {"workerid": "all"})["workerid"]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what shows nothing of these servers."""
    if not config.getoption("--other-servers"):
        return
    there = [item for item in items if not any(map(item.get_closest_marker, ("browser", "neutral")))]
    noted = _read()
    known = [item.nodeid for item in there if item.nodeid in noted and not _is_special(item, noted)]
    spared = to_leave_out(noted, known)
    kept = [item for item in there if item.nodeid not in spared]
    config.hook.pytest_deselected(items=[item for item in items if item not in {*kept}])
    items[:] = kept


def _is_special(item: pytest.Item, noted: Mapping[str, Noted]) -> bool:
    names = getattr(item, "fixturenames", ())
    several = len(noted[item.nodeid].speakers) > 1
    return several or item.get_closest_marker("programs") is not None or not _LINES.isdisjoint(names)


def _read() -> dict[str, Noted]:
    found = {}
    for path in FOLDER.glob("*.json"):
        for name, (shows, speakers, seconds) in json.loads(path.read_text()).items():
            found[name] = Noted(set(shows), set(speakers), seconds)
    return found


class _Notes:
    """Writes down what the tests of one process send."""

    def __init__(self, process: str) -> None:
        self._file: Path = FOLDER / f"{process}.json"
        self._all: dict[str, Noted] = {}
        self._now = Noted()
        self._listen()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note it for this test."""
        self._now = self._all[item.nodeid] = Noted()
        began = time.monotonic()
        result = yield
        self._now.seconds = round(time.monotonic() - began, 3)
        return result

    def pytest_sessionfinish(self) -> None:
        """Write the file; who only hands out tests has none."""
        if not self._all:
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        lines = {name: (sorted(n.shows), sorted(n.speakers), n.seconds) for name, n in self._all.items()}
        self._file.write_text(json.dumps(lines))

    def _listen(self) -> None:
        from django.db.backends.utils import CursorWrapper
        from redis.client import Pipeline, Redis

        execute, execute_many = CursorWrapper.execute, CursorWrapper.executemany

        def note(cursor: Any, statement: object, send: Any, values: object) -> Any:
            now = self._now
            now.speakers.add(f"{cursor.db.alias} {threading.get_ident()}")
            sent = shape(str(statement))
            try:
                answer = send(cursor, statement, values)
            except Exception as error:
                now.shows.add(f"{sent} {getattr(error.__cause__, 'sqlstate', '')}")
                raise
            now.shows.add(sent)
            return answer

        cursors: Any = CursorWrapper
        cursors.execute = lambda cursor, sql, params=None: note(cursor, sql, execute, params)
        cursors.executemany = lambda cursor, sql, params: note(cursor, sql, execute_many, params)
        clients: tuple[Any, ...] = (Redis, Pipeline)
        for client in clients:
            client.execute_command = self._noting(client.execute_command)

    def _noting(self, send: Any) -> Any:
        @functools.wraps(send)
        def noting(client: Any, *arguments: Any, **options: Any) -> Any:
            self._now.shows.add(f"redis {arguments[0]}")
            return send(client, *arguments, **options)

        return noting

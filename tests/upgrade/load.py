"""What customers do all the while: people look at pages and ask for syncs, AWS sends events, accounts are renamed."""

import http.cookiejar
import itertools
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.upgrade.scene import ORGANIZATION

_INTEGRATIONS = f"{ORGANIZATION}integrations/"
_WORKSPACE = f"{ORGANIZATION}workspaces/fireworks/"
PAGES = (
    "/",
    ORGANIZATION,
    _INTEGRATIONS,
    f"{_INTEGRATIONS}drill-0/",
    f"{_INTEGRATIONS}drill-1/config/",
    f"{_INTEGRATIONS}drill-2/advanced/",
    f"{_INTEGRATIONS}drill-3/notifications/",
    f"{_INTEGRATIONS}drill-4/processes/",
    f"{ORGANIZATION}connections/",
    f"{ORGANIZATION}activity/",
    f"{ORGANIZATION}activity/processes/",
    f"{ORGANIZATION}people/",
    f"{ORGANIZATION}advanced/",
    f"{_WORKSPACE}connections/",
    f"{_WORKSPACE}aggregators/",
    f"{_WORKSPACE}advanced/",
    "/profile/",
    "/account/email/",
)


@dataclass
class Tally:
    """What was asked and what failed, by what was asked for."""

    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, what: str, problem: str) -> None:
        """Count one, with what went wrong, if anything did."""
        with self._lock:
            self.asked[kind] += 1
            if problem:
                self.failed[kind] += 1
                self.problems[f"{what}: {problem}"] += 1


class Doors:
    """The web servers that are open, as a proxy knows them: taken in turn."""

    def __init__(self) -> None:
        self._ports: list[int] = []
        self._turns = itertools.count()

    def open(self, port: int) -> None:
        """Send requests there too."""
        self._ports = [*self._ports, port]

    def close(self, port: int) -> None:
        """Send no more requests there."""
        self._ports = [each for each in self._ports if each != port]

    def next(self) -> str:
        """Whose turn it is."""
        ports = self._ports
        return f"http://127.0.0.1:{ports[next(self._turns) % len(ports)]}"


class Visitor:
    """One browser."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar)
        )

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the form; raises AssertionError when that does not lead inside."""
        self.get("/account/login/")
        problem = self.post("/account/login/", {"login": email, "password": password})
        assert not problem, problem
        assert any(cookie.name == "sessionid" for cookie in self._jar), "not signed in"

    def get(self, path: str) -> str:
        """Open a page; gives what went wrong, if anything did."""
        return self._ask(urllib.request.Request(self._doors.next() + path))

    def post(self, path: str, form: Mapping[str, str]) -> str:
        """Send a form."""
        token = next((cookie.value or "" for cookie in self._jar if cookie.name == "csrftoken"), "")
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        return self._ask(urllib.request.Request(self._doors.next() + path, data))

    def tell(self, path: str, header: str, key: str) -> str:
        """Send an event, as EventBridge does."""
        return self._ask(urllib.request.Request(self._doors.next() + path, b"{}", {header: key}))

    def _ask(self, request: urllib.request.Request) -> str:
        try:
            with self._opener.open(request, timeout=60) as answer:
                landed = urllib.parse.urlsplit(answer.url).path
                answer.read()
                return f"led to {landed}" if landed == "/account/login/" and request.get_method() == "GET" else ""
        except urllib.error.HTTPError as error:
            return f"status {error.code}"
        except OSError as error:
            return repr(error)


@contextmanager
def traffic(doors: Doors, scene: Mapping[str, Any], aws: str, tally: Callable[[], Tally]) -> Iterator[None]:
    """Keep everything going for as long as the block runs."""
    over = threading.Event()
    people = [Visitor(doors) for _ in range(3)]
    for visitor in people:
        visitor.sign_in("oscar@acme.example", scene["password"])
    jobs = [threading.Thread(target=_look_around, args=(over, visitor, tally)) for visitor in people[:2]]
    jobs.append(threading.Thread(target=_ask_for_syncs, args=(over, people[2], tally, len(scene["inlets"]))))
    jobs.append(threading.Thread(target=_send_events, args=(over, Visitor(doors), tally, scene)))
    jobs.append(threading.Thread(target=_rename_accounts, args=(over, aws)))
    for job in jobs:
        job.start()
    try:
        yield
    finally:
        over.set()
        for job in jobs:
            job.join()


def _look_around(over: threading.Event, visitor: Visitor, tally: Callable[[], Tally]) -> None:
    for page in itertools.cycle(PAGES):
        tally().count("pages", page, visitor.get(page))
        if over.wait(0.05):
            return


def _ask_for_syncs(over: threading.Event, visitor: Visitor, tally: Callable[[], Tally], count: int) -> None:
    for number in itertools.cycle(range(count)):
        page = f"{_INTEGRATIONS}drill-{number}/sync/"
        visitor.get(f"{_INTEGRATIONS}drill-{number}/")
        tally().count("pages", page, visitor.post(page, {}))
        if over.wait(1):
            return


def _send_events(over: threading.Event, visitor: Visitor, tally: Callable[[], Tally], scene: Mapping[str, Any]) -> None:
    for inlet in itertools.cycle(scene["inlets"]):
        tally().count("events", inlet["path"], visitor.tell(inlet["path"], scene["header"], inlet["key"]))
        if over.wait(0.2):
            return


def _rename_accounts(over: threading.Event, aws: str) -> None:
    for old, new in itertools.cycle((("vision", "vision-next"), ("vision-next", "vision"))):
        asked = {"command": "rename", "arguments": {"node": old, "name": new}}
        request = urllib.request.Request(f"{aws}/_stand-in/command", json.dumps(asked).encode())
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20).close()
        if over.wait(3):
            return

"""EventBridge in small: what fits a rule is posted to its address, from one thread, in order and at least once.

Who does not answer within 5 seconds, answers that it is too much or that something is wrong, or is not there, is asked
again after growing pauses, and what comes later waits behind it. What is on its way is lost when the stand-in ends.
"""

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.fakes.aws.event_rules import EventRule
from tests.fakes.aws.events import Event, scheduled_event
from tests.fakes.aws.world import World

TIMEOUT = 5.0
RETRIED = (401, 407, 409, 429)  # and all from 500 on
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One try to deliver an event: what was answered, or 0 where nobody answered."""

    name: str
    event_id: str
    endpoint: str
    status: int
    at: float


@dataclass(slots=True)
class _Letter:
    rule: EventRule
    event: Event
    since: float
    tries: int = 0


@dataclass(slots=True)
class _Lane:
    """What waits for one destination, and from when on the first of it may go."""

    letters: deque[_Letter] = field(default_factory=deque)
    due: float = 0.0


class Bus:
    """Sends events by the rules of a world for as long as it is open; ``sent`` has the last tries, oldest first."""

    def __init__(self, world: World) -> None:
        self.first_pause = 0.5
        self.sent: deque[Sent] = deque(maxlen=1000)
        self._world = world
        self._lanes: dict[tuple[str, str, str], _Lane] = {}
        self._beats: dict[int, float] = {}  # by the identity of a rule: one that is launched again is another one
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_open = False
        world.rule_listeners.append(self._look_at_rules)

    def open(self) -> None:
        """Send from now on; rules with a schedule begin with one event at once."""
        self._is_open = True
        self._look_at_rules()

    def close(self) -> None:
        """Send no more, once what is being sent is answered."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def publish(self, event: Event) -> None:
        """Take an event; it goes to whoever a rule sends it to."""
        with self._changed:
            for rule in self._world.rules:
                if rule.means(event):
                    self._post(rule, event)
            self._changed.notify()

    def _post(self, rule: EventRule, event: Event) -> None:
        lane = self._lanes.setdefault(rule.destination, _Lane())
        lane.letters.append(_Letter(rule, event, time.monotonic()))

    def _look_at_rules(self) -> None:
        with self._changed:
            rules = set(map(id, self._world.rules))
            self._beats = {rule: due for rule, due in self._beats.items() if rule in rules}
            if self._world.rules and self._is_open and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stand-in EventBridge")
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._is_open:
                    return
                lane = self._next()
                if lane is None:
                    continue
                letter = lane.letters[0]
            status, pause = _deliver(letter.rule, letter.event)
            with self._changed:
                self._note(lane, letter, status, pause)

    def _next(self) -> _Lane | None:
        """Return a lane whose first letter may go; None after having waited for one."""
        now = time.monotonic()
        self._beat(now)
        waiting = [lane for lane in self._lanes.values() if lane.letters]
        lane = min(waiting, key=lambda each: each.due, default=None)
        if lane is not None and lane.due <= now:
            return lane
        moments = [*self._beats.values(), *(each.due for each in waiting)]
        self._changed.wait(min(moments) - now if moments else None)
        return None

    def _beat(self, now: float) -> None:
        for rule in self._world.rules:
            if rule.every and self._beats.get(id(rule), now) <= now:
                self._beats[id(rule)] = now + rule.every
                name = f"{rule.stack}-{rule.name}"
                self._post(rule, scheduled_event(rule.account_id, name, partition=rule.partition, at=time.time()))

    def _note(self, lane: _Lane, letter: _Letter, status: int, pause: float) -> None:
        rule, now = letter.rule, time.monotonic()
        name = letter.event["detail"].get("eventName", letter.event["detail-type"])
        self.sent.append(Sent(name, letter.event["id"], rule.endpoint, status, time.time()))
        letter.tries += 1
        is_to_be_tried_again = status == 0 or status in RETRIED or status >= 500
        is_old = now - letter.since > rule.most_seconds or letter.tries > rule.most_retries
        if is_to_be_tried_again and not is_old:
            lane.due = now + max(pause, min(self.first_pause * 2 ** (letter.tries - 1), LONGEST_PAUSE))
            return
        lane.letters.popleft()
        lane.due = now + 1 / rule.per_second


def _deliver(rule: EventRule, event: Event) -> tuple[int, float]:
    """Post one event; returns the status, 0 for no answer, and for how long we are asked to wait."""
    address = urlsplit(rule.endpoint)
    connect: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    )
    connection = connect(address.netloc, timeout=TIMEOUT)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
        rule.key_header: rule.key,
    }
    path = address.path + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", path, json.dumps(event).encode(), headers)
        answer = connection.getresponse()
        answer.read()
        waits = answer.headers.get("Retry-After") or "0"
        return answer.status, float(waits) if waits.isdecimal() else 0.0
    except (OSError, http.client.HTTPException):
        return 0, 0.0
    finally:
        connection.close()

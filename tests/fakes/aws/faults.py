"""What goes wrong on purpose: throttling, latency, errors, half answers, dropped connections, changes in the middle."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.lag import Lag, Past
from tests.fakes.aws.organization import AwsOrganization, Change

# AWS's published token buckets (rate a second, burst) as far as they could be recovered; each operation has its own.
PUBLISHED_RATES = {
    "ListAccounts": (8.0, 12.0),
    "ListChildren": (6.0, 10.0),
    "ListOrganizationalUnitsForParent": (5.0, 8.0),
    "ListAccountsForParent": (5.0, 8.0),
    "ListParents": (5.0, 8.0),
    "ListRoots": (1.0, 2.0),
    "DescribeAccount": (5.0, 8.0),
    "DescribeOrganizationalUnit": (5.0, 8.0),
}

KINDS = ("error", "cut-off", "answer", "drop", "hang", "hang-up", "without", "elsewhere")


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong: ``kind`` is one of KINDS.

    It meets calls of ``operation`` ("*": all) whose parameters hold the value ``on`` (an id or ARN; "": any), skips the
    first ``after`` of them and then meets ``times`` (None: for ever); ``met`` counts them.
    """

    kind: str
    operation: str
    on: str = ""
    after: int = 0
    times: int | None = None
    code: str = ""
    message: str = ""
    body: str = ""
    status: int = 200
    member: str = ""
    met: int = 0


@dataclass(slots=True)
class _Bucket:
    rate: float
    burst: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Call:
    """One call that was received. ``code`` is the error it got, "" where it was answered, or the fault's kind."""

    operation: str
    parameters: Mapping[str, Any]
    account_id: str
    at: float
    code: str = ""


class CallLog:
    """The last calls received, oldest first."""

    def __init__(self, length: int = 50_000) -> None:
        self._calls: deque[Call] = deque(maxlen=length)

    def add(self, call: Call) -> None:
        """Record a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def count(self, operation: str = "", code: str | None = None) -> int:
        """Count the calls of an operation ("": any) that got this error code (None: any, "": none)."""
        return sum(operation in ("", call.operation) and code in (None, call.code) for call in self)

    def operations(self) -> list[str]:
        """Return the names of the operations in the order they were called."""
        return [call.operation for call in self]

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)


@dataclass
class Faults:
    """All faults of a running stand-in; none at first. ``latency`` is in seconds for every call.

    ``clock_ahead`` is how many seconds AWS's clock is before that of whoever calls; negative where it is behind.
    ``clock`` fills the buckets of calls that are throttled; a test that counts calls holds it.
    """

    latency: float = 0.0
    clock_ahead: float = 0.0
    clock: Callable[[], float] = time.monotonic
    rates: dict[str, tuple[float, float]] = field(default_factory=dict)
    planned: list[Fault] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)  # nobody is kept waiting then
    past: Past = field(default_factory=Past)
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _after: list[tuple[str, int, Callable[[], object]]] = field(default_factory=list)
    _answered: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def throttle(self, operation: str, rate: float, burst: float) -> None:
        """Give an operation a token bucket per account: ``rate`` calls a second, ``burst`` at once."""
        self.rates[operation] = (rate, burst)
        self._buckets.clear()

    def throttle_as_published(self, share: float = 1.0) -> None:
        """Use AWS's published buckets, or a share of them."""
        self.rates = {name: (rate * share, burst * share) for name, (rate, burst) in PUBLISHED_RATES.items()}
        self._buckets.clear()

    def fail(
        self, operation: str, code: str, *, message: str = "", on: str = "", times: int | None = None, after: int = 0
    ) -> None:
        """Answer with an error code."""
        self.planned.append(Fault("error", operation, on, after, times, code, message))

    def cut_off(self, operation: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Answer 200 with the right length, and close the connection in the middle of the body."""
        self.planned.append(Fault("cut-off", operation, on, after, times))

    def answer(
        self,
        operation: str,
        body: str = "<html>Bad gateway</html>",
        *,
        status: int = 200,
        on: str = "",
        times: int | None = None,
        after: int = 0,
    ) -> None:
        """Answer with this text instead of what is expected."""
        self.planned.append(Fault("answer", operation, on, after, times, body=body, status=status))

    def drop(self, operation: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Close the connection without an answer."""
        self.planned.append(Fault("drop", operation, on, after, times))

    def hang(self, operation: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Take the call and never answer."""
        self.planned.append(Fault("hang", operation, on, after, times))

    def hang_up(self, operation: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Answer, and close the connection without having said so."""
        self.planned.append(Fault("hang-up", operation, on, after, times))

    def strip(self, operation: str, member: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Answer without this member, wherever it would be in the answer."""
        self.planned.append(Fault("without", operation, on, after, times, member=member))

    def lead_elsewhere(self, operation: str, *, on: str = "", times: int | None = None, after: int = 0) -> None:
        """Answer as the last AWS organization of the world would, not the one of the account that calls."""
        self.planned.append(Fault("elsewhere", operation, on, after, times))

    def lag(self, on: str = "", *, reads: int | None = None, seconds: float | None = None, lists: bool = False) -> None:
        """Show each change from now on late: what was before is seen by so many reads of it, or for so long.

        ``on`` is the id of a node or of an AWS organization ("": everything). A read is a Describe or ListParents of
        the node; with ``lists``, lists show what was before too, as long as that lasts, and use up no reads. Without
        ``reads`` and ``seconds`` it lasts until ``catch_up``.
        """
        self.past.lags.insert(0, Lag(on, reads, seconds, lists))

    def show_states(self, account_id: str, *states: str) -> None:
        """Answer the next reads of an account with these states, one each; then with what is true."""
        self.past.plan_states(account_id, states)

    def catch_up(self) -> None:
        """Show everything as it is, and changes from now on at once."""
        self.past = Past()

    def heard(self, change: Change) -> None:
        """Take note of a change in an AWS organization."""
        self.past.heard(change, self.clock())

    def seen(self, organization: AwsOrganization, operation: str, parameters: Mapping[str, Any]) -> AwsOrganization:
        """Return an AWS organization as a call sees it: as it is, or as it was."""
        return self.past.seen(organization, operation, parameters, self.clock())

    def after_call(self, operation: str, number: int, change: Callable[[], object]) -> None:
        """Run ``change`` once the ``number``-th call (from 1) of an operation was computed, before the next one."""
        self._answered.pop(operation, None)
        self._after.append((operation, number, change))

    def clear(self) -> None:
        """Let everything go well again."""
        self.catch_up()
        with self._lock:
            self.latency = self.clock_ahead = 0.0
            for kept in (self.rates, self.planned, self._buckets, self._after, self._answered):
                kept.clear()

    def meet(self, operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        """Wait the latency and return what goes wrong with this call, if anything."""
        if self.latency:
            self.stopped.wait(self.latency)
        with self._lock:
            for fault in self.planned:
                if fault.operation not in ("*", operation) or (fault.on and fault.on not in parameters.values()):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times is None or fault.times > 0:
                    fault.times = None if fault.times is None else fault.times - 1
                    fault.met += 1
                    return fault
        return None

    def is_throttled(self, operation: str, account_id: str) -> bool:
        """Take a token of the account's bucket for this operation; tell whether there was none."""
        rate = self.rates.get(operation)
        if rate is None:
            return False
        with self._lock:
            now = self.clock()
            full = _Bucket(*rate, tokens=rate[1], filled_at=now)
            return not self._buckets.setdefault((account_id, operation), full).take(now)

    def computed(self, operation: str) -> None:
        """Note that an answer was computed, and make the changes that wait for it."""
        if not self._after:
            return
        with self._lock:
            number = self._answered[operation] = self._answered.get(operation, 0) + 1
            due = [item for item in self._after if item[:2] == (operation, number)]
            self._after = [item for item in self._after if item not in due]
        for _, _, change in due:
            change()

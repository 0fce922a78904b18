"""The pace of calls, on a clock that tests set."""

import threading
import time

import pytest

from integrations.aws.calls.rate_limit import Budget, Pacer
from integrations.aws.errors import TimedOut


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def drained(clock: Clock, rate: float, burst: float) -> Pacer:
    """A pacer whose burst is spent."""
    pacer = Pacer(rate, burst, clock=clock)
    while not pacer.is_dry():
        assert pacer.reserve() == 0
    return pacer


def test_all_of_the_burst_but_one_goes_at_once_and_then_the_rate_holds() -> None:
    pacer = Pacer(5, 8, clock=Clock())
    waits = [pacer.reserve() for _ in range(10)]
    assert waits == pytest.approx([0.0] * 7 + [0.2, 0.4, 0.6])


def test_a_burst_of_one_still_lets_a_call_go() -> None:
    pacer = Pacer(1, 1, clock=Clock())
    assert (pacer.reserve(), pacer.reserve()) == (0.0, 1.0)


def test_time_brings_calls_back_but_never_more_than_the_burst() -> None:
    clock = Clock()
    pacer = drained(clock, 5, 8)
    clock.now += 0.2
    assert not pacer.is_dry()
    assert pacer.reserve() == pytest.approx(0)
    clock.now += 3600
    assert [pacer.reserve() for _ in range(8)] == pytest.approx([0.0] * 7 + [0.2])


def test_a_throttle_halves_the_rate_once_for_all_calls_that_were_under_way() -> None:
    clock = Clock()
    pacer = drained(clock, 8, 12)
    clock.now += 1
    pacer.slow_down(sent_at=100.5)
    pacer.slow_down(sent_at=100.6)
    assert pacer.rate == 4
    pacer.slow_down(sent_at=101.1)
    assert pacer.rate == 2


def test_answers_bring_the_rate_back_to_the_published_one_and_no_further() -> None:
    clock = Clock()
    pacer = drained(clock, 8, 12)
    pacer.slow_down(sent_at=clock.now)
    pacer.speed_up()
    assert pacer.rate == pytest.approx(4.4)
    for _ in range(50):
        pacer.speed_up()
    assert pacer.rate == 8


def test_throttles_without_end_never_stop_the_calls_altogether() -> None:
    clock = Clock()
    pacer = drained(clock, 8, 12)
    for _ in range(50):
        clock.now += 1
        pacer.slow_down(sent_at=clock.now)
    assert pacer.rate == 0.5


def test_a_budget_refuses_a_wait_that_it_cannot_afford_at_once() -> None:
    started_at = time.monotonic()
    with pytest.raises(TimedOut, match="within 60 seconds; the last call was ListRoots"):
        Budget(60).wait(61, "ListRoots")
    assert time.monotonic() - started_at < 30


def test_cancelling_a_part_of_a_budget_wakes_who_waits_in_it_and_nobody_else() -> None:
    whole = Budget(60)
    part = whole.part()
    woken = threading.Event()

    def wait() -> None:
        with pytest.raises(TimedOut):
            part.wait(30, "ListRoots")
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    part.cancel()
    assert woken.wait(20)
    thread.join()
    whole.wait(0, "ListRoots")

"""Timing, tables, and the goals with what was measured of each."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One way of doing it: its time in seconds, and what else was counted."""

    name: str
    seconds: float
    counted: str = ""


_goals: list[str] = []


def fastest_of(runs: int, once: Callable[[], object]) -> float:
    """Run it and give the time of the fastest run, in seconds: what others took is due to whatever else ran then."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        once()
        times.append(time.perf_counter() - started)
    return min(times)


def fastest_in_turn(runs: int, *ways: Callable[[], object]) -> list[float]:
    """Time several ways one after the other, so often: what else the machine does then meets all of them."""
    rounds = [[fastest_of(1, way) for way in ways] for _ in range(runs)]
    return [min(times) for times in zip(*rounds, strict=True)]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows; ratios are to the first."""
    width = max(len(row.name) for row in rows)
    print(f"\n{title}")
    for row in rows:
        ratio = row.seconds / rows[0].seconds if rows[0].seconds else 0.0
        print(f"  {row.name:<{width}}  {row.seconds * 1000:>10.1f} ms  {ratio:>8.2f} x  {row.counted}")
    sys.stdout.flush()


def at_most(what: str, measured: float, limit: float) -> None:
    """Say whether a goal is met that something is no more than that."""
    _judge(what, measured, f"≤ {limit:g}", is_met=measured <= limit)


def at_least(what: str, measured: float, limit: float) -> None:
    """Say whether a goal is met that something is no less than that."""
    _judge(what, measured, f"≥ {limit:g}", is_met=measured >= limit)


def _judge(what: str, measured: float, goal: str, *, is_met: bool) -> None:
    number = f"{measured:,.0f}" if measured >= 100 else f"{measured:.3g}"
    verdict = "met" if is_met else "MISSED"
    print(f"  goal: {what} {goal}: {number}, {verdict}", flush=True)
    _goals.append(f"| {what} | {goal} | {number} | {verdict} |")


def show_goals() -> None:
    """Print all goals that were judged, as one table."""
    print("\n| goal | | measured | |\n|---|---|---|---|")
    print("\n".join(_goals))

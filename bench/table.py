"""Timing and tables."""

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


def fastest_of(runs: int, once: Callable[[], object]) -> float:
    """Run it and give the time of the fastest run, in seconds: what others took is due to whatever else ran then."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        once()
        times.append(time.perf_counter() - started)
    return min(times)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows; ratios are to the first."""
    width = max(len(row.name) for row in rows)
    print(f"\n{title}")
    for row in rows:
        ratio = row.seconds / rows[0].seconds if rows[0].seconds else 0.0
        print(f"  {row.name:<{width}}  {row.seconds * 1000:>10.1f} ms  {ratio:>8.2f} x  {row.counted}")
    sys.stdout.flush()

"""A timeline of syncs: a column for each, the oldest first, and a lane for each thing that one wants to see of them.

What is told apart by colour is so by shape too: states by their marks, changes by the letters that diffs have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log10
from typing import Final

from integrations.models import SyncRun
from integrations.planning import words

_LABELS, _COLUMN = 98, 22  # pixels: room for the names of the lanes, and of a column
_TOP, _LANE, _BARS, _AXIS = 4, 24, 40, 20
_BAR_WIDTH = 10
_BETWEEN_DATES = 64
_LAST = 24  # what a date below the last column takes beyond it

# Lane: its kinds of changes, the letter and the tone that they have in diffs.
_LANES: Final = (
    ("Came", ("create", "return"), "+", "green"),
    ("Changed", ("rename", "state"), "~", "amber"),
    ("Moved", ("move",), "→", "blue"),
    ("Went", ("remove",), "−", "red"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape as the data of an SVG path, or a round one with a letter in it."""

    tone: str
    x: float
    y: float
    path: str = ""
    radius: float = 0
    letter: str = ""
    is_hollow: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One sync: the page that it leads to, what there is of it in words, and where it is drawn."""

    url: str
    words: str
    x: float
    marks: Sequence[Mark]
    bars: Sequence[Bar]
    width: int = _COLUMN


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The columns, and beside them, where they stay in sight, the names of the lanes."""

    width: int
    height: int
    columns: Sequence[Column]
    lanes: Sequence[Text]
    lines: Sequence[float]
    dates: Sequence[Text]
    labels: int = _LABELS


@dataclass(frozen=True, slots=True)
class Point:
    """A sync to be drawn: its page, and the name by which it is known."""

    run: SyncRun
    url: str
    name: str


def draw(points: Sequence[Point]) -> Timeline:
    """Draw syncs; the latest is given first and drawn last."""
    ordered = points[::-1]
    bottom = _TOP + _LANE * (1 + len(_LANES))
    most_seconds = max((_seconds(point.run) for point in ordered), default=0)
    most_calls = max((point.run.aws_calls for point in ordered), default=0)
    columns = []
    for number, point in enumerate(ordered):
        x = number * _COLUMN
        bars = [
            _bar(x, bottom + _BARS, _seconds(point.run), most_seconds),
            _bar(x, bottom + 2 * _BARS, point.run.aws_calls, most_calls),
        ]
        columns.append(Column(point.url, _words(point), x, _marks(point.run, x + _COLUMN / 2), bars))
    lanes = [Text(0, _lane(0) + 4, "State"), *(Text(0, _lane(n) + 4, lane[0]) for n, lane in enumerate(_LANES, 1))]
    scales = (("Length", words.duration(timedelta(seconds=most_seconds))), ("AWS calls", f"{most_calls:,}"))
    for n, (name, most) in enumerate(scales, 1):
        lanes += [Text(0, bottom + n * _BARS - 20, name), Text(0, bottom + n * _BARS - 6, f"up to {most}")]
    lines = [_TOP + _LANE * n for n in range(1, 2 + len(_LANES))] + [bottom + _BARS, bottom + 2 * _BARS]
    height = bottom + 2 * _BARS + _AXIS
    return Timeline(_COLUMN * len(ordered) + _LAST, height, columns, lanes, lines, _dates(ordered, height - 5))


def _lane(number: int) -> float:
    """Give the middle of a lane."""
    return _TOP + _LANE * number + _LANE / 2


def _seconds(run: SyncRun) -> float:
    return run.elapsed.total_seconds() if run.started_at else 0


def _bar(x: float, bottom: float, value: float, most: float) -> Bar:
    height = round(max(value / most * (_BARS - 8), 1), 1) if value > 0 and most else 0
    return Bar(x + (_COLUMN - _BAR_WIDTH) / 2, round(bottom - height, 1), _BAR_WIDTH, height)


def _marks(run: SyncRun, x: float) -> list[Mark]:
    marks = [_state_mark(run, x, _lane(0))]
    # A run that asked, or was discarded, has changed nothing: what it would have changed is on its page.
    for number, (_, kinds, letter, tone) in enumerate(_LANES, 1):
        count = sum(run.counts.get(kind, 0) for kind in kinds) if run.state == SyncRun.State.SUCCEEDED else 0
        if count:
            marks.append(Mark(tone, x, _lane(number), radius=round(min(6.5 + log10(count), 10.5), 1), letter=letter))
    return marks


def _state_mark(run: SyncRun, x: float, y: float) -> Mark:
    """Give each state a shape of its own: a disc, a cross, a triangle, a ring."""
    if run.state == SyncRun.State.FAILED:
        return Mark("red", x, y, path=f"M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10", is_hollow=True)
    if run.state == SyncRun.State.NEEDS_APPROVAL:
        return Mark("amber", x, y, path=f"M{x:g} {y - 6:g}l6.5 11h-13z")
    if run.state in (SyncRun.State.SUCCEEDED, SyncRun.State.APPLIED):
        return Mark("green", x, y, radius=5 if run.counts else 3)
    return Mark("grey" if run.is_over else "blue", x, y, radius=5, is_hollow=True)


def _words(point: Point) -> str:
    run = point.run
    parts = [point.name, run.get_state_display(), _utc(run.since).strftime("%d %b %Y %H:%M UTC")]
    if run.started_at:
        parts.append(f"took {words.duration(run.elapsed)}")
    parts.append(f"{run.aws_calls:,} AWS calls")
    if run.state == SyncRun.State.SUCCEEDED:
        is_folded = run.folded_runs is not None and run.folded_runs > 1
        parts.append(f"{run.folded_runs:,} syncs without changes" if is_folded else words.changes(run.counts))
    return ", ".join(parts)


def _dates(ordered: Sequence[Point], y: float) -> list[Text]:
    """Name the day at the first sync of each, as far as there is room."""
    found: list[Text] = []
    day = None
    for number, point in enumerate(ordered):
        at, x = _utc(point.run.since), number * _COLUMN + 4
        if at.date() != day and (not found or x - found[-1].x >= _BETWEEN_DATES):
            found.append(Text(x, y, at.strftime("%d %b").lstrip("0")))
            day = at.date()
    return found


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)

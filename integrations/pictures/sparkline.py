"""A number and its past, as a line that is as small as a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

POINTS: Final = 30  # at most
_FEWEST = 3  # with fewer there is no line to speak of
WIDTH, HEIGHT = 72, 18
_EDGE = 3.0


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The data of an SVG path, where it ends, and what it shows in words."""

    line: str
    x: float
    y: float
    words: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(values: Sequence[float], what: str, shown: Sequence[str] = ()) -> Sparkline | None:
    """Draw values, the oldest first, of so many syncs; None of too few. ``shown`` are the values as one reads them."""
    values, texts = values[-POINTS:], (shown or [f"{value:,}" for value in values])[-POINTS:]
    if len(values) < _FEWEST:
        return None
    least, most = min(values), max(values)
    step = (WIDTH - 2 * _EDGE) / (len(values) - 1)
    span = (most - least) or 1
    middle = HEIGHT / 2
    points = [
        (
            round(_EDGE + number * step, 1),
            round(middle if most == least else HEIGHT - _EDGE - (value - least) / span * (HEIGHT - 2 * _EDGE), 1),
        )
        for number, value in enumerate(values)
    ]
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    words = f"{what} in {len(values)} syncs that went well: from {texts[0]} to {texts[-1]}"
    if most > max(values[0], values[-1]):
        words += f", at most {texts[values.index(most)]}"
    return Sparkline(line, *points[-1], words)

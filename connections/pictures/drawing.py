"""What both pictures are made of: boxes that name a folder, coloured by the group in it that asks most for a look."""

import unicodedata
from collections import Counter
from dataclasses import dataclass

from connections.pictures.outline import GROUPS, Branch, Colour

_LETTER = 7.0  # pixels that a letter of the small text takes on average; those of East Asia take two


@dataclass(frozen=True, slots=True)
class Box:
    """A folder, or what is directly in one, at its place in pixels.

    ``folder_id`` is where it leads: None for what leads nowhere, such as the folder that the picture is of; to a
    picture of that folder where it ``is_deep``. ``label`` fits in the box, ``words`` say all of it; ``shares`` are
    where the part of each group begins in it, how wide it is, and its tone.
    """

    x: float
    y: float
    width: float
    height: float
    label: str
    words: str
    tone: str
    folder_id: int | None = None
    number: str = ""
    is_frame: bool = False
    is_deep: bool = False
    shares: tuple[tuple[float, float, str], ...] = ()

    @property
    def baseline(self) -> float:
        """Where its text stands: in the middle of a line at its top."""
        return self.y + min(self.height / 2, 15) + 4

    @property
    def bottom(self) -> float:
        """Where the line of its shares is."""
        return self.y + self.height - 5

    @property
    def text_x(self) -> float:
        return self.x + 8

    @property
    def number_x(self) -> float:
        """Where its number ends."""
        return self.x + self.width - 8


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture: boxes, and lines as the data of SVG paths."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...] = ()


def tone_of(groups: Counter[str], colour: Colour) -> str:
    """Give the tone of the first group of which there is one; that of nothing where it holds none."""
    return next((tone for key, _, tone in GROUPS[colour] if groups[key]), "none")


def shares_of(groups: Counter[str], colour: Colour, x: float, width: float) -> tuple[tuple[float, float, str], ...]:
    """Divide a width among the groups, as they are shared out; nothing where there is one group only."""
    there = [(groups[key], tone) for key, _, tone in GROUPS[colour] if groups[key]]
    found, at = [], x
    for number, tone in there if len(there) > 1 else ():
        part = width * number / groups.total()
        found.append((round(at, 1), round(part, 1), tone))
        at += part
    return tuple(found)


def in_words(groups: Counter[str], colour: Colour) -> str:
    """Say how many connections there are, and how many of each group."""
    total = groups.total()
    parts = [f"{groups[key]:,} {words}" for key, words, _ in GROUPS[colour] if groups[key]]
    return f"{total:,} connection{'' if total == 1 else 's'}" + (f": {', '.join(parts)}" if parts else "")


def words_of(branch: Branch, colour: Colour) -> str:
    """Say what a folder is called, and what is in it and below it."""
    return f"{branch.title}, {in_words(branch.all, colour)}"


def fitted(text: str, width: float) -> str:
    """Cut a text to the pixels that there are; empty where not even three letters fit."""
    room = width / _LETTER
    kept, used = "", 0.0
    for character in text:
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > room - 1:
            return f"{kept.rstrip()}…" if len(kept) > 1 else ""
        kept += character
    return kept

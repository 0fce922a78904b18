"""An org chart from left to right: a folder, those below it and, where there is room, those below them."""

from connections.pictures.drawing import Box, Drawing, fitted, shares_of, tone_of, words_of
from connections.pictures.outline import Branch, Colour

_BOX_WIDTH, _BOX_HEIGHT, _ROW, _COLUMN = 300, 30, 38, 400
_MOST = 100  # boxes; beyond it the second level stays folded
_MOST_BELOW_ONE = 60


def draw(top: Branch, colour: Colour) -> Drawing:
    """Draw a folder and one or two levels below it; what is folded says how many folders it holds."""
    shown, rest = top.branches[:_MOST_BELOW_ONE], top.branches[_MOST_BELOW_ONE:]
    is_deep = len(shown) + sum(len(branch.branches) for branch in shown) <= _MOST
    boxes: list[Box] = []
    lines: list[str] = []
    row = 0
    middles: list[float] = []
    for branch in shown:
        below = branch.branches if is_deep else []
        rows = [row + number for number in range(len(below))] or [row]
        middle = _middle(sum(rows) / len(rows))
        middles.append(middle)
        boxes.append(_box(branch, 1, middle, colour, is_folded=bool(branch.folders) and not below))
        for number, each in zip(rows, below, strict=False):
            boxes.append(_box(each, 2, _middle(number), colour, is_folded=bool(each.folders)))
            lines.append(_line(1, middle, _middle(number)))
        row += len(rows)
    if rest:
        middles.append(_middle(row))
        words = f"{len(rest):,} more folders"
        boxes.append(Box(_COLUMN, middles[-1] - _BOX_HEIGHT / 2, _BOX_WIDTH, _BOX_HEIGHT, words, words, "none"))
        row += 1
    height = max(row, 1) * _ROW
    boxes.insert(0, _box(top, 0, height / 2, colour, is_top=True))
    lines += [_line(0, height / 2, middle) for middle in middles]
    depth = 1 + bool(shown) + (is_deep and any(branch.branches for branch in shown))
    return Drawing((depth - 1) * _COLUMN + _BOX_WIDTH, height, tuple(boxes), tuple(lines))


def _middle(row: float) -> float:
    return row * _ROW + _ROW / 2


def _box(
    branch: Branch, column: int, middle: float, colour: Colour, *, is_folded: bool = False, is_top: bool = False
) -> Box:
    number = f"{branch.connections:,}"
    title = f"{branch.title} (+{branch.folders:,})" if is_folded else branch.title
    return Box(
        column * _COLUMN,
        round(middle - _BOX_HEIGHT / 2, 1),
        _BOX_WIDTH,
        _BOX_HEIGHT,
        fitted(title, _BOX_WIDTH - 40 - 7 * len(number)),
        words_of(branch, colour) + (f"; {branch.folders:,} folders below it" if is_folded else ""),
        tone_of(branch.all, colour),
        None if is_top else branch.id,
        number,
        is_deep=bool(branch.folders),
        shares=shares_of(branch.all, colour, column * _COLUMN + 1, _BOX_WIDTH - 2),
    )


def _line(column: int, start: float, end: float) -> str:
    """Write a curve from a box of a column to one of the next."""
    x, to = column * _COLUMN + _BOX_WIDTH, (column + 1) * _COLUMN
    bend = (x + to) / 2
    return f"M{x} {start:g}C{bend:g} {start:g} {bend:g} {end:g} {to} {end:g}"

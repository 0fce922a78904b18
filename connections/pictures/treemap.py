"""A map: each folder is as large as the number of connections in it and below it, and holds what is directly in it.

Squarified after Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows are filled as long as that makes their
tiles squarer.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connections.pictures.drawing import Box, Drawing, fitted, in_words, shares_of, tone_of, words_of
from connections.pictures.outline import Branch, Colour

WIDTH, HEIGHT = 1200, 640
_MOST_OUTER, _MOST_INNER = 40, 12  # tiles, beyond which the smallest are one
_HEAD, _GAP = 22.0, 3.0


@dataclass(frozen=True, slots=True)
class _Area:
    x: float
    y: float
    width: float
    height: float

    def inside(self) -> "_Area":
        return _Area(self.x + _GAP, self.y + _HEAD, max(self.width - 2 * _GAP, 0), max(self.height - _HEAD - _GAP, 0))


@dataclass(frozen=True, slots=True)
class _Item:
    """What a tile stands for: a folder with all below it, or connections directly in one; or several folders."""

    groups: Counter[str]
    label: str
    words: str
    tone: str
    folder_id: int | None
    branch: Branch | None = None

    @property
    def weight(self) -> int:
        return self.groups.total()


def draw(top: Branch, colour: Colour) -> Drawing:
    """Draw two levels below a folder."""
    boxes: list[Box] = []
    for item, area in _lay_out(_items(top, colour, _MOST_OUTER), _Area(0, 0, WIDTH, HEIGHT)):
        inner = item.branch.branches if item.branch else []
        is_frame = bool(inner) and area.width > 80 and area.height > 3 * _HEAD
        boxes.append(_box(item, area, colour, is_frame=is_frame))
        if is_frame and item.branch:
            inside = _lay_out(_items(item.branch, colour, _MOST_INNER), area.inside())
            boxes += [_box(*each, colour) for each in inside]
    return Drawing(WIDTH, HEIGHT, tuple(boxes))


def _items(of: Branch, colour: Colour, most: int) -> list[_Item]:
    shown = [branch for branch in of.branches if branch.connections]
    shown, rest = (shown, []) if len(shown) <= most else (shown[: most - 1], shown[most - 1 :])
    items = [
        _Item(each.all, each.title, words_of(each, colour), tone_of(each.all, colour), each.id, each) for each in shown
    ]
    if rest:
        groups = sum((each.all for each in rest), start=Counter[str]())
        label = f"{len(rest):,} more folders"
        items.append(_Item(groups, label, f"{label}, {in_words(groups, colour)}", tone_of(groups, colour), of.id))
    if of.own.total():
        words = f"Directly in {of.title}, {in_words(of.own, colour)}"
        items.append(_Item(of.own, "directly here", words, tone_of(of.own, colour), of.id))
    return sorted(items, key=lambda item: -item.weight)


def _box(item: _Item, area: _Area, colour: Colour, *, is_frame: bool = False) -> Box:
    has_text = area.height >= 18
    number = f"{item.weight:,}"
    label = fitted(item.label, area.width - 16 - 7 * (len(number) + 1)) if has_text else ""
    across, down = min(_GAP, area.width / 2), min(_GAP, area.height / 2)
    x, width = round(area.x + across / 2, 1), round(area.width - across, 1)
    return Box(
        x,
        round(area.y + down / 2, 1),
        width,
        round(area.height - down, 1),
        label,
        item.words,
        item.tone,
        item.folder_id,
        number if label else "",
        is_frame,
        bool(item.branch and item.branch.folders),
        () if is_frame or not has_text else shares_of(item.groups, colour, x + 1, width - 2),
    )


def _lay_out(items: Sequence[_Item], area: _Area) -> list[tuple[_Item, _Area]]:
    """Divide an area among items, the heaviest first."""
    total = sum(item.weight for item in items)
    if not total or area.width <= 0 or area.height <= 0:
        return []
    scale = area.width * area.height / total
    found: list[tuple[_Item, _Area]] = []
    left = list(items)
    while left:
        side = min(area.width, area.height)
        count = 1
        while count < len(left) and _worst(left[: count + 1], side, scale) <= _worst(left[:count], side, scale):
            count += 1
        row, left = left[:count], left[count:]
        placed, area = _place(row, area, scale)
        found += placed
    return found


def _worst(row: Sequence[_Item], side: float, scale: float) -> float:
    """Give how far the least square tile of a row along this side is from a square; 1 is a square."""
    areas = [item.weight * scale for item in row]
    depth = sum(areas) / side
    return max(max(depth * depth / each, each / (depth * depth)) for each in areas)


def _place(row: Sequence[_Item], area: _Area, scale: float) -> tuple[list[tuple[_Item, _Area]], _Area]:
    """Fill one side of an area with a row; give the tiles and the area that is left."""
    is_wide = area.width >= area.height
    side = area.height if is_wide else area.width
    depth = sum(item.weight for item in row) * scale / side
    placed, at = [], 0.0
    for item in row:
        length = item.weight * scale / depth
        tile = _Area(area.x, area.y + at, depth, length) if is_wide else _Area(area.x + at, area.y, length, depth)
        placed.append((item, tile))
        at += length
    if is_wide:
        return placed, _Area(area.x + depth, area.y, max(area.width - depth, 0), area.height)
    return placed, _Area(area.x, area.y + depth, area.width, max(area.height - depth, 0))

"""Where the parts of a picture are drawn: within it, apart from each other, and as large as they should be."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.pictures import chart, treemap
from connections.pictures.drawing import Box, fitted, in_words, shares_of, tone_of
from connections.pictures.outline import Branch, Colour

HEALTH = Colour.HEALTH


def branch(pk: int, *below: Branch, title: str = "", **own: int) -> Branch:
    """A folder with connections of these groups directly in it."""
    made = Branch(pk, title or f"OU {pk}", f"{pk}/", Counter(own), sorted(below, key=lambda each: -each.connections))
    made.all = made.own + sum((each.all for each in below), start=Counter[str]())
    made.folders = sum(each.folders + 1 for each in below)
    return made


def wide(outer: int, inner: int) -> Branch:
    """A folder with so many below it, each with so many below it, each with one healthy connection."""
    return branch(
        1, *(branch(100 + n, *(branch(10_000 + 100 * n + m, healthy=1) for m in range(inner))) for n in range(outer))
    )


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width - 0.2
        and other.x < one.x + one.width - 0.2
        and one.y < other.y + other.height - 0.2
        and other.y < one.y + one.height - 0.2
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=38))
def test_tiles_of_a_map_fill_it_without_overlapping_each_as_large_as_its_number(numbers: list[int]) -> None:
    top = branch(1, *(branch(n + 2, healthy=number) for n, number in enumerate(numbers)))
    boxes = treemap.draw(top, HEALTH).boxes
    assert len(boxes) == len(numbers)
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    assert all(box.x >= 0 and box.x + box.width <= treemap.WIDTH + 0.2 for box in boxes)
    assert all(box.y >= 0 and box.y + box.height <= treemap.HEIGHT + 0.2 for box in boxes)
    scale = treemap.WIDTH * treemap.HEIGHT / sum(numbers)
    for box, number in zip(boxes, sorted(numbers, reverse=True), strict=True):
        if box.width > 10 and box.height > 10:  # the gaps around a tile are no part of it
            assert (box.width + 3) * (box.height + 3) == pytest.approx(number * scale, rel=0.1)


def test_a_map_shows_two_levels_and_what_is_directly_in_a_folder() -> None:
    top = branch(1, branch(2, branch(3, healthy=4), failing=2), untested=6)
    frame, below, own, here = treemap.draw(top, HEALTH).boxes
    assert (here.label, here.number, here.tone, here.folder_id) == ("directly here", "6", "grey", 1)
    assert (frame.label, frame.is_frame, frame.tone, frame.is_deep) == ("OU 2", True, "red", True)
    assert frame.words == "OU 2, 6 connections: 2 failing, 4 healthy"
    assert (below.label, below.tone, below.folder_id, below.is_deep) == ("OU 3", "green", 3, False)
    assert (own.words, own.folder_id) == ("Directly in OU 2, 2 connections: 2 failing", 2)


@pytest.mark.parametrize(("outer", "inner"), [(500, 0), (30, 30), (3, 400), (0, 0)])
def test_a_picture_of_hundreds_of_folders_has_few_boxes(outer: int, inner: int) -> None:
    top = wide(outer, inner) if inner else branch(1, *(branch(n + 2, healthy=1) for n in range(outer)))
    assert len(treemap.draw(top, HEALTH).boxes) <= 40 * 13
    drawn = chart.draw(top, HEALTH)
    assert len(drawn.boxes) <= 102
    assert not [pair for pair in combinations(drawn.boxes, 2) if overlap(*pair)]
    assert all(box.y >= 0 and box.y + box.height <= drawn.height for box in drawn.boxes)


def test_what_a_picture_leaves_out_it_counts() -> None:
    rest = treemap.draw(branch(1, *(branch(n + 2, healthy=1) for n in range(50))), HEALTH).boxes
    assert [box.words for box in rest if "more" in box.words] == ["11 more folders, 11 connections: 11 healthy"]
    assert [box.label for box in chart.draw(wide(70, 1), HEALTH).boxes if "more" in box.label] == ["10 more folders"]
    folded = chart.draw(wide(30, 4), HEALTH).boxes[1]
    assert (folded.label, folded.words) == ("OU 100 (+4)", "OU 100, 4 connections: 4 healthy; 4 folders below it")


def test_a_chart_leads_from_a_folder_to_those_below_and_draws_a_line_to_each() -> None:
    drawn = chart.draw(branch(1, branch(2, branch(3), branch(4)), branch(5)), HEALTH)
    assert [(box.label, box.folder_id, box.is_deep) for box in drawn.boxes] == [
        ("OU 1", None, True),
        ("OU 2", 2, True),
        ("OU 3", 3, False),
        ("OU 4", 4, False),
        ("OU 5", 5, False),
    ]
    assert len(drawn.lines) == 4


def test_a_box_has_the_colour_of_what_asks_most_for_a_look_and_shows_the_shares() -> None:
    groups = Counter(healthy=3, failing=1)
    assert tone_of(groups, HEALTH) == "red"
    assert shares_of(groups, HEALTH, 10, 80) == ((10, 20, "red"), (30, 60, "green"))
    assert shares_of(Counter(healthy=3), HEALTH, 0, 80) == ()
    assert tone_of(Counter(), HEALTH) == "none"
    assert in_words(Counter(active=1), Colour.STATE) == "1 connection: 1 active"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Payments", 100, "Payments"),
        ("Recommendations", 70, "Recommend…"),
        ("東京-本番", 56, "東京-本…"),
        ("Prod", 14, ""),
    ],
)
def test_a_label_is_cut_to_its_box(text: str, width: float, shown: str) -> None:
    assert fitted(text, width) == shown

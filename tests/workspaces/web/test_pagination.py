"""Lists that are read in slices."""

from collections.abc import Sequence

import pytest

from workspaces.web.pagination import LazyList

PARTS = ["abc", "", "defg"]


class Letters(LazyList[str]):
    """Three parts, which say how often they were asked."""

    def __init__(self) -> None:
        self.counted = 0
        self.read: list[tuple[int, int, int]] = []

    def count_parts(self) -> Sequence[int]:
        self.counted += 1
        return [len(part) for part in PARTS]

    def read_part(self, part: int, start: int, stop: int) -> list[str]:
        self.read.append((part, start, stop))
        return list(PARTS[part][start:stop])


@pytest.mark.parametrize("start", range(9))
@pytest.mark.parametrize("stop", range(9))
def test_a_slice_is_what_a_slice_of_the_whole_would_be(start: int, stop: int) -> None:
    letters = Letters()
    assert letters[start:stop] == list("abcdefg"[start:stop])
    assert (len(letters), letters.counted) == (7, 1)
    assert all(begins < ends for _part, begins, ends in letters.read), "nothing is read for nothing"


def test_only_the_parts_that_a_slice_touches_are_read() -> None:
    letters = Letters()
    assert letters[3:5] == ["d", "e"]
    assert letters.read == [(2, 0, 2)]
    assert letters[2] == "c"
    assert letters.read[1:] == [(0, 2, 3)]

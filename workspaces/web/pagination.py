"""Lists in pages: by number, of what can be counted, and by key, of what grows without end."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, overload

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

PAGE_SIZE: Final = 50  # rows of a list on a page

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)


class LazyList(Sequence[Item], ABC):
    """Parts, one after the other, that are counted once and read only in the slice that is shown."""

    @abstractmethod
    def count_parts(self) -> Sequence[int]:
        """Say how many items each part has; asked once."""

    @abstractmethod
    def read_part(self, part: int, start: int, stop: int) -> list[Item]:
        """Read a slice of a part, which is not empty."""

    def complete(self, items: list[Item]) -> list[Item]:
        """Give the items of a slice what is found out for all of them together."""
        return items

    @cached_property
    def _lengths(self) -> Sequence[int]:
        return self.count_parts()

    def __len__(self) -> int:
        return sum(self._lengths)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        """Read a slice; an index is a slice of one."""
        if isinstance(at, int):
            return self[at : at + 1][0]
        start, stop, _ = at.indices(len(self))
        items: list[Item] = []
        for part, length in enumerate(self._lengths):
            if max(start, 0) < min(stop, length):
                items += self.read_part(part, max(start, 0), min(stop, length))
            start, stop = start - length, stop - length
        return self.complete(items)


def numbered_page(request: HttpRequest, items: "Sequence[Item] | QuerySet[Any, Any]") -> "Page[Any]":
    """Give the page that the URL's ``page`` asks for, or the nearest that there is."""
    return Paginator(items, PAGE_SIZE).get_page(request.GET.get("page"))


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Item]):
    """Some rows, newest first; ``older`` is where the next page begins, if there is one.

    Each page begins at a row's key: nothing is counted or skipped over.
    """

    rows: Sequence[Item]
    older: int | None
    is_newest: bool


def page_before(found: QuerySet[Row], before: int | None, *, size: int) -> KeysetPage[Row]:
    """Read the newest rows, or the newest of those with a key below this one; they come in the order of their keys."""
    if before is not None:
        found = found.filter(pk__lt=before)
    return cut(list(found[: size + 1]), before, size=size)


def cut(rows: Sequence[Row], before: int | None, *, size: int) -> KeysetPage[Row]:
    """Make a page of rows of which one more than it holds was read, if there was one."""
    shown = rows[:size]
    return KeysetPage(shown, shown[-1].pk if len(rows) > size else None, before is None)

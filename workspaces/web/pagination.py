"""Pages of what grows without end: newest first, each begun at a row's key. Nothing is counted or skipped over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.db.models import Model, QuerySet

PAGE_SIZE: Final = 50  # rows of a list on a page

Row = TypeVar("Row", bound=Model)
_LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """Some rows, newest first; ``older`` is where the next page begins, if there is one."""

    rows: Sequence[Row]
    older: int | None
    is_newest: bool


def before_key(text: str | None) -> int | None:
    """Read where a page begins from a URL; None, the newest page, for whatever is no key."""
    key = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return key if 0 < key <= _LARGEST_KEY else None


def page_before(found: QuerySet[Row], before: int | None, *, size: int) -> KeysetPage[Row]:
    """Read the newest rows, or the newest of those with a key below this one; they come in the order of their keys."""
    if before is not None:
        found = found.filter(pk__lt=before)
    return cut(list(found[: size + 1]), before, size=size)


def cut(rows: Sequence[Row], before: int | None, *, size: int) -> KeysetPage[Row]:
    """Make a page of rows of which one more than it holds was read, if there was one."""
    shown = rows[:size]
    return KeysetPage(shown, shown[-1].pk if len(rows) > size else None, before is None)

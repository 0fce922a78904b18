"""What many tests begin with, made once for those that follow one another: each undoes what it does to it.

It is made in a transaction that stays open, and the transactions of the tests are inside of it.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, Generic, TypeVar

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

T = TypeVar("T")

# Things grow old, and what the database calls now is when the transaction began: that stays a matter of a moment.
_OLDEST_SECONDS: Final = 20.0


EVERY: Final[list["Kept[Any]"]] = []


class Kept(Generic[T]):
    """What the tests that ask for one fixture begin with, while there is one; ``make`` makes it."""

    def __init__(self, fixture: str, make: Callable[[], T]) -> None:
        self.made: T | None = None
        self._fixture = fixture
        self._make = make
        self._made_at = 0.0
        self._transaction = ExitStack()
        self._blocker: DjangoDbBlocker
        EVERY.append(self)

    def prepare(self, request: pytest.FixtureRequest) -> None:
        """Have it there before the transaction of a test begins, or have it gone where the test has no use for it."""
        is_fresh = time.monotonic() - self._made_at < _OLDEST_SECONDS
        if self.made is not None and self._is_used_by(request.node) and is_fresh:
            return
        self.end()
        if not self._is_used_by(request.node):
            return
        blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
        with blocker.unblock(), ExitStack() as stack:
            stack.enter_context(transaction.atomic())
            stack.callback(transaction.set_rollback, True)
            self.made, self._made_at = self._make(), time.monotonic()
            self._transaction = stack.pop_all()
        self._blocker = blocker

    def end(self, before: pytest.Item | None = None) -> None:
        """Undo it, unless the test that comes next has a use for it."""
        if self.made is not None and (before is None or not self._is_used_by(before)):
            self.made = None
            with self._blocker.unblock():
                self._transaction.close()

    def _is_used_by(self, item: pytest.Item) -> bool:
        names = getattr(item, "fixturenames", ())
        marker = item.get_closest_marker("django_db")
        commits = "transactional_db" in names or (marker is not None and marker.kwargs.get("transaction", False))
        return self._fixture in names and not commits

"""Lists that AWS answers in pages of at most 20, some of them empty before the end."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from integrations.aws.calls.rate_limit import Budget
from integrations.aws.calls.retry import OPERATIONS
from integrations.aws.errors import incomplete, unexpected
from integrations.aws.session import AwsSession

# AWS gives an empty page now and then; so many in a row lead nowhere, and would use up the time of the whole read.
_MOST_EMPTY: Final = 50
PAGE_SIZE: Final = 20  # the most that AWS gives; what it gives without being asked is not documented

T = TypeVar("T")


class Pages:
    """The pages of one list, asked for one after the other; ``is_done`` once AWS says that there are no more."""

    def __init__(self, session: AwsSession, operation: str, budget: Budget, *, subject: str = "", **asked: str) -> None:
        self._session = session
        self._operation = operation
        self._budget = budget
        self._subject = subject
        self._asked = asked
        self._tokens: set[str] = set()
        self._empty = 0
        self._token: str | None = None
        self.is_done = False

    def next(self) -> list[dict[str, Any]]:
        """The rows of the next page, often none; raises AwsError, also for a token that came before."""
        position = {} if self._token is None else {"NextToken": self._token}
        answer = self._session.call(
            self._operation,
            subject=self._subject,
            budget=self._budget,
            MaxResults=PAGE_SIZE,
            **self._asked,
            **position,
        )
        self._token = answer.get("NextToken") or None
        self.is_done = self._token is None
        if self._token is not None and self._token in self._tokens:
            raise unexpected(self._operation, self._subject, "the same page token came twice")
        self._tokens.add(self._token or "")
        rows: list[dict[str, Any]] = answer[OPERATIONS[self._operation].result]
        if not all(isinstance(row, dict) for row in rows):
            raise unexpected(self._operation, self._subject, "a row is empty")
        self._empty = 0 if rows else self._empty + 1
        if self._empty >= _MOST_EMPTY and not self.is_done:
            raise incomplete(self._operation, self._subject, f"{self._empty} pages in a row were empty")
        return rows

    def all(self, read: Callable[[dict[str, Any]], T]) -> list[T]:
        """Every row of every page that is left, read."""
        rows: list[T] = []
        while not self.is_done:
            rows.extend(map(read, self.next()))
        return rows

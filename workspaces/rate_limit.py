"""How often something may be done within a minute, an hour or a day, counted in the cache.

The cache counts in a table while Redis is away (``pipes.cache``), so that no limit is lost; so do the sign-in library's
own. What a worker may ask of AWS is another matter, and counted nowhere: see ``integrations.aws.calls.rate_limit``.
"""

import hashlib
from datetime import datetime
from enum import Enum

from django.core.cache import cache


class Window(Enum):
    """The time within which is counted, by the clock in UTC: how its key is written, and how many seconds it is kept.

    ``SINCE_FIRST`` is an hour that begins with what is counted first.
    """

    MINUTE = (":%Y%m%d%H%M", 120)
    HOUR = (":%Y%m%d%H", 2 * 3600)
    DAY = (":%Y%m%d", 25 * 3600)
    SINCE_FIRST = ("", 3600)


class LimitReachedError(Exception):
    """So much was done within the window that nothing more is for now; the text is a sentence that says until when."""

    def __init__(self, refusal: str, *, limit: int, window: Window) -> None:
        super().__init__(refusal)
        self.limit, self.window = limit, window


def count(name: str, key: object, *, limit: int, window: Window, now: datetime, refusal: str = "") -> int:
    """Count one more of what is named so, of whom the key says, and return how many that makes.

    Raises LimitReachedError with this refusal, from the first one on that is more than the limit.
    """
    number = _count(_place(name, key, window, now), window)
    if number > limit:
        raise LimitReachedError(refusal, limit=limit, window=window)
    return number


def check(name: str, key: object, *, limit: int, window: Window, now: datetime, refusal: str = "") -> None:
    """Raise LimitReachedError with this refusal when nothing more may be counted; count nothing."""
    if cache.get(_place(name, key, window, now), 0) >= limit:
        raise LimitReachedError(refusal, limit=limit, window=window)


def concealed(text: str) -> str:
    """Give what stands for a text in a key: the cache need not know addresses."""
    return hashlib.sha256(text.encode()).hexdigest()


def _place(name: str, key: object, window: Window, now: datetime) -> str:
    return f"{name}:{key}{now.strftime(window.value[0])}"


def _count(place: str, window: Window) -> int:
    while True:
        try:
            return int(cache.incr(place))
        except ValueError:  # it is the first, also when the cache was emptied in between, or changed servers
            cache.add(place, 0, timeout=window.value[1])

"""The cache: Redis and, while that is away, hangs or is full, a table. Nobody is locked out, and limits go on counting.

What one of the two holds the other does not know, so a limit may begin anew when they change; sessions, of which that
must not be true, are not kept here.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection, transaction
from redis.exceptions import RedisError

from pipes.circuit_breaker import Breaker

log = structlog.get_logger(__name__)

# Of the process: each thread has a cache object of its own, and one that found Redis away spares the others the wait.
redis_breaker: Final = Breaker(2.0)
FAULTS: Final = (RedisError, OSError)
_TABLE: Final = "pipes_cache"
# Increments in the table set the time anew, to this: longer than any limit lasts.
_TABLE_OPTIONS: Final = {"TIMEOUT": 25 * 3600, "OPTIONS": {"MAX_ENTRIES": 100_000}}


class FallbackCache(RedisCache):
    """Django's Redis cache, with Django's database cache behind it."""

    def __init__(self, server: str, params: Mapping[str, Any]) -> None:
        super().__init__(server, dict(params))
        prefix = {key: value for key, value in params.items() if key in ("KEY_PREFIX", "VERSION")}
        self._table = _TableCache(_TABLE, {**prefix, **_TABLE_OPTIONS})

    def _answers(self) -> bool:
        """Whether to ask Redis: it is not known to be away, or is found to be back just now."""
        if not redis_breaker.is_open:
            return True
        if not redis_breaker.may_look():
            return False
        try:
            super().set("is_back", 1, 1)  # one that is full still answers what only reads
        except FAULTS:
            redis_breaker.trip()
            return False
        redis_breaker.reset()
        log.warning("cache_is_back")
        return True

    def _do(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._answers():
            try:
                return getattr(super(), name)(*args, **kwargs)
            except FAULTS as error:
                redis_breaker.trip()
                log.warning("cache_away", error=type(error).__name__)
        return getattr(self._table, name)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set a key that is not there; return whether it was not."""
        return bool(self._do("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Give the value of a key."""
        return self._do("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Set a key."""
        self._do("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        """Give a key more time."""
        return bool(self._do("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Delete a key; return whether it was there."""
        return bool(self._do("delete", *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give the values of several keys."""
        return dict(self._do("get_many", *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether a key is there."""
        return bool(self._do("has_key", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Add to a number. Raises ValueError when it is not there."""
        return int(self._do("incr", *args, **kwargs))

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        """Set several keys."""
        return list(self._do("set_many", *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        """Delete several keys."""
        self._do("delete_many", *args, **kwargs)

    def clear(self) -> None:
        """Delete all keys, of both."""
        self._table.clear()
        self._do("clear")


class _TableCache(DatabaseCache):
    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"cache {key}"])
            return super().incr(key, delta, version)

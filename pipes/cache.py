"""The cache: Redis and, while that is away, hangs or is full, a table. Nobody is locked out, and limits go on counting.

What one of the two holds the other does not know, so a limit may begin anew when they change; sessions, of which that
must not be true, are not kept here.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
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


def _from_either(name: str) -> Any:
    """Make the method of a cache that Redis does or, while that is away, the table."""

    def method(self: "FallbackCache", *args: Any, **kwargs: Any) -> Any:
        return self._do(name, *args, **kwargs)

    return method


class _KeptClient(RedisCacheClient):
    """Keeps what asks Redis, which Django makes anew for each question: that takes as long as to ask it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._kept:
            self._kept[write] = super().get_client(key, write=write)
        return self._kept[write]


class FallbackCache(RedisCache):
    """Django's Redis cache, with Django's database cache behind it."""

    def __init__(self, server: str, params: Mapping[str, Any]) -> None:
        super().__init__(server, dict(params))
        self._class = _KeptClient
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
        return self._instead(name, *args, **kwargs)

    def _instead(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._table, name)(*args, **kwargs)

    add, get, set, touch, delete = map(_from_either, ("add", "get", "set", "touch", "delete"))
    has_key, incr = _from_either("has_key"), _from_either("incr")
    get_many, set_many, delete_many = map(_from_either, ("get_many", "set_many", "delete_many"))

    def clear(self) -> None:
        """Delete all keys, of both."""
        self._table.clear()
        self._do("clear")


class SpareCache(FallbackCache):
    """Of what can as well be found out anew: while Redis is away, it has nothing and keeps nothing."""

    def _instead(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return None


class _TableCache(DatabaseCache):
    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"cache {key}"])
            return super().incr(key, delta, version)

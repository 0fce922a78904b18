"""Counting towards limits, in the cache."""

from django.core.cache import cache


def count(key: str, *, seconds: int) -> int:
    """Count one more under this key, which is forgotten after that time, and say how many that makes."""
    while True:
        cache.add(key, 0, timeout=seconds)
        try:
            return int(cache.incr(key))
        except ValueError:  # it was emptied in between, or changed servers: then this is the first
            continue

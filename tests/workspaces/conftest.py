"""A cache of each test's own: limits that one test counted towards must not stop another."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings


@pytest.fixture(autouse=True)
def own_cache(settings: Settings) -> Iterator[None]:
    """Keep the cache in memory, and empty it afterwards."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    yield
    cache.clear()

"""These tests ask every page as everybody, and invite people for it: more often than the limits allow one person."""

import pytest


@pytest.fixture(autouse=True)
def _own_cache(own_cache: None) -> None:
    """Count towards no other test's limits."""

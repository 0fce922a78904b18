"""The pool of connections, while the database is away."""

from contextlib import suppress
from typing import Any, Final

from psycopg_pool import ConnectionPool, PoolTimeout

_SECONDS: Final = 0.01


def go_on_looking(pool: "ConnectionPool[Any]") -> None:
    """Look for the database once more while somebody waits for a connection; called each time that looking has failed.

    By itself the pool looks again only when the next one comes: those who wait would do so to the end of their time,
    however soon the database is back. Each new request makes it look, even a short one.
    """
    if pool.get_stats().get("requests_waiting"):
        with suppress(PoolTimeout):
            pool.putconn(pool.getconn(timeout=_SECONDS))

"""Connections that are looked at before they are used, and a database that is away known to be so.

The first caller to find it away waits for the pool's time; for a second after that all others fail at once.
"""

from typing import Any, Final

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout

from pipes.circuit_breaker import Breaker
from workspaces.metrics import count

# Of the process, as the pool is.
breaker: Final = Breaker(1.0)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with a breaker in front and a look at what the pool gives."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, or take a connection from the pool that works. Raises OperationalError."""
        if breaker.is_open and not breaker.may_look():
            raise OperationalError("The database was away a moment ago.")
        failures = self._failures()
        try:
            connection = self._connect(conn_params)
        except OperationalError as error:
            if isinstance(error, PoolTimeout):
                count("database_pool_timeouts")
            is_busy = isinstance(error, PoolTimeout) and self._failures() == failures
            if not is_busy or breaker.is_open:
                breaker.trip()
            raise
        breaker.reset()
        return connection

    def _connect(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.pool:
            try:
                ConnectionPool.check_connection(connection)
            except OperationalError:
                self.pool.putconn(connection)
                # After a restart the others are as dead. The pool's own check would wait between one and the next.
                self.pool.drain()
                connection = super().get_new_connection(conn_params)
        return connection

    def _failures(self) -> int:
        """How often the pool could not connect so far."""
        return int(self.pool.get_stats().get("connections_errors", 0)) if self.pool else 0

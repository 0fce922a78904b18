"""PostgreSQL as a server: it may be away, and it has only so many connections."""

from collections.abc import Callable
from typing import Final, TypeVar

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger(__name__)

# No connection, one that broke, a server that stops or starts or has no place: not what a statement did.
_AWAY_CLASSES: Final = ("08", "53", "57P")
_LOOK_SECONDS: Final = 1.0

Result = TypeVar("Result")


def is_away(error: BaseException | None) -> bool:
    """Whether an error says that the database could not be reached, or went away in the middle."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = error.__cause__.sqlstate if isinstance(error.__cause__, psycopg.Error) else None
    return state is None or state.startswith(_AWAY_CLASSES)


def patiently(act: Callable[[], Result], *, give_up_after: Callable[[float], bool]) -> Result:
    """Do something as soon as the database can be reached; other errors are raised.

    ``give_up_after`` waits so many seconds, and returns whether there is no more time for it: then the error is raised.
    """
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError) as error:
            if not is_away(error) or connection.in_atomic_block:
                raise
            log.warning("database_away", error=type(error.__cause__ or error).__name__)
            connection.close()
            if give_up_after(_LOOK_SECONDS):
                raise


def release() -> None:
    """Give a borrowed connection back, before something that takes long; without a pool it is nobody else's."""
    if not connection.in_atomic_block and getattr(connection, "pool", None):
        connection.close()

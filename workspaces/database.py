"""PostgreSQL as a server: it may be away, it has only so many connections, and to write it a statement takes time."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

log = structlog.get_logger(__name__)

# No connection, one that broke, a server that stops or starts or has no place: not what a statement did.
_AWAY_CLASSES: Final = ("08", "53", "57P")
_LOOK_SECONDS: Final = 1.0

Result = TypeVar("Result")
Row = TypeVar("Row")


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


def at_most_one(rows: QuerySet[Any, Row]) -> Row | None:
    """Give the only row of a query by something unique, None where there is none.

    ``first()`` would order by the key, for which Django compares all columns: half a millisecond for most models.
    Raises MultipleObjectsReturned when there are several.
    """
    try:
        return rows.get()
    except rows.model.DoesNotExist:
        return None


class WrittenOnce(Generic[Row]):
    """A query that is always the same but for a few values: its statement is written once in a process.

    To write one of several joins or parts takes longer than the database needs to answer it. ``make`` makes the query
    of stand-ins for the values: what no other value of it is equal to. Values go to the driver as they are, so they are
    of the types that fields make of them, and None is not ``IS NULL``.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]], *stand_ins: object) -> None:
        self._make, self._stand_ins = make, stand_ins

    @cached_property
    def _written(self) -> tuple[QuerySet[Any, Row], SQLCompiler, str, Sequence[tuple[object, int | None]]]:
        rows = self._make(*self._stand_ins)
        compiler = rows.query.get_compiler(rows.db)
        statement, values = compiler.as_sql()
        if lost := [one for one in self._stand_ins if one not in values]:
            raise ValueError(f"{lost} stand for nothing in {statement}.")
        del compiler.connection  # of this thread
        stands_for = [self._stand_ins.index(one) if one in self._stand_ins else None for one in values]
        return rows, compiler, statement, list(zip(values, stands_for, strict=True))

    def ask(self, *values: object) -> list[Row]:
        """Give the rows for these values, in the order of their stand-ins."""
        if len(values) != len(self._stand_ins):
            raise ValueError(f"Give {len(self._stand_ins)} values.")
        rows, compiler, statement, written = self._written
        given = tuple(value if number is None else values[number] for value, number in written)
        done: Any = copy(compiler)  # it knows what the columns are
        done.connection, done.as_sql = connections[rows.db], lambda: (statement, given)
        rows = rows.all()
        rows.query.get_compiler = lambda *_args, **_named: done  # type: ignore[method-assign]
        return list(rows)

"""What was counted or found for a page is kept for the next one, until anything changes that it was made of.

It is kept under the marks of its tenant, which every transaction that writes to a watched table changes, whichever
program runs it (``migrations/0012_changes``). The marks are read before anything else: what is kept under them is
at least as new as they are, and nobody reads them any more once a change is committed. So nothing old is shown. What
is kept has to come from watched tables alone, and from what is in its key.

Only views that look read and keep; in all else, such as workers and views that take a form, everything is read anew.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final, TypeVar

from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Aggregate, Func, QuerySet, TextField
from django.db.models.expressions import Combinable

Value = TypeVar("Value")

_SECONDS: Final = 900  # the broker needs Redis too
_MARKS: Final = """
    SELECT CASE WHEN NOT bool_or(made_by IS NOT DISTINCT FROM pg_current_xact_id_if_assigned())
        THEN string_agg(mark::text, ' ' ORDER BY mark) END
    FROM workspaces_change WHERE tenant_id = %(expressions)s
"""

_marks: ContextVar[str] = ContextVar("marks", default="")


def marks_of(tenant: Combinable) -> Func:
    """Make the column with the marks of a tenant; NULL where this transaction has changed something itself."""
    return Func(tenant, template=f"({_MARKS})", output_field=TextField())


def read_marks(tenant_id: int) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(_MARKS % {"expressions": "%s"}, [tenant_id])
        marks: str | None = cursor.fetchone()[0]
        return marks


@contextmanager
def under(tenant_id: int, marks: str | None) -> Iterator[None]:
    """Keep and find what is remembered under these marks; without any, nothing."""
    token = _marks.set(f"{tenant_id} {marks}" if marks else "")
    try:
        yield
    finally:
        _marks.reset(token)


def renew(tenant_id: int) -> None:
    """Read the marks anew, where something was read after them that what is kept must not be older than."""
    if _marks.get():
        marks = read_marks(tenant_id)
        _marks.set(f"{tenant_id} {marks}" if marks else "")


def remember(read: Callable[[], Value], *key: object) -> Value:
    """Give what this reads, or what it read for somebody who asked with this key, if nothing has changed since."""
    found = look_up(*key)
    if found is None:
        found = (read(),)
        keep(found[0], *key)
    value: Value = found[0]
    return value


def look_up(*key: object) -> tuple[Any] | None:
    """Give what is kept under a key, as the one thing in a tuple; None when nothing is."""
    kept: tuple[Any] | None = caches["remembered"].get(_key(key)) if _marks.get() else None
    return kept


def keep(value: object, *key: object) -> None:
    """Keep a value. The version before or after this one may read it, so it is plain, or ``code_of`` in its key."""
    if _marks.get():
        caches["remembered"].set(_key(key), (value,), _SECONDS)


def rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    """Give what a statement finds."""

    def read() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    return remember(read, statement, parameters)


def found(query: "QuerySet[Any, Any]") -> list[Any]:
    """Give what a query set of plain values finds."""
    return remember(lambda: list(query), "found", *asked(query))


def number(query: "QuerySet[Any, Any]") -> int:
    """Count what a query set finds."""
    return remember(query.count, "number", *asked(query.order_by()))


def numbers(query: "QuerySet[Any, Any]", **each: Aggregate) -> dict[str, Any]:
    """Count what a query set finds in several ways, in one statement."""
    named = [(name, repr(one)) for name, one in each.items()]
    return remember(lambda: query.aggregate(**each), "numbers", named, *asked(query))


def asked(query: "QuerySet[Any, Any]") -> tuple[str, str]:
    """Make the key of what a query set finds: its statement with all that is filled in."""
    try:
        statement, parameters = query.query.sql_with_params()
    except EmptyResultSet:  # of what can match nothing there is no statement
        return "", ""
    return statement, repr(parameters)


def code_of(*modules: ModuleType) -> str:
    """Make the part of a key by which no version shows what another one has made with these modules."""
    return hashlib.sha256("".join(map(inspect.getsource, modules)).encode()).hexdigest()


def _key(key: tuple[object, ...]) -> str:
    return hashlib.sha256(repr((_marks.get(), key)).encode()).hexdigest()

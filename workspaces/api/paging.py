"""Lists: pages of them, each of which begins after the last row of the one before, whatever was added meanwhile."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query
from pydantic import BaseModel, Field

from workspaces import encryption
from workspaces.api.problems import invalid
from workspaces.api.routes import Call
from workspaces.api.where import Columns, filtered

DEFAULT_LIMIT: Final = 25
LONGEST: Final = 100

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row", bound=Model)
# Reads the rows after one of this key, at most so many, by their keys: for lists that nobody filters.
Reader = Callable[[int, int], Sequence[Any]]


class Page(BaseModel, Generic[Item]):
    """Some of a list; ``next_token`` is there where more follow."""

    items: list[Item]
    next_token: str | None = None


class Paging(BaseModel):
    """Which page is asked for."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=LONGEST, description="How many at most")
    next_token: str = Field(default="", max_length=1000, description="That of the page before")


class Filtered(Paging):
    """Which page of which rows is asked for."""

    where: str = Field(
        default="", max_length=4000, description="A condition on columns of the answer, written as in SQL"
    )


PAGING: Final[Any] = Query(...)  # type: ignore[type-arg]


def page_of(
    call: Call,
    rows: QuerySet[Row],
    paging: Paging,
    shape: Callable[[Row], Item],
    *,
    columns: Columns | None = None,
) -> Page[Item]:
    """Give one page of the rows, in the order of their keys."""
    shown, token = cut(call, rows, paging, columns=columns)
    return Page(items=[shape(row) for row in shown], next_token=token)


def cut(
    call: Call,
    rows: "QuerySet[Row] | Reader | Sequence[QuerySet[Any]]",
    paging: Paging,
    *,
    columns: Columns | None = None,
    newest_by: str = "",
) -> tuple[list[Any], str | None]:
    """Read one page of the rows, with what asks for the next: by their keys, or the newest by this time first.

    Of several sets each begins where the one before ends. Only who asked for the page before may ask for the next: the
    same person, at the same path, with the same filters.
    """
    parts = list(rows) if isinstance(rows, Sequence) else [rows]
    owner = _owner(call)
    first, keys = _opened(paging.next_token, owner) if paging.next_token else (0, [])
    order = (f"-{newest_by}", "-pk") if newest_by else ("pk",)
    found: list[tuple[int, Any]] = []
    for number, part in list(enumerate(parts))[first:]:
        most = paging.limit + 1 - len(found)
        after = keys if number == first else []
        if isinstance(part, QuerySet):
            if isinstance(paging, Filtered) and columns is not None:
                part = filtered(part, paging.where, columns)
            if after:
                part = part.filter(_after(after, newest_by))
            read: Iterable[Any] = part.order_by(*order)[:most]
        else:
            read = part(after[0] if after else 0, most)
        found += [(number, row) for row in read]
        if len(found) > paging.limit:
            break
    shown = found[: paging.limit]
    token = None
    if len(found) > paging.limit:
        number, last = shown[-1]
        keys = [getattr(last, newest_by).isoformat(), last.pk] if newest_by else [last.pk]
        token = _token([number, keys], owner)
    return [row for _, row in shown], token


def part_of(call: Call, items: Sequence[Any], paging: Paging) -> tuple[Sequence[Any], str | None]:
    """Give one page of what is not in the database but at hand, with what asks for the next."""
    owner = _owner(call)
    first, _ = _opened(paging.next_token, owner) if paging.next_token else (0, [])
    end = first + paging.limit
    return items[first:end], _token([end, []], owner) if end < len(items) else None


def _token(place: list[Any], owner: str) -> str:
    return urlsafe_b64encode(encryption.encrypt(json.dumps(place), owner=owner).encode()).decode()


def _owner(call: Call) -> str:
    asked = sorted((name, value) for name, value in call.request.GET.items() if name not in ("limit", "next_token"))
    return f"next-page:{call.tenant.pk}:{call.user.pk}:{call.request.path}:{json.dumps(asked)}"


def _opened(token: str, owner: str) -> tuple[int, list[Any]]:
    try:
        sealed = urlsafe_b64decode(token.encode()).decode()
        number, keys = json.loads(encryption.decrypt(sealed, owner=owner))
    except (encryption.SecretUnreadableError, ValueError):
        raise invalid("next_token", "This is not a next_token of this list. Begin again without one.") from None
    return number, keys


def _after(keys: list[Any], newest_by: str) -> Q:
    if not newest_by:
        return Q(pk__gt=keys[0])
    at, pk = keys
    return Q(**{f"{newest_by}__lte": at}) & (Q(**{f"{newest_by}__lt": at}) | Q(pk__lt=pk))

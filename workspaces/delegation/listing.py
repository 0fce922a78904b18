"""All that is delegated in a place and inside it, read in one statement whatever it is about."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from workspaces.delegation.rows import Delegation, tables

_TEXT = CharField()
_NOTHING = Value("", output_field=_TEXT)
_ORDER = ("person", "kind", "name", "key", "verb")


class Listed(NamedTuple):
    """One verb on one thing: to whom it is delegated, where the thing lies, and who has delegated it when."""

    person: str
    kind: str
    name: str
    key: int
    verb: str
    handle: str
    organization: str | None
    workspace: str | None
    since: datetime
    user_id: int
    created_by_id: int | None


def everything(
    tenant_id: int, *, organization_id: int | None = None, user_id: int | None = None, without: str = ""
) -> "QuerySet[Any, Any]":
    """List what is delegated in a tenant, or in an organization of it, with all that is inside.

    In the order of those to whom it is delegated; ``user_id`` leaves what one of them has, and ``without`` leaves out
    things of a kind. Each row has the fields of ``Listed``.
    """
    wanted: dict[str, Any] = {"tenant": tenant_id} | ({"user": user_id} if user_id is not None else {})
    parts = []
    for table in tables():
        if table.kind() == without or (organization_id is not None and table.ORGANIZATION is None):
            continue
        at = {table.ORGANIZATION: organization_id} if organization_id is not None else {}
        parts.append(_part(table, wanted | at | dict(table.THERE)))
    return parts[0].union(*parts[1:], all=True).order_by(*_ORDER)


def _part(table: type[Delegation], where: dict[Any, Any]) -> "QuerySet[Any, Any]":
    handle = Cast("content_object__handle", _TEXT)
    name = Coalesce(NullIf(table.TITLE, Value("")), handle, output_field=_TEXT) if table.TITLE else handle
    columns: dict[str, Any] = {
        "person": F("user__handle"),
        "kind": Value(table.kind(), output_field=_TEXT),
        "name": name,
        "key": F("content_object_id"),
        "verb": F("permission__codename"),
        "handle": handle,
        "organization": _handle_of(table.ORGANIZATION),
        "workspace": _handle_of(table.WORKSPACE),
        "since": F("created_at"),
    }
    rows: QuerySet[Any, Any] = table._default_manager.filter(**where).annotate(**columns)
    return rows.values_list(*Listed._fields)


def _handle_of(column: str | None) -> Any:
    """Give the handle of a place, by the column that has its key."""
    return Cast(f"{column.removesuffix('_id')}__handle", _TEXT) if column else _NOTHING

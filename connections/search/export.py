"""A whole list of folders and connections as a file, a batch at a time, so that none is ever held whole."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Final

from connections import tree_listing
from connections.tree_listing import Listing, Row
from workspaces import isolation
from workspaces.wording.cells import plain

CONTENT_TYPES: Final[dict[str, str]] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_BATCH: Final = 1000
_REASON: Final = "health_reason"
_COLUMNS: Final = ("kind", "title", "handle", "source_id", "state", "health", _REASON, "path", "managed_by")


def export(listing: Listing, form: str, *, tenant_id: int, has_reasons: bool) -> Iterator[str]:
    """Write all rows of a list, as CSV or JSON.

    Which they are is read first, so that none comes twice; they are read while they are sent, each batch in a
    transaction of its own that sees this tenant: the view's is over. ``has_reasons`` says whether why a connection
    fails is for these readers: it names roles and external ids.
    """
    columns = [name for name in _COLUMNS if has_reasons or name != _REASON]
    batches = ([{name: _value(row, name) for name in columns} for row in rows] for rows in _batches(listing, tenant_id))
    return _as_json(batches) if form == "json" else _as_csv(columns, batches)


def _batches(listing: Listing, tenant_id: int) -> Iterator[list[Row]]:
    with isolation.as_tenant(tenant_id):
        parts = listing.keys()
    for part, keys in enumerate(parts):
        for start in range(0, len(keys), _BATCH):
            with isolation.as_tenant(tenant_id):
                rows = listing.rows_of(part, keys[start : start + _BATCH])
                tree_listing.fill_in_places(rows)
            yield rows


def _value(row: Row, column: str) -> str:
    if column == "health":
        return row.shown_health.value if row.kind == "connection" else ""
    if column == _REASON:
        return "" if row.is_disabled else row.health_reason.replace("\n", " ")
    value: str = row.place if column == "path" else getattr(row, column)
    return value


def _as_csv(columns: Iterable[str], batches: Iterable[list[dict[str, str]]]) -> Iterator[str]:
    yield _csv_lines([columns])
    for batch in batches:
        yield _csv_lines([plain(cell) for cell in values.values()] for values in batch)


def _csv_lines(rows: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _as_json(batches: Iterable[list[dict[str, str]]]) -> Iterator[str]:
    before = "["
    for batch in batches:
        for values in batch:
            yield f"{before}\n{json.dumps(values, ensure_ascii=False)}"
            before = ","
    yield "[]\n" if before == "[" else "\n]\n"

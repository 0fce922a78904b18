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
_COLUMNS: Final = ("kind", "title", "handle", "source_id", "state", "health", "health_reason", "path", "managed_by")


def export(listing: Listing, form: str, *, tenant_id: int) -> Iterator[str]:
    """Write all rows of a list, as CSV or JSON.

    They are read while they are sent, each batch in a transaction of its own that sees this tenant: the view's is over.
    """
    write = _as_json if form == "json" else _as_csv
    return write(_batches(listing, tenant_id))


def _batches(listing: Listing, tenant_id: int) -> Iterator[list[dict[str, str]]]:
    with isolation.as_tenant(tenant_id):
        number = len(listing)
    for start in range(0, number, _BATCH):
        with isolation.as_tenant(tenant_id):
            rows = listing[start : start + _BATCH]
            tree_listing.fill_in_places(rows)
        yield [_values(row) for row in rows]


def _values(row: Row) -> dict[str, str]:
    is_connection = row.kind == "connection"
    values = (
        row.kind,
        row.title,
        row.handle,
        row.source_id,
        row.state,
        row.shown_health.value if is_connection else "",
        row.health_reason.replace("\n", " ") if is_connection and not row.is_disabled else "",
        row.place,
        row.managed_by,
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _as_csv(batches: Iterable[list[dict[str, str]]]) -> Iterator[str]:
    yield _csv_lines([_COLUMNS])
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

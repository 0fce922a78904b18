"""The whole tree as one stream: a line of JSON for each folder and connection, made while it is sent."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from connections.api.nodes import shapes_of, to_show
from connections.delegation import SEE, Reach
from connections.models import Connection, Folder
from workspaces import isolation
from workspaces.access import Access, Power, holds
from workspaces.api.routes import ORG, TENANT, Call, Routes

routes = Routes("Connections")
_MEDIA_TYPE: Final = "application/x-ndjson"
_AT_ONCE: Final = 500  # rows that are held


@routes.get(
    "/connection_tree/stream",
    gives=None,
    at=(TENANT, ORG),
    needs=Power.OWNER,
    delegates=holds(*SEE),
    media_type=_MEDIA_TYPE,
)
def stream_tree(call: Call) -> StreamingHttpResponse:
    """Get all folders, then all connections, of a tenant or organization itself, one on each line.

    Each lot is read in a transaction of its own: what changes meanwhile may or may not be in it.
    """
    scope, reach = call.scope, Reach.of(call.access, *SEE)
    folders, connections = Folder.objects.in_scope(scope), Connection.objects.in_scope(scope)
    parts = (reach.folders(folders), to_show(reach.connections(connections)))
    lines = chain.from_iterable(_lines(call.access, part) for part in parts)
    return StreamingHttpResponse(lines, content_type=_MEDIA_TYPE)


def _lines(access: Access, rows: QuerySet[Any]) -> Iterator[bytes]:
    last = 0
    while True:
        with isolation.bound(user_id=access.user.pk, tenant_id=access.scope.tenant.pk):
            lot = list(rows.filter(pk__gt=last).order_by("pk")[:_AT_ONCE])
            shapes = shapes_of(access, lot)
        for shape in shapes:
            yield shape.model_dump_json(exclude_none=True).encode() + b"\n"
        if len(lot) < _AT_ONCE:
            return
        last = lot[-1].pk

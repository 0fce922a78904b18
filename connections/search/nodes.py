"""The folders and connections of a tenant that have a text, as far as one person may open them somewhere.

They open where they belong, for who owns that place or may enter the workspace that owns them; for everybody else in a
workspace that they are shared with.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Collate, Length, Lower, NullIf

from connections import tree_listing
from connections.models import Connection, Folder
from connections.sharing import IS_GRANTED, VISIBLE_IDS, VISIBLE_TO_SEVERAL
from connections.tree import among, ids_on
from connections.tree_listing import Row
from workspaces.access import Access, Scope
from workspaces.models import Organization, Workspace
from workspaces.web import remembered
from workspaces.web.closeness import closeness
from workspaces.wording.names import id_in_arn

_TEXT = CharField()
_LABEL = Coalesce(NullIf("title", Value("")), Collate("handle", "default"), output_field=_TEXT)
_MANAGER = Coalesce("root__managed_by", Value(""), output_field=_TEXT)
_ORDER = ("rank", Length("label"), Lower("label"), "id")
_COLUMNS = ("kind", "id", "label", "handle", "source_id", "manager", "organization_id", "workspace_id", "at", "state_")

# For each node the workspace to open it in: the one where somebody is, else one of the same organization, else any.
_SHARED_WITH = IS_GRANTED.format(
    connection="hit.connection_id", line="hit.line", organization="w.organization_id", workspace="w.id"
)
_OPENED_IN = f"""
    SELECT DISTINCT ON (hit.number) hit.number, o.handle, w.handle
    FROM json_to_recordset(%(hits)s) AS hit(number int, connection_id bigint, line bigint[])
        CROSS JOIN workspaces_workspace w JOIN workspaces_organization o ON o.id = w.organization_id
    WHERE (w.id = ANY(%(workspaces)s) OR w.organization_id = ANY(%(owned)s)) AND {_SHARED_WITH}
    ORDER BY hit.number, w.id IS DISTINCT FROM %(workspace)s, o.id IS DISTINCT FROM %(organization)s,
        o.handle, w.handle
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Found:
    """A folder or connection, the place to open it in, and how close it comes to what was asked."""

    row: Row
    scope: Scope
    rank: int

    @property
    def url(self) -> str:
        if self.row.kind == "folder":
            return self.scope.url("folder_detail", folder=self.row.id)
        return self.scope.url("connection_detail", connection=self.row.id)


@dataclass(frozen=True, slots=True)
class _Reach:
    """The conditions that somebody may open a folder, and a connection."""

    folders: Q
    connections: Q


def search(access: Access, text: str, *, limit: int) -> list[Found]:
    """Find so many folders and so many connections at most, the best first, in a constant number of statements."""
    reach = _reach(access)
    if reach is None:
        return []
    path = Coalesce("folder__path", Value(""), output_field=_TEXT)
    folders = _best(Folder.objects.filter(reach.folders), text, limit, kind="folder", at=F("path"), state_=Value(""))
    connections = _best(
        Connection.objects.filter(reach.connections), text, limit, kind="connection", at=path, state_=F("state")
    )
    both = folders.union(connections, all=True)
    found_now = remembered.found(both)
    hits = [(Row(*columns), organization, workspace, rank) for *columns, organization, workspace, rank in found_now]
    rows = [row for row, *_ in hits]
    tree_listing.fill_in_places(rows)
    away = _workspaces_for(access, [row for row in rows if not _is_at_home(access, row)])
    found = []
    for row, organization, workspace, rank in hits:
        scope = _scope(access, organization, workspace) if _is_at_home(access, row) else away.get((row.kind, row.id))
        if scope is not None:  # a grant to an organization in which there is no workspace yet
            found.append(Found(row, scope, rank))
    return sorted(found, key=lambda one: (one.rank, len(one.row.title), one.row.title.lower(), one.row.id))


def _reach(access: Access) -> _Reach | None:
    """Find out what this person may open in the tenant; None where they have no role for anything."""
    there = Q(tenant=access.scope.tenant, removed_at=None)
    if access.is_tenant_owner:
        return _Reach(there, there)
    if not (access.owned_organization_ids or access.usable_workspace_ids):
        return None
    at_home = Q(organization_id__in=access.owned_organization_ids) | Q(workspace_id__in=access.usable_workspace_ids)
    ((folder_ids, connection_ids),) = remembered.rows(f"WITH {VISIBLE_TO_SEVERAL} SELECT {VISIBLE_IDS}", _keys(access))
    return _Reach(
        there & (at_home | Q(id__in=among(folder_ids))),
        there & (at_home | Q(folder_id__in=among(folder_ids)) | Q(id__in=among(connection_ids))),
    )


def _best(nodes: "QuerySet[Any]", text: str, limit: int, *, kind: str, at: Any, state_: Any) -> "QuerySet[Any, Any]":
    """Choose the best first, and only then look up what each of them is shown with."""
    rank = closeness(id_in_arn(text) if text.startswith("arn:") else text, "title", "handle", "source_id")
    ranked = nodes.filter(tree_listing.matches(text)).annotate(rank=rank, label=_LABEL)
    chosen = nodes.model._default_manager.filter(pk__in=ranked.order_by(*_ORDER).values("pk")[:limit])
    named = chosen.annotate(rank=rank, label=_LABEL, manager=_MANAGER)
    shown: QuerySet[Any, Any] = named.annotate(kind=Value(kind), at=at, state_=state_)
    return shown.values_list(*_COLUMNS, "organization__handle", "workspace__handle", "rank")


def _is_at_home(access: Access, row: Row) -> bool:
    """Whether this person may open the node at the place that owns it."""
    return (
        access.is_tenant_owner
        or row.organization_id in access.owned_organization_ids
        or row.workspace_id in access.usable_workspace_ids
    )


def _scope(access: Access, organization: str | None, workspace: str | None) -> Scope:
    """Make the scope that these handles in the tenant name: enough for what leads there."""
    return Scope(
        access.scope.tenant,
        Organization(handle=organization) if organization else None,
        Workspace(handle=workspace) if workspace else None,
    )


def _workspaces_for(access: Access, rows: Sequence[Row]) -> dict[tuple[str, int], Scope]:
    """Find for nodes that are shared with workspaces one in which this person may open them."""
    if not rows:
        return {}
    hits = [
        {"number": number, "connection_id": row.id if row.kind == "connection" else None, "line": ids_on(row.path)}
        for number, row in enumerate(rows)
    ]
    with database.cursor() as cursor:
        cursor.execute(_OPENED_IN, _keys(access) | {"hits": json.dumps(hits)})
        return {(rows[number].kind, rows[number].id): _scope(access, *places) for number, *places in cursor.fetchall()}


def _keys(access: Access) -> dict[str, Any]:
    scope = access.scope
    return {
        "tenant": scope.tenant.pk,
        "owned": access.owned_organization_ids,
        "workspaces": access.usable_workspace_ids,
        "organization": scope.organization.pk if scope.organization else None,
        "workspace": scope.workspace.pk if scope.workspace else None,
    }

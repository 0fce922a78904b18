"""Answers about folders and connections: rows become shapes a page at a time, in so many statements for any number."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import BooleanField, Func, QuerySet, Value
from pydantic import TypeAdapter

from connections.api import managed
from connections.api.managed import SignIn
from connections.api.shapes import ConnectionShape, ManagerShape, TrunkItem
from connections.models import Connection, ConnectionState, Folder, Health
from connections.sharing import Node
from connections.tree import ids_on
from workspaces.access import Access, Power, Scope, power_in
from workspaces.api.shapes import UserShape, user_shape
from workspaces.database import WrittenOnce
from workspaces.models import Organization, Tenant, User, Workspace
from workspaces.models.versioned import Versioned, derived_id

# What is read of connections that are listed: plain values take half the time of models, and times are slow to read.
_SHOWN: Final = (
    *("pk", "public_id", "tenant_id", "organization_id", "workspace_id", "folder_id", "root_id", "folder__path"),
    *("handle", "is_handle_static", "title", "plugin", "state", "is_managed", "source_id", "options"),
    *("health", "health_tested_at", "created_at", "created_by_id", "updated_at", "updated_by_id", "version"),
)
_SHAPES: Final = TypeAdapter(list[ConnectionShape])  # all at once, as that takes less
_ENABLED: Final = ConnectionState.ACTIVE.value
_TESTED: Final = {Health.HEALTHY.value: "last_successful_update_at", Health.FAILING.value: "last_error_at"}


def _of_folders(columns: Callable[[], Sequence[str]]) -> WrittenOnce[tuple[Any, ...]]:
    """Make what reads folders, and these columns of what manages them, by the list of their ids."""

    def read(ids: list[int]) -> QuerySet[Folder, tuple[Any, ...]]:
        any_of = {"arg_joiner": " = ANY(", "template": "%(expressions)s::bigint[])", "output_field": BooleanField()}
        found = Folder.objects.filter(Func("pk", Value(ids), **any_of))
        return found.values_list("pk", "public_id", "title", "handle", *columns())

    return WrittenOnce(read, [-1])


_BARE: Final = _of_folders(lambda: ())
_MANAGED: Final = _of_folders(lambda: managed.sources().of_manager)


@dataclass(frozen=True, slots=True)
class People:
    """Who made and changed the rows of a page."""

    shapes: Mapping[int, UserShape]

    @classmethod
    def of(cls, rows: Iterable[Versioned], tenant: Tenant) -> "People":
        """Find them in one statement."""
        ids = {pk for row in rows for pk in (row.created_by_id, row.updated_by_id) if pk is not None}
        found = User.objects.filter(pk__in=ids) if ids else ()
        return cls({user.pk: user_shape(user, tenant) for user in found})

    def made(self, row: Versioned, at: datetime) -> dict[str, Any]:
        """Give the fields that say who made and changed a row, which was made then."""
        by, changed_by = self.shapes.get(row.created_by_id or 0), self.shapes.get(row.updated_by_id or 0)
        return {
            "created_at": at,
            "created_by": by,
            "created_by_id": by.id if by else "",
            "updated_at": row.updated_at,
            "updated_by": changed_by,
            "updated_by_id": changed_by.id if changed_by else "",
            "version_id": row.version,
        }


@dataclass(frozen=True)
class Shaping:
    """What rows of a page have in common, read once for all of them.

    ``organizations`` are those that own some, besides the scope's own; ``also`` are rows of another kind, whose people
    are wanted too; ``is_bare`` leaves out trunk, integration and config.
    """

    access: Access
    rows: Sequence[Node]
    organizations: Mapping[int, Organization] = field(default_factory=dict)
    also: Sequence[Versioned] = ()
    is_bare: bool = False

    @cached_property
    def people(self) -> People:
        return People.of([*self.rows, *self.also], self.access.scope.tenant)

    @cached_property
    def _read(self) -> list[tuple[Any, ...]]:
        """Read the folders on the ways to all rows, and what manages them; for bare ones those that rows are in."""
        paths = {path_to(row) for row in self.rows} - {""}
        ids = {pk for path in paths for pk in ids_on(path)[-1 if self.is_bare else 0 :]}
        ids |= set() if self.is_bare else {row.root_id for row in self.rows if row.root_id is not None}
        return (_BARE if self.is_bare else _MANAGED).ask(sorted(ids)) if ids else []

    @cached_property
    def _folders(self) -> dict[int, TrunkItem]:
        return {pk: TrunkItem(id=key, title=title or handle) for pk, key, title, handle, *_ in self._read}

    @cached_property
    def _managers(self) -> Mapping[int, ManagerShape]:
        read, tenant = managed.sources().read_manager, self.access.scope.tenant
        found = {pk: read(of_manager, tenant) for pk, _, _, _, *of_manager in self._read if of_manager}
        return {pk: manager for pk, manager in found.items() if manager}

    @cached_property
    def _sign_ins(self) -> Mapping[int, SignIn]:
        own = [row.pk for row in self.rows if not isinstance(row, Folder) and not row.is_managed and self._tells(row)]
        if not own:
            return {}
        found = Connection.objects.filter(pk__in=own).values_list("pk", managed.sources().sign_in)
        return {pk: managed.sources().read_sign_in(facts) for pk, facts in found if facts}

    @cached_property
    def _told(self) -> dict[tuple[int | None, int | None], bool]:
        return {}

    def _tells(self, row: Node) -> bool:
        """Whether the person owns what owns the row: nobody else is told its options and how it signs in."""
        key = (row.organization_id, row.workspace_id)
        if key not in self._told:
            here = self.access.scope
            organization = self.organization(row)
            place = Scope(here.tenant, organization, here.workspace if row.workspace_id else None)
            self._told[key] = power_in(place, self.access.memberships) == Power.OWNER
        return self._told[key]

    def organization(self, row: Node) -> Organization | None:
        if row.organization_id is None:
            return None
        return self.organizations.get(row.organization_id) or self.access.scope.organization

    @cached_property
    def _places(self) -> dict[tuple[int | None, int | None, str], dict[str, Any]]:
        return {}

    def _place(self, row: Node) -> dict[str, Any]:
        """Give where a row is, which is found out once for all that are there."""
        key = (row.organization_id, row.workspace_id, path_to(row))
        if key not in self._places:
            self._places[key] = self._found_place(row)
        return self._places[key]

    def _found_place(self, row: Node) -> dict[str, Any]:
        """Say who owns a row, and which folders it is in, from the top down."""
        tenant, workspace = self.access.scope.tenant, self.access.scope.workspace if row.workspace_id else None
        organization = self.organization(row)
        trunk = [self._folders[pk] for pk in ids_on(path_to(row)) if pk in self._folders]
        return {
            "tenant_id": tenant.public_id,
            "identity_id": organization.public_id if organization else None,
            "workspace_id": workspace.public_id if workspace else None,
            "parent_id": trunk[-1].id if trunk else (workspace or organization or tenant).public_id,
            "trunk": None if self.is_bare else trunk,
        }

    def fields(self, row: Node) -> dict[str, Any]:
        """Give the fields of a row's shape."""
        manager = self._managers.get(row.root_id or 0)
        fields = {
            **self.people.made(row, row.created_at),
            **self._place(row),
            "id": row.public_id,
            "title": row.title or None,
            "integration": manager,
            "managed_by_id": manager.id if manager else None,
            "integration_resource_identifier": row.source_id or None,
            "integration_resource_name": row.title if row.is_managed else None,
        }
        if isinstance(row, Folder):
            kind = "root" if row.parent_id is None else "organizational-unit"
            resource = kind if row.is_managed else None
            title = row.title or row.handle
            return fields | {"type": "connection-folder", "title": title, "integration_resource_type": resource}
        return fields | self._of_connection(row)

    def _of_connection(self, row: Connection) -> dict[str, Any]:
        is_managed = row.is_managed
        fields = {
            "type": "connection",
            "handle": row.handle,
            "handle_mode": "static" if row.is_handle_static or not is_managed else "dynamic",
            "handle_dynamic": None if row.is_handle_static else row.handle,
            "plugin": row.plugin,
            "status": "enabled" if row.state == _ENABLED else "disabled",
            "config_source": "inherited" if is_managed and not row.options else "self",
            "credential_source": "inherited" if is_managed else "self",
            "integration_resource_type": "account" if is_managed else None,
            "last_update_attempt_at": row.health_tested_at,
        }
        if row.health in _TESTED:
            fields[_TESTED[row.health]] = row.health_tested_at
        if self.is_bare or not self._tells(row):
            return fields
        sign_in = self._sign_ins.get(row.pk)
        fields["config"] = row.options | sign_in.config if sign_in else row.options
        fields["external_id"] = sign_in.external_id if sign_in else None
        return fields

    def shape(self, row: Node) -> ConnectionShape:
        return ConnectionShape(**self.fields(row))


def to_show(rows: QuerySet[Connection]) -> QuerySet[Any]:
    """Read of connections what shapes are made of, with the paths of the folders that they are in, and no models."""
    return rows.values_list(*_SHOWN, named=True)


def path_to(row: Node) -> str:
    """Give the path of the folder that a row is in; empty at the top of a scope."""
    return (row.folder__path or "") if hasattr(row, "folder__path") else row.path_above


def shapes_of(
    access: Access, rows: Sequence[Node], *, organizations: Collection[Organization] = ()
) -> list[ConnectionShape]:
    """Make the shapes of these rows."""
    shaping = Shaping(access, rows, {one.pk: one for one in organizations})
    return _SHAPES.validate_python([shaping.fields(row) for row in rows])


def shape_of(access: Access, row: Node) -> ConnectionShape:
    """Make the shape of one row."""
    return shapes_of(access, [row])[0]


def id_of_both(prefix: str, workspace: Workspace, node: Node) -> str:
    """Give the id of what a workspace has of a node, made of those of both: there may be no row that says so."""
    both = f"{workspace.public_id} {node.public_id}"
    return derived_id(prefix, both)

"""What nodes, permissions, schemas and aggregators look like in answers: fields that the clients of Pipes decode.

What there is nothing for here is left out. ``Connection`` is their word for folders too.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from workspaces.api.shapes import Deletable, IdentityShape, Made, TenantShape, WorkspaceShape

NodeType = Literal["connection", "connection-folder"]


class ManagerShape(Deletable):
    """The integration that manages a node, as nodes name it."""

    id: str
    handle: str
    identity_id: str | None = None
    tenant_id: str
    type: Literal["aws"] = "aws"


class TrunkItem(BaseModel):
    """A folder on the way from the top of a tree down to a node."""

    id: str
    title: str
    type: Literal["connection-folder"] = "connection-folder"


class ConnectionShape(Deletable):
    """A connection or a folder; ``external_id`` is what the role of a connection made by hand has to require."""

    id: str
    type: NodeType
    handle: str | None = None
    handle_mode: Literal["static", "dynamic"] | None = None
    handle_dynamic: str | None = None
    title: str | None = None
    plugin: str | None = None
    status: Literal["enabled", "disabled"] = "enabled"
    config: dict[str, Any] | None = None
    config_source: Literal["self", "inherited"] | None = None
    credential_source: Literal["self", "inherited", "temporary"] | None = None
    external_id: str | None = None
    tenant_id: str
    identity_id: str | None = None
    workspace_id: str | None = None
    parent_id: str
    trunk: list[TrunkItem] | None = None
    integration: ManagerShape | None = None
    managed_by_id: str | None = None
    integration_resource_identifier: str | None = None
    integration_resource_name: str | None = None
    integration_resource_type: Literal["root", "organizational-unit", "account"] | None = None
    last_error_at: datetime | None = None
    last_successful_update_at: datetime | None = None
    last_update_attempt_at: datetime | None = None


class AssociationShape(Made):
    """That a workspace has a connection or a folder in use, or may use it."""

    id: str
    connection_id: str
    connection: ConnectionShape | None = None
    identity_id: str
    workspace_id: str
    is_used: bool


class WorkspaceConnectionShape(ConnectionShape):
    """What a workspace may use; ``association`` is there where it is in use."""

    association: AssociationShape | None = None


class PermissionShape(Made):
    """That a whole tenant, an organization with all its workspaces or one workspace may use a node."""

    id: str
    connection_id: str
    tenant: TenantShape | None = None
    tenant_id: str | None = None
    identity: IdentityShape | None = None
    identity_id: str | None = None
    workspace: WorkspaceShape | None = None
    workspace_id: str | None = None


class AggregatorShape(Deletable):
    id: str
    handle: str
    handle_mode: Literal["static", "dynamic"] = "static"
    connections: list[str]
    plugin: str = "aws"
    type: Literal["aggregator"] = "aggregator"
    tenant_id: str
    identity_id: str
    workspace_id: str


class SchemaShape(Deletable):
    """Something in use in a workspace: added by itself, or with a folder above it (``indirect``)."""

    id: str
    name: str
    type: Literal["connection", "connection-folder", "aggregator"]
    state: Literal["granted", "direct", "indirect"] = "direct"
    identity_id: str
    workspace_id: str
    connection: ConnectionShape | None = None
    connection_id: str | None = None
    aggregator: AggregatorShape | None = None
    aggregator_id: str | None = None
    aggregated_by: list[str] | None = None


class TestedShape(BaseModel):
    """Whether Pipes can access the account behind a connection, as it was last found."""

    status: Literal["unknown", "ok", "error"]
    reason: str

"""What ``connections.api`` is told of integrations and of how connections made by hand sign in, as it may not ask."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from connections.api.managed import SignIn, Sources, register
from connections.api.shapes import ManagerShape
from integrations.models import AccessMode, AccountAccess, Integration
from workspaces.models import Tenant

_ACTIVE = Integration.objects.filter(state=Integration.State.ACTIVE)
_OF_MANAGER: Final = tuple(
    f"integration__{name}"
    for name in (
        *("state", "public_id", "handle", "created_at", "updated_at", "version"),
        *("organization__public_id", "created_by__public_id", "updated_by__public_id"),
    )
)


def _manager(values: Sequence[Any], tenant: Tenant) -> ManagerShape | None:
    """Make the shape of an integration; of one that is being deleted, none."""
    state, key, handle, made_at, changed_at, version, identity_id, by, changed_by = values
    if state != Integration.State.ACTIVE:
        return None
    return ManagerShape(
        id=key,
        handle=handle,
        created_at=made_at,
        created_by_id=by or "",
        updated_at=changed_at,
        updated_by_id=changed_by or "",
        version_id=version,
        identity_id=identity_id,
        tenant_id=tenant.public_id,
    )


def read_sign_in(facts: Mapping[str, Any]) -> SignIn:
    """Say how a connection made by hand signs in; the external id is the one that its role should require now.

    A program finds in the config what it has sent, and nothing more, or Terraform would plan a change for ever.
    """
    external_id = facts["next_external_id"] or facts["external_id"]
    is_key = facts["access_mode"] == AccessMode.KEY
    now = {"access_key" if is_key else "role_arn": facts["access_key" if is_key else "role_arn"]}
    shown = facts["sent_keys"]
    if shown is None:
        shown = ["access_key"] if is_key else ["role_arn", "external_id"] if facts["role_arn"] else []
    now |= {"external_id": external_id}
    return SignIn({name: now[name] for name in shown if now.get(name)}, external_id)


_OF_CONNECTION = AccountAccess.objects.filter(connection=OuterRef("pk")).values(
    facts=JSONObject(
        access_mode="access_mode",
        role_arn="role_arn",
        access_key="access_key_id",
        external_id="discovery_external_id",
        next_external_id="next_discovery_external_id",
        sent_keys="sent_keys",
    )
)
register(
    Sources(
        _OF_MANAGER,
        _manager,
        Subquery(_ACTIVE.filter(root_folder=OuterRef("root")).values("public_id")[:1]),
        Subquery(_OF_CONNECTION),
        read_sign_in,
    )
)

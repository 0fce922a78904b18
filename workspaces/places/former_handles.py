"""Handles that places and integrations had before: the audit log knows who left one last.

An address with such a handle leads to where the thing is now, for as long as nobody else has the handle.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models.fields.json import KT

from workspaces import isolation
from workspaces.audit import objects
from workspaces.database import WrittenOnce, at_most_one
from workspaces.models import AuditEvent, Organization, Tenant, User, Workspace
from workspaces.models.audit_event import HANDLE_CHANGES
from workspaces.places import lookup

_MOST_TENANTS = 50  # that are asked for one that somebody has renamed
_LEFT: Final = WrittenOnce(  # asked for each page that is not there
    lambda tenant, action, handle: (
        AuditEvent.objects.filter(tenant_id=tenant, action=action)
        .annotate(former=KT("details__before__handle"))
        .filter(former=handle)
        .order_by("-happened_at", "-id")
        .values_list("object_id", flat=True)[:1]
    ),
    -1,
    "action",
    "handle",
)


def renamed(user: User, named: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parts of an address with the handles of today, in a transaction that is bound to the person.

    An integration's is looked up only where the places around it are called so: who may see it is found out there.
    """
    found = dict(named)
    tenant = _tenant(user, named["tenant"])
    if tenant is None:
        return found
    isolation.bind(tenant_id=tenant.pk)
    found["tenant"] = tenant.handle
    inside: dict[str, Any] = {"tenant": tenant}
    for kind, model in (("organization", Organization), ("workspace", Workspace)):
        if kind in named:
            place = _now(model.objects.filter(**inside), tenant, kind, named[kind])
            if place is None:
                return found
            found[kind], inside[kind] = place.handle, place
    if "integration" in named and found == dict(named):
        there = objects.rows("integration", tenant).filter(organization=inside.get("organization"))
        integration = _now(there, tenant, "integration", named["integration"])
        found["integration"] = integration.handle if integration else named["integration"]
    return found


def _tenant(user: User, handle: str) -> Tenant | None:
    tenants = list(lookup.tenants_of(user)[:_MOST_TENANTS])
    same = next((tenant for tenant in tenants if tenant.handle == handle), None)
    return same or next((tenant for tenant in tenants if _left(tenant, "tenant", handle) == str(tenant.pk)), None)


def _now(there: Any, tenant: Tenant, kind: str, handle: str) -> Any:
    """Find what has the handle, or else what had it last."""
    same = at_most_one(there.filter(handle=handle))
    former = "" if same else _left(tenant, kind, handle)
    return at_most_one(there.filter(pk=int(former))) if former else same


def _left(tenant: Tenant, kind: str, handle: str) -> str:
    """Give the key of what of this kind has left the handle last; empty for none."""
    isolation.bind(tenant_id=tenant.pk)
    left = _LEFT.ask(tenant.pk, HANDLE_CHANGES[kind], handle)
    return left[0] if left else ""

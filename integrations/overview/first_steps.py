"""The first steps of a place: AWS is connected, shared, added to a schema, and somebody else is there to use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from connections.models import Grant, Schema
from integrations.models import Integration
from workspaces.access import Access, Scope
from workspaces.models import Invitation, Membership, Tenant, Workspace


@dataclass(frozen=True, slots=True)
class Facts:
    """What has been done in a place; ``integration`` is its first one, ``workspaces`` are up to two of its own.

    An organization with which the tenant shares connections needs no integration of its own.
    """

    integration: dict[str, Any] | None
    is_shared: bool
    is_used: bool
    has_members: bool
    has_invited: bool
    workspaces: Sequence[dict[str, str]]

    @property
    def is_connected(self) -> bool:
        return self.integration is not None or self.is_shared

    @property
    def has_others(self) -> bool:
        return self.has_members or self.has_invited

    @property
    def are_done(self) -> bool:
        return self.is_connected and self.is_shared and self.is_used and self.has_others


def facts_of(access: Access) -> Facts:
    """Look at what has been done, in one statement."""
    scope = access.scope
    own = {"organization": scope.organization} if scope.organization else {}
    for_all = Q(organization=None) | Q(**own) if own else Q()
    first = Integration.objects.at_and_below(scope).order_by("pk").values(json=_HOW_TO_FIND)
    found: QuerySet[Tenant, Any] = Tenant.objects.filter(pk=scope.tenant.pk).values_list(
        Subquery(first[:1]),
        Exists(Grant.objects.filter(for_all, tenant=scope.tenant)),
        Exists(Schema.objects.filter(tenant=scope.tenant, lost_at=None, **own)),
        Exists(Membership.objects.filter(tenant=scope.tenant, **own).exclude(user=access.user)),
        Exists(Invitation.objects.open().filter(tenant=scope.tenant, **own)),
        ArraySubquery(Workspace.objects.filter(tenant=scope.tenant, **own).order_by("pk").values(json=_HANDLES)[:2]),
    )
    return Facts(*found.get())


def how_far(scope: Scope) -> dict[str, Any]:
    """Give what annotates integrations of a scope with how far their trees are in use.

    ``is_used`` and ``is_shared`` say whether anything of one is, ``users`` are up to two of the workspaces that may use
    all of it.
    """
    mine = {"tenant": scope.tenant}
    of_mirror = Q(folder__root=OuterRef("root_folder_id")) | Q(connection__root=OuterRef("root_folder_id"))
    granted = Grant.objects.filter(folder=OuterRef(OuterRef("root_folder_id"))).filter(
        Q(organization=None) | Q(organization=OuterRef("organization"), workspace=None) | Q(workspace=OuterRef("pk"))
    )
    users = Workspace.objects.filter(Exists(granted), **mine).order_by("pk")
    return {
        "is_used": Exists(Schema.objects.filter(of_mirror, **mine, lost_at=None)),
        "is_shared": Exists(Grant.objects.filter(of_mirror, **mine)),
        "users": ArraySubquery(users.values(json=_HANDLES)[:2]),
    }


def place(scope: Scope, handles: dict[str, str]) -> dict[str, str]:
    """Give what URLs of a workspace name."""
    return {"tenant": scope.tenant.handle, **handles}


_HANDLES = JSONObject(organization=F("organization__handle"), workspace=F("handle"))
_HOW_TO_FIND = JSONObject(organization=F("organization__handle"), integration=F("handle"), folder=F("root_folder_id"))

"""The places that somebody may enter, found by name: those of one tenant, and the other tenants themselves."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, F, IntegerField, QuerySet, Value, When

from workspaces.access import Access, Scope
from workspaces.models import Organization, Tenant, User, Workspace
from workspaces.places import lookup
from workspaces.web.closeness import closeness

_NONE = Value("", output_field=CharField())
_NEAR, _FURTHER, _FAR = (Value(rank, output_field=IntegerField()) for rank in range(3))


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place, and how close it comes to what was asked."""

    word: str
    rank: int
    name: str
    scope: Scope

    @property
    def url(self) -> str:
        return self.scope.url(f"{self.word}_home")


def search(user: User, access: Access | None, text: str, *, limit: int) -> list[PlaceFound]:
    """Find so many places of each kind at most, the best first, in one statement; without a text what is near.

    Without an access, outside of any tenant, it finds tenants.
    """
    found = _named("tenant", lookup.tenants_of(user), text, limit, _FAR, F("handle"))
    if access is not None:
        tenant, near = Value(access.scope.tenant.handle), access.scope.organization
        in_organization = Case(When(organization=near, then=_NEAR), default=_FURTHER) if near else _FURTHER
        organizations, workspaces = lookup.organizations_for(access), lookup.workspaces_anywhere_for(access)
        found = found.union(
            _named("organization", organizations, text, limit, _FURTHER if near else _NEAR, tenant, F("handle")),
            _named(
                "workspace", workspaces, text, limit, in_organization, tenant, F("organization__handle"), F("handle")
            ),
            all=True,
        )
    places = [PlaceFound(word, rank, name, _scope(*handles)) for word, rank, name, *handles in found]
    return sorted(places, key=lambda place: (place.rank, place.scope.place.handle))


def _named(
    word: str, places: "QuerySet[Any]", text: str, limit: int, likely: Any, *handles: Any
) -> "QuerySet[Any, Any]":
    """Rank places of one kind; the handles lead from the tenant to the place itself."""
    tenant, organization, workspace = [*handles, _NONE, _NONE][:3]
    rank = closeness(text, "handle", "name") if text else likely
    ranked: QuerySet[Any, Any] = lookup.matching(places, text).annotate(
        word=Value(word), rank=rank, tenant_=tenant, organization_=organization, workspace_=workspace
    )
    columns = ("word", "rank", "name", "tenant_", "organization_", "workspace_")
    return ranked.values_list(*columns).order_by("rank", "handle")[:limit]


def _scope(tenant: str, organization: str, workspace: str) -> Scope:
    """Make the scope that these handles name: enough for what leads there."""
    return Scope(
        Tenant(handle=tenant),
        Organization(handle=organization) if organization else None,
        Workspace(handle=workspace) if workspace else None,
    )

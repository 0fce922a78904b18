"""What is delegated inside a place, or to one service account, as rows that lead to where it can be changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import NoReverseMatch

from workspaces.access import Scope
from workspaces.delegation.listing import Listed, everything
from workspaces.delegation.rows import tables
from workspaces.delegation.verbs import WORDS, Verb
from workspaces.models import Organization, Tenant, User, Workspace
from workspaces.web.pagination import numbered_page


@dataclass(frozen=True, slots=True)
class ListedRow:
    """Who may do what to which thing, the place that it is in (a tenant is in none), and the page of its delegates."""

    user: User
    words: str
    kind: str
    name: str
    where: Scope | None
    url: str
    since: datetime
    by: User | None


def inside(request: HttpRequest, scope: Scope) -> tuple["Page[Listed]", list[ListedRow]]:
    """Give one page of what is delegated inside a tenant or an organization, beside what is of the place itself."""
    return _page(request, scope, without=scope.place._meta.model_name or "")


def of_account(request: HttpRequest, scope: Scope, account: User) -> tuple["Page[Listed]", list[ListedRow]]:
    """Give one page of what is delegated to a service account in a tenant or an organization, and inside."""
    return _page(request, scope, user_id=account.pk)


def _page(
    request: HttpRequest, scope: Scope, *, user_id: int | None = None, without: str = ""
) -> tuple["Page[Listed]", list[ListedRow]]:
    organization_id = scope.organization.pk if scope.organization else None
    found = everything(scope.tenant.pk, organization_id=organization_id, user_id=user_id, without=without)
    page = numbered_page(request, found)
    return page, _rows(scope.tenant, [Listed(*columns) for columns in page])


def _rows(tenant: Tenant, found: Sequence[Listed]) -> list[ListedRow]:
    people = User.objects.in_bulk(_people(found))
    pages = {table.kind(): table.PAGE for table in tables()}
    rows = []
    for one in found:
        scope = Scope(
            tenant,
            Organization(handle=one.organization) if one.organization else None,
            Workspace(handle=one.workspace) if one.workspace else None,
        )
        name, argument, column = pages[one.kind]
        try:
            url = scope.url(name, **({argument: getattr(one, column)} if argument else {}))
        except NoReverseMatch:  # nothing of it is delegated any more where it lies
            url = ""
        by = people.get(one.created_by_id or 0)
        words = WORDS[Verb(one.verb)]
        where = _around(scope) if one.kind == scope.place._meta.model_name else scope
        rows.append(ListedRow(people[one.user_id], words, one.kind, one.name, where, url, one.since, by))
    return rows


def _around(place: Scope) -> Scope | None:
    """Give the place that a place is in."""
    if place.workspace:
        return Scope(place.tenant, place.organization)
    return Scope(place.tenant) if place.organization else None


def _people(found: Iterable[Listed]) -> set[int]:
    return {key for one in found for key in (one.user_id, one.created_by_id) if key is not None}

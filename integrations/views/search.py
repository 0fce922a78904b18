"""The search of everything: places, integrations, folders, connections and pages that somebody may open.

It looks into one tenant, as the wall in the database does, and at the names of the others. The palette of every page
asks the same address, and shows the groups alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from connections.search import nodes
from handbook import search as documentation
from integrations.models import Integration
from workspaces.access import Access, Power, Scope, holds, why_no_integrations
from workspaces.delegation.verbs import Verb
from workspaces.models import Organization, User
from workspaces.places import lookup
from workspaces.places import search as places
from workspaces.scoping import account_view, enter, scope_view
from workspaces.templatetags.console import ACTIVITY, visible_tabs
from workspaces.web.closeness import HAS, closeness, closeness_of
from workspaces.web.htmx import htmx, search_text

GROUP_SIZE = 10
_MOST_SECTIONS = 4  # of the documentation
_AFTER_ALL = HAS + 1  # the rank of what is nobody's own
_FOUND = "found"  # the id of the groups on the page; the palette has its own
_PALETTE = "palette-found"
_OWN_PAGES = (("Profile", "profile"), ("Security", "mfa_index"), ("Sessions", "usersessions_list"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: what it is called, where it lies, and how close it comes to what was asked."""

    kind: str
    title: str
    url: str
    where: str
    rank: int
    handle: str = ""
    source_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind, the best first; ``lists`` are the pages that have all of them, where there are more."""

    title: str
    hits: Sequence[Hit]
    lists: Sequence[tuple[str, str]] = ()


@scope_view(Power.MEMBER, with_workspace=True, delegates=holds(Verb.USE_SCHEMAS))
def search(request: HttpRequest, access: Access) -> HttpResponse:
    return _answer(request, access.user, access)


@account_view
def search_anywhere(request: HttpRequest, user: User) -> HttpResponse:
    """Search from a page that is in no tenant: the tenant of somebody who has only one, else the tenants' names."""
    tenants = list(lookup.tenants_of(user)[:2])
    return _answer(request, user, enter(user, tenants[0].handle, None, None) if len(tenants) == 1 else None)


def _answer(request: HttpRequest, user: User, access: Access | None) -> HttpResponse:
    text = search_text(request)
    groups = [group for group in _groups(user, access, text) if group.hits]
    if text:
        groups.sort(key=lambda group: group.hits[0].rank)
    target = htmx(request).target or ""
    is_part = target in (_FOUND, _PALETTE)
    context = {
        "q": text,
        "groups": groups,
        "number": sum(len(group.hits) for group in groups),
        "searched": access and access.scope.tenant,
        "id": target if is_part else _FOUND,
    }
    response = render(request, "search/found.html" if is_part else "search/page.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _groups(user: User, access: Access | None, text: str) -> Iterator[Group]:
    """Give the groups, those that would come first if all were equally close."""
    if not text and access is not None:
        yield Group(f"Pages of {access.scope.place}", [replace(page, where="") for page in _tabs(access)])
    yield _places(user, access, text)
    if text and access is not None:
        yield _integrations(access, text)
        found = nodes.search(access, text, limit=GROUP_SIZE + 1)
        yield _nodes("Connections", [one for one in found if one.row.kind == "connection"], text)
        yield _nodes("Folders", [one for one in found if one.row.kind == "folder"], text)
    if text:
        yield _matching_pages(access, text)
        yield _documentation(text)


def _places(user: User, access: Access | None, text: str) -> Group:
    found = places.search(user, access, text, limit=GROUP_SIZE + 1)
    here = str(access.scope) if access else ""
    hits = [
        Hit(place.word, place.scope.place.handle, place.url, _where_place(place), place.rank, note=place.name)
        for place in found
        if text or str(place.scope) != here
    ]
    return Group("Places", hits[:GROUP_SIZE], _lists_of_places(found[:GROUP_SIZE], text) if hits[GROUP_SIZE:] else ())


def _where_place(place: places.PlaceFound) -> str:
    outer = str(place.scope).rpartition("/")[0].replace("/", " › ")
    return f"{place.word.capitalize()} in {outer}" if outer else "Tenant"


def _lists_of_places(found: Sequence[places.PlaceFound], text: str) -> list[tuple[str, str]]:
    """Name the lists that have these places and the others like them, each once."""
    lists = {}
    for place in found:
        if place.word == "tenant":
            lists["your tenants"] = reverse("switch_tenant")
        elif place.word == "organization":
            lists[str(place.scope.tenant)] = Scope(place.scope.tenant).url("tenant_home")
        else:
            outer = replace(place.scope, workspace=None)
            lists[_path(outer)] = outer.url("organization_home")
    return _with_text(lists, text)


def _path(scope: Scope) -> str:
    return str(scope).replace("/", " › ")


def _with_text(lists: dict[str, str], text: str) -> list[tuple[str, str]]:
    return [(name, f"{url}?{urlencode({'q': text})}" if text else url) for name, url in lists.items()]


def _integrations(access: Access, text: str) -> Group:
    there = Integration.objects.filter(tenant=access.scope.tenant, state=Integration.State.ACTIVE)
    if not access.is_tenant_owner:
        held = access.held.that_give(Verb.VIEW_INTEGRATION)
        there = there.filter(Q(organization_id__in=access.owned_organization_ids) | Q(pk__in=held.keys))
    found = there.filter(Q(handle__icontains=text) | Q(source_organization_id__iexact=text))
    ranked = found.annotate(rank=closeness(text, "handle", "source_organization_id")).order_by("rank", "handle")
    hits, lists = [], {}
    for handle, organization, source_id, rank in ranked.values_list(
        "handle", "organization__handle", "source_organization_id", "rank"
    )[: GROUP_SIZE + 1]:
        scope = Scope(access.scope.tenant, Organization(handle=organization) if organization else None)
        url = scope.url("integration_detail", integration=handle)
        hits.append(Hit("integration", handle, url, _path(scope), rank, source_id=source_id))
        lists[_path(scope)] = scope.url("integration_list")
    return Group("Integrations", hits[:GROUP_SIZE], _with_text(lists, text) if hits[GROUP_SIZE:] else ())


def _nodes(title: str, found: Sequence[nodes.Found], text: str) -> Group:
    hits = [
        Hit(
            one.row.kind,
            one.row.title,
            one.url,
            _where_node(one),
            one.rank,
            handle=one.row.handle,
            source_id=one.row.source_id,
        )
        for one in found
    ]
    lists = {_path(one.scope): one.scope.url("connection_list") for one in found}
    return Group(title, hits[:GROUP_SIZE], _with_text(lists, text) if hits[GROUP_SIZE:] else ())


def _where_node(found: nodes.Found) -> str:
    where = " › ".join(filter(None, (_path(found.scope), found.row.place)))
    return f"Disabled: {found.row.state_label.lower()} · {where}" if found.row.is_disabled else where


def _matching_pages(access: Access | None, text: str) -> Group:
    """Find pages by their names: those of where one is, of the places around it, and one's own."""
    pages = [Hit("page", name, reverse(url_name), "Your account", HAS) for name, url_name in _OWN_PAGES]
    if access is not None:
        scope = access.scope
        around = [scope, replace(scope, workspace=None), Scope(scope.tenant)]
        for one in dict.fromkeys(around):
            pages += _tabs(replace(access, scope=one))
    found = [replace(page, rank=closeness_of(text, page.title)) for page in pages if text.lower() in page.title.lower()]
    return Group("Pages", sorted(found, key=lambda page: page.rank)[:GROUP_SIZE])


def _tabs(access: Access) -> Iterator[Hit]:
    """Give the pages of a place that this person may open: its tabs, and what is behind some of them."""
    scope = access.scope
    if access.power == Power.NONE and not access.held_here:
        return
    pages = dict(visible_tabs(access))
    is_tenant_without_settings = scope.level == "tenant" and not access.sees_tenant_settings
    if "Activity" in pages:
        is_log_alone = is_tenant_without_settings or scope.workspace or not access.can_own
        names = ACTIVITY[:1] if is_log_alone else ACTIVITY
        pages = {name: url for name, url in pages.items() if name != "Activity"}
        pages |= {name: scope.url(url_name) for name, url_name in names}
    if access.can_own and "Integrations" in pages and not why_no_integrations(scope):
        pages["New Integration"] = scope.url("integration_new")
    if access.can_own and scope.level != "workspace":
        inner = "workspace" if scope.organization else "organization"
        pages[f"New {inner.capitalize()}"] = scope.url(f"{inner}_create")
    if scope.workspace and pages:
        pages["In use"] = scope.url("schema_list")
    for name, url in pages.items():
        yield Hit("page", name, url, _path(scope), HAS)


def _documentation(text: str) -> Group:
    """Find sections of the documentation; they come after everything that is the person's own."""
    found = documentation.search(text, limit=_MOST_SECTIONS + 1)
    hits = [Hit("documentation", one.title, one.url, one.page.title, _AFTER_ALL) for one in found]
    more = {"the documentation": reverse("docs")}
    return Group("Documentation", hits[:_MOST_SECTIONS], _with_text(more, text) if hits[_MOST_SECTIONS:] else ())

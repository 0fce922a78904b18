"""What was chosen in a list, as its form says it: rows by their ids, or the filter of which all are meant.

A filter is evaluated again at each step: what it lets through may be something else by then, which the impact shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from connections import tree_listing
from connections.delegation import Reach
from connections.models import Folder
from connections.search import filters
from connections.search.chosen import MOST, Chosen, all_of, ticked
from connections.search.filters import NodeFilter
from connections.tree_listing import Listing
from connections.views.workspace import FILTERS, contents_of, found_in
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb
from workspaces.web.back import came_from
from workspaces.web.htmx import searchable
from workspaces.web.inputs import key_in

_KINDS: Final = ("folder", "connection")


@dataclass(frozen=True, slots=True)
class Selection:
    """The nodes, what a further form must send to mean the same ones, and the list to go back to."""

    chosen: Chosen
    values: Sequence[tuple[str, str]]
    back_url: str


class NothingChosenError(Exception):
    """There is nothing to act on, or too much; the text is a sentence for the person."""


def selection_of(request: HttpRequest, access: Access, verbs: Sequence[Verb] = ()) -> Selection:
    """Read what was chosen; whatever is not of this place is left out, and what one may not do this to by the verbs.

    Raises NothingChosenError.
    """
    scope = access.scope
    back_url = came_from(request, scope.url("connection_list"))
    if request.POST.get("all"):
        query, below = request.POST.get("filter", "")[:1000], request.POST.get("below", "")
        chosen = all_of(_narrow(access, verbs, _matching(scope, query, (key_in(below) or 0) if below else None)))
        values = [("all", "1"), ("filter", query), ("below", below)]
    else:
        ids = {kind: _numbers(request.POST.getlist(kind)) for kind in _KINDS}
        chosen = ticked(_narrow(access, verbs, _all(scope)), ids["folder"], ids["connection"])
        rows = (("folder", chosen.ids.folders), ("connection", chosen.ids.connections))
        values = [(kind, ",".join(map(str, some))) for kind, some in rows if some]
    if not chosen.number:
        raise NothingChosenError("Nothing was chosen, or it is not here any more. Choose folders or connections first.")
    if chosen.number > MOST:
        raise NothingChosenError(f"These are more than {MOST:,}. Narrow the list down, and do it in parts.")
    return Selection(chosen, [*values, ("next", back_url)], back_url)


def go_back(request: HttpRequest, access: Access, error: NothingChosenError) -> HttpResponse:
    messages.error(request, str(error))
    return redirect(came_from(request, access.scope.url("connection_list")))


def _narrow(access: Access, verbs: Sequence[Verb], listing: Listing) -> Listing:
    return Reach.of(access, *verbs).narrow(listing) if verbs else listing


def _matching(scope: Scope, query: str, below: int | None) -> Listing:
    asked = QueryDict(query).dict()
    wanted = NodeFilter.read(asked, q=searchable(asked.get("q", "")))
    if scope.workspace:
        wanted = wanted.only(FILTERS)
        return found_in(contents_of(scope.workspace, below), wanted)
    folder = get_object_or_404(Folder.objects.in_scope(scope), pk=below) if below is not None else None
    return filters.find(scope, wanted, below=folder)


def _all(scope: Scope) -> Listing:
    if scope.workspace:
        return found_in(contents_of(scope.workspace, None), NodeFilter())
    return tree_listing.search(scope, "", below=None)


def _numbers(texts: Sequence[str]) -> list[int]:
    found = (key_in(part) for text in texts for part in text.split(","))
    return [number for number in found if number is not None]

"""The tree in which accounts and OUs are ticked: in the wizard, and in the Config when a choice is changed.

Each tick is a button of the form around the tree. With script it is answered by what it changes, and folders open in
place; without, by the page, which shows one folder at a time. What is looked for is in the URL; what is ticked is
stored with each tick, so looking for something loses none of it.
"""

from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import trigger_client_event

from integrations.planning.selection_search import branches, find
from integrations.planning.selection_tree import Outline, Verb
from workspaces.web.htmx import htmx, render_page, search_text
from workspaces.web.pagination import PAGE_SIZE

CHOSEN: Final = "chosen"  # the event in the page after something was ticked
_LOOK: Final = "look"
_TREE: Final = "choices"  # the id of the element that what is looked for replaces
_VERBS: Final = ("include", "exclude", "forget", _LOOK)


@dataclass(frozen=True, slots=True)
class Press:
    """A button of the tree that was pressed: what it does, to what, and which part of a long folder it shows."""

    verb: str
    source_id: str
    part: str

    @property
    def choice(self) -> Verb | None:
        """What it changes; None for one that only shows another part of the tree."""
        return None if self.verb == _LOOK else cast("Verb", self.verb)


def pressed(request: HttpRequest) -> Press | None:
    verb, source_id, part, *_ = [*request.POST.get("do", "").split(" "), "", ""]
    return Press(verb, source_id, part) if verb in _VERBS else None


def asks_part(request: HttpRequest) -> bool:
    """Whether a row is being opened in place, or something is looked for."""
    return request.method == "GET" and ("inside" in request.GET or htmx(request).target == _TREE)


def choices(request: HttpRequest, outline: Outline, url: str) -> dict[str, Any]:
    """Give what the tree's templates show: what is looked for, or one folder with a part of what is directly in it."""
    asked = request.POST if request.method == "POST" else request.GET
    text = search_text(request)
    root = outline.snapshot.root.source_id
    at = asked.get("in", "")
    at = at if outline.has_folder(at) and not text else root
    rows = find(outline, text) if text else outline.inside(at)
    part: Page[Any] = Paginator(rows, PAGE_SIZE).get_page(asked.get("part"))
    return {
        "choices_url": url,
        "top": outline.folder(at),
        "above": outline.line(at)[:-1],
        "part": part,
        "outline": outline,
        "q": text,
        "branches": branches(outline, list(part)) if text else [],
    }


def show_part(request: HttpRequest, outline: Outline, url: str) -> HttpResponse:
    """Answer a row that is being opened in place or asked for more, and what is looked for as it is typed."""
    shown = choices(request, outline, url)
    if "inside" in request.GET:
        return render(request, "integrations/account_tree/inside.html", shown)
    return render_page(request, "integrations/account_tree/found.html", shown, parts=())


def answer(request: HttpRequest, press: Press, outline: Outline, url: str) -> HttpResponse:
    """Answer a button of the tree, after what it did: by the nodes whose tick changed, or by the page."""
    node = outline.node(press.source_id)
    if htmx(request).target == f"tick-{press.source_id}" and node is not None:
        shown = choices(request, outline, url)
        line = [each for each in outline.line(press.source_id) if each not in shown["above"] and each != node]
        response = render(request, "integrations/account_tree/ticked.html", shown | {"node": node, "line": line})
        trigger_client_event(response, CHOSEN)
        return response
    if press.verb == _LOOK:
        return redirect(f"{url}?{urlencode({'in': press.source_id, 'part': press.part or '1'})}#choices")
    text = search_text(request)
    place = ({"q": text} if text else {"in": request.POST.get("in", "")}) | {"part": request.POST.get("part", "1")}
    return redirect(f"{url}?{urlencode(place)}#{f'tick-{press.source_id}' if press.source_id else 'choices'}")

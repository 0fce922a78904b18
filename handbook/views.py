"""The pages of the documentation. Anybody may read them: there is nothing of anybody in them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from handbook import library
from handbook.rendering import Page
from handbook.search import search
from workspaces.scoping import public_view
from workspaces.web.htmx import render_page, search_text

_MOST_HITS = 30


@public_view
def index(request: HttpRequest) -> HttpResponse:
    text = search_text(request)
    context = {"q": text, "hits": search(text, limit=_MOST_HITS), "groups": library.groups()}
    return render_page(request, "handbook/index.html", context, parts=("docs-found",))


@public_view
def page(request: HttpRequest, page_name: str) -> HttpResponse:
    shown = _page(page_name)
    all_pages = list(library.pages().values())
    at = all_pages.index(shown)
    context = {
        "page": shown,
        "groups": library.groups(),
        "before": all_pages[at - 1] if at else None,
        "after": all_pages[at + 1] if at + 1 < len(all_pages) else None,
    }
    return render(request, "handbook/page.html", context)


@public_view
def section(request: HttpRequest, page_name: str, anchor: str) -> HttpResponse:
    """Show one section alone, which a "?" beside a field opens in the dialog."""
    shown = _page(page_name)
    sections = shown.part(anchor)
    if not sections:
        raise Http404
    return render(request, "handbook/section.html", {"page": shown, "sections": sections})


def _page(name: str) -> Page:
    try:
        return library.pages()[name]
    except KeyError:
        raise Http404 from None

"""Pages and their fragments: a page is complete at its URL; a fragment is a named partial of it, chosen here."""

from collections.abc import Iterable, Mapping
from typing import cast
from zlib import crc32

from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


class _HtmxRequest(HttpRequest):
    htmx: HtmxDetails


def htmx(request: HttpRequest) -> HtmxDetails:
    """Give what HTMX says of a request, as django-htmx has read it; falsy where HTMX did not send the request."""
    return cast("_HtmxRequest", request).htmx


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, object], *, parts: tuple[str, ...] = ()
) -> HttpResponse:
    """Render the page, or one of its parts when HTMX asks for it.

    A part is a partial of the template that is named like the id of the element it replaces.
    """
    wanted = htmx(request).target if htmx(request) else None
    response = render(request, f"{template}#{wanted}" if wanted in parts else template, dict(context))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def looks_for_news(request: HttpRequest) -> bool:
    """Say whether nobody asked for this: an open page looks by itself whether there is something else to show."""
    return "X-Seen" in request.headers


def mark(parts: Iterable[object]) -> str:
    """Make the mark of what a part of a page shows; it is another one where there is something else to show."""
    return str(crc32(" ".join(map(str, parts)).encode()))


def has_seen(request: HttpRequest, mark_now: str) -> bool:
    """Say whether a page that looks for news shows what bears this mark already: then it gets no answer (204)."""
    return request.headers.get("X-Seen") == mark_now


def search_text(request: HttpRequest, name: str = "q") -> str:
    """Give what a list is searched for: ``?q=``, or ``q`` of a form; without what PostgreSQL refuses in a text."""
    asked = request.POST if request.method == "POST" else request.GET
    return searchable(asked.get(name, ""))


def searchable(text: str) -> str:
    """Give what of a text one can search for."""
    return text.replace("\x00", "").strip()[:100]


def what_to_judge(request: HttpRequest) -> QueryDict | None:
    """Give what a form is to judge: what was posted, or what is being typed; nothing on a page that is only opened."""
    if request.method == "POST":
        return request.POST
    return request.GET if (htmx(request).target or "").endswith("-status") else None


def asks_about_field(request: HttpRequest, form: Form) -> str | None:
    """Give the name of the field that is being checked as one types, if that is what the request is for."""
    target = htmx(request).target
    names = (name for name in form.fields if target == f"{form[name].auto_id}-status")
    return next(names, None) if request.method == "GET" else None


def field_status(request: HttpRequest, form: Form, name: str, *, hint: str | None = None) -> HttpResponse:
    """Answer a check of one field: its error sentences, or that a new value will do, or the hint on it."""
    field = form[name]
    ok = f"{field.value()} is free." if hint is None and field.value() and field.value() != field.initial else ""
    return render_page(request, "components/field.html#status", {"field": field, "ok": ok, "hint": hint})

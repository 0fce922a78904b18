"""Pages and their fragments: a page is complete at its URL; a fragment is a named partial of it, chosen here."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from workspaces.access import Access
from workspaces.scoping import ScopedView


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, object], *, parts: tuple[str, ...]
) -> HttpResponse:
    """Render the page, or one of its parts when HTMX asks for it.

    A part is a partial of the template that is named like the id of the element it replaces.
    """
    wanted = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    response = render(request, f"{template}#{wanted}" if wanted in parts else template, dict(context))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def search_text(request: HttpRequest, name: str = "q") -> str:
    """Give what a list is searched for: ``?q=``, or ``q`` of a form; without what PostgreSQL refuses in a text."""
    asked = request.POST if request.method == "POST" else request.GET
    return asked.get(name, "").replace("\x00", "").strip()[:100]


def what_to_judge(request: HttpRequest) -> QueryDict | None:
    """Give what a form is to judge: what was posted, or what is being typed; nothing on a page that is only opened."""
    if request.method == "POST":
        return request.POST
    return request.GET if request.headers.get("HX-Target", "").endswith("-status") else None


def asks_about_field(request: HttpRequest, form: Form) -> str | None:
    """Give the name of the field that is being checked as one types, if that is what the request is for."""
    target = request.headers.get("HX-Target", "")
    names = (name for name in form.fields if target == f"{form[name].auto_id}-status")
    return next(names, None) if request.method == "GET" else None


def field_status(request: HttpRequest, form: Form, name: str, *, note: str | None = None) -> HttpResponse:
    """Answer a check of one field: its error sentences, or that a new value will do, or the note about it."""
    field = form[name]
    ok = f"{field.value()} is free." if note is None and field.value() and field.value() != field.initial else ""
    response = render(request, "components/field.html#status", {"field": field, "ok": ok, "note": note})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def posted_from(page: str) -> Callable[[ScopedView], ScopedView]:
    """Declare a view that takes a form of another page, the one of this URL name.

    What it refuses is shown at its own address: whoever opens or shares that one is to find the page.
    """

    def decorate(view: ScopedView) -> ScopedView:
        @wraps(view)
        def inner(request: HttpRequest, access: Access, **arguments: Any) -> HttpResponse:
            if request.method != "POST":
                return redirect(access.scope.url(page, **arguments))
            return view(request, access, **arguments)

        return inner

    return decorate

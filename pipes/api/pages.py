"""The pages on which people read the document of the API. As that itself they are for everybody, and of nobody."""

import json
from collections.abc import Mapping
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from handbook import library
from pipes.api import document
from pipes.api.reading import Reader, Subject
from workspaces.scoping import public_view


@cache
def _subjects() -> Mapping[str, Subject]:
    """Read the document, once in each process."""
    return {subject.slug: subject for subject in Reader(json.loads(document())).subjects()}


@public_view
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List all routes by subject, each with what it is for."""
    return render(request, "api/index.html", _context())


@public_view
@require_safe
def subject(request: HttpRequest, subject: str) -> HttpResponse:
    """Show all routes of a subject: what each takes and answers, and an example."""
    shown = _subjects().get(subject)
    if shown is None:
        raise Http404
    return render(request, "api/subject.html", _context() | {"subject": shown})


def _context() -> dict[str, object]:
    return {"subjects": list(_subjects().values()), "groups": library.groups()}

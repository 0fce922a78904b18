"""The URLs of the API: each route behind the door, and its document for everybody; the address has two names."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.http import require_safe

from pipes.api import api, document, pages
from pipes.api.absent import absent
from workspaces.api.door import signed_in_only
from workspaces.scoping import public_view


def _behind_the_door(pattern: URLPattern) -> URLPattern:
    pattern.callback = signed_in_only(pattern.callback)
    return pattern


@public_view
@require_safe
def openapi(_request: HttpRequest) -> HttpResponse:
    """Give the OpenAPI document, which says what there is and nothing of anybody's."""
    return HttpResponse(document(), content_type="application/json")


urlpatterns = [
    path("docs/openapi.json", openapi, name="openapi"),
    path("docs/", pages.index, name="api_docs"),
    path("docs/<slug:subject>/", pages.subject, name="api_subject"),
    *(_behind_the_door(pattern) for pattern in api.urls[0] if isinstance(pattern, URLPattern)),
    re_path(r"^(?P<path>.*)$", absent),
]

"""Every view of the project declares who may call it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# These bring their own: the operator admin binds its views itself, the sign-in library's are for everybody.
NOT_OURS = ("operator/", "account/")


def views(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        elif not route.startswith(NOT_OURS):
            yield from views(entry, route)


def test_every_view_declares_its_scope_with_a_decorator() -> None:
    found = dict(views(get_resolver()))
    assert len(found) > 10
    assert not [route for route, view in found.items() if not hasattr(view, "scope")]


def test_views_below_a_place_are_scoped_to_it() -> None:
    levels = {"tenant": "<slug:tenant>/", "org": "<slug:organization>/", "workspace": "<slug:workspace>/"}
    scoped = [(route, view) for route, view in views(get_resolver()) if route.startswith("tenants/<")]
    for route, view in scoped:
        innermost = next((level for level in reversed(levels) if levels[level] in route), None)
        assert innermost, route
        assert innermost in view.scope.split("/"), route  # type: ignore[attr-defined]

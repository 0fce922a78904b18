"""Every page of the console, found by following its links."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Error, Page

NOT_PAGES = ("operator/", "healthz", "readyz")
SIGNED_OUT = ("/account/login/", "/account/password/reset/", "/account/password/reset/done/", "/account/signup/")
UNLINKED = ("/account/logout/", "/account/email/", "/account/password/change/", "/tenants/nowhere/")


def kind_of(match: ResolverMatch) -> object:
    """Tell pages of one kind from others: the same view is one kind at every level, each step of the wizard is one."""
    return match.func, match.kwargs.get("step")


def route_of(match: ResolverMatch) -> object:
    """Tell pages apart by their route, so that levels differ."""
    return match.route, match.kwargs.get("step")


def page_at(path: str) -> ResolverMatch | None:
    """Find the page at a path, if there is one."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return None if match.route.startswith(NOT_PAGES) else match


def crawl(
    page: Page, address: str, starts: tuple[str, ...], *, kind: Callable[[ResolverMatch], object] = kind_of
) -> Iterator[str]:
    """Follow links, and stop at one page of each kind; whoever is given its path may look at it in ``page``."""
    waiting, seen = list(starts), set()
    while waiting:
        path = waiting.pop(0)
        match = page_at(path)
        if match is None or kind(match) in seen:
            continue
        seen.add(kind(match))
        try:
            page.goto(address + path)
        except Error:  # a download
            continue
        links = page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.href)")
        waiting += [urlsplit(link).path for link in links if link.startswith(address)]
        arrived = page_at(urlsplit(page.url).path)
        if arrived is not None and (arrived.func is match.func or kind(arrived) not in seen):
            seen.add(kind(arrived))
            yield urlsplit(page.url).path


def views(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give the name and the view of every route that may be a page."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            if not route.startswith((*NOT_PAGES, "account/")):
                yield str(entry.name), entry.callback
        else:
            yield from views(entry, route)

"""Every page of the console, found by following its links."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Error, Page

NOT_PAGES = ("operator/", "healthz", "readyz", "metrics", ".well-known/", "^api/")
SIGNED_OUT = ("/account/login/", "/account/password/reset/", "/account/password/reset/done/", "/account/signup/")
UNLINKED = ("/account/logout/", "/account/email/", "/account/password/change/")

_LINKS = """[...document.querySelectorAll('a[href]:not([download])')]
.map(link => new URL(link.getAttribute('href'), location).href)"""  # those in pictures too
_TARGETS = """[
    ['a[href]', 'href'], ['form[action]', 'action'], ['button[formaction]', 'formaction'], ['[hx-post]', 'hx-post']
].flatMap(([kind, name]) => [...document.querySelectorAll(kind)].map(part => part.getAttribute(name)))
.map(target => new URL(target, location).href)"""


def kind_of(match: ResolverMatch) -> object:
    """Tell pages of one kind from others: the same name is one kind at every level, each step of the wizard is one."""
    return match.url_name, match.kwargs.get("step")


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


@dataclass
class Crawl:
    """Follows links, and stops at one page of each kind."""

    page: Page
    address: str
    kind: Callable[[ResolverMatch], object] = kind_of
    reached: set[str | None] = field(default_factory=set)  # names of what links and forms lead to

    def __call__(self, *starts: str) -> Iterator[str]:
        """Give the path of each page while it is open in ``page``, where one may look at it."""
        waiting, seen = list(starts), set()
        while waiting:
            path = waiting.pop(0)
            match = page_at(path)
            if match is None or self.kind(match) in seen:
                continue
            seen.add(self.kind(match))
            try:
                self.page.goto(self.address + path)
            except Error:  # a download
                continue
            waiting += self._targets(_LINKS)
            self.reached |= {match.url_name for match in map(page_at, self._targets(_TARGETS)) if match}
            arrived = page_at(urlsplit(self.page.url).path)
            if arrived is not None and (arrived.url_name == match.url_name or self.kind(arrived) not in seen):
                seen.add(self.kind(arrived))
                yield urlsplit(self.page.url).path

    def _targets(self, script: str) -> list[str]:
        return [urlsplit(url).path for url in self.page.evaluate(script) if url.startswith(self.address)]


def names(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Give the name of every route that may be a page."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            if not route.startswith((*NOT_PAGES, "account/")):
                yield str(entry.name)
        else:
            yield from names(entry, route)

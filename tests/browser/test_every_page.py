"""All pages that links lead to: for everybody, on any screen, and light."""

import gzip
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.drafts import draft_at
from tests.browser.pages import SIGNED_OUT, UNLINKED, crawl, kind_of, page_at, views
from tests.conftest import Cast

PHONE, ZOOMED_TWICE, DESK = (ViewportSize(width=width, height=800) for width in (360, 640, 1280))
COLD, WARM = 100_000, 30_000  # bytes over the wire, with an empty cache and with a full one

# Names of views that no link leads to, and why.
NO_PAGE = {
    "theme": "only posted to",
    "integration_sync": "only posted to",
    "integration_draft_download": "a file",
    "audit_log_csv": "a file",
    "invitation": "its address comes by email",
}


def test_every_page_is_for_everybody_on_any_screen_and_light(visit: Visit, people: Cast, synced: str) -> None:
    draft_at("permissions", people, handle="another")
    console = visit(people.tenant_owner)
    console.watch.allow(404)
    signed_out = visit()
    seen = set()
    starts = (synced, "/tenants/acme/orgs/tnt/integrations/", "/tenants/acme/orgs/tnt/", "/", *UNLINKED)
    for path in crawl(console.page, console.address, starts):
        check(console)
        seen.add(path)
    for path in SIGNED_OUT:
        check(signed_out.open(path))
    console.open("/tenants/nowhere/")
    check(console)
    linked = {kind_of(match)[0] for match in map(page_at, seen) if match}  # type: ignore[index]
    assert {name for name, view in views() if view not in linked} <= NO_PAGE.keys()


def check(console: Console) -> None:
    """Look at the open page as everybody who uses the console would."""
    console.is_for_everybody()
    for size in (PHONE, ZOOMED_TWICE, DESK):
        console.page.set_viewport_size(size)
        if size is not DESK:
            assert console.overflow() <= 0, f"{console.path} scrolls sideways at {size['width']} px"
    page, parts = weigh(console.page)
    assert page <= WARM, f"{console.path} has {page} bytes"
    assert page + parts <= COLD, f"{console.path} has {page + parts} bytes with its parts"


def weigh(page: Page) -> tuple[int, int]:
    """Give the bytes of the page, and those of what it loads, as the web server sends them: the parts compressed."""
    links = "[...document.querySelectorAll('link[href], script[src], img[src]')].map(part => part.href || part.src)"
    parts = {urlsplit(link).path.partition("/static/")[2] for link in page.evaluate(links)}
    html = len(page.request.get(page.url).body())
    return html, sum(_compressed(part) for part in parts if part)


@lru_cache
def _compressed(name: str) -> int:
    return len(gzip.compress(Path(str(finders.find(name))).read_bytes()))

"""All pages that links lead to: for everybody, on any screen, and light."""

import gzip
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.urls import ResolverMatch
from playwright.sync_api import ViewportSize

from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.given import fill
from tests.browser.pages import SIGNED_OUT, UNLINKED, Crawl, kind_of, names
from tests.conftest import Cast

*NARROW, DESK = (ViewportSize(width=width, height=800) for width in (320, 390, 640, 768, 1280))
COLD, WARM = 100_000, 30_000  # bytes over the wire, with an empty cache and with a full one

# No link that this walk meets leads here, for the reason given.
ELSEWHERE = {
    "invitation": "its address comes by email",
    "event_inlet": "for AWS, not for people",
    "integration_removed": "comes after a deletion",
    "setup_file": "for shells, not for people",
    "email_confirm": "its address comes by email",
    "email_stop": "its address comes by email",
    "address_ask": "for addresses that are not confirmed yet",
    "webhook_end_former": "for secrets that were rotated",
    "support_end": "for while an operator looks in",
    "people_leave": "the last owner may not leave",
    "first_steps_hide": "for a place whose first steps are not all done",
    "integration_folder": "for delegates, who own no page of a folder",
    "integration_trial": "comes after changed settings",
    "failing_test": "for connections that fail",
    "folder_add": "for what is not in use yet",
    "connection_add": "for what is not in use yet",
    "connection_remove": "for what was added by itself",
    "many_permissions": "for rows that were chosen",
    "many_schema": "for rows that were chosen",
    "many_options": "for rows that were chosen",
    "many_test": "for rows that were chosen",
}


@pytest.mark.sweep
def test_every_page_is_for_everybody_on_any_screen_and_light(visit: Visit, people: Cast, synced: str) -> None:
    filled = fill(people)
    console, signed_out = visit(people.tenant_owner), visit()
    starts = (
        synced,
        filled.folder_url,
        "/tenants/acme/orgs/tnt/integrations/",
        "/tenants/acme/orgs/tnt/",
        "/tenants/acme/people/tokens/",  # people of an organization have no such part
        "/tenants/acme/people/service-accounts/",
        "/",
        *UNLINKED,
    )

    def kind(match: ResolverMatch) -> object:
        """Tell what was made by hand from what an integration manages."""
        node = match.kwargs.get("connection"), match.kwargs.get("folder")
        return kind_of(match), filled.connection == node[0] or filled.folder == node[1]

    crawl, problems = Crawl(console.page, console.address, kind), []
    for _path in crawl(*starts):
        problems += look_at(console)
    for path in (*SIGNED_OUT, filled.invitation_url):
        problems += look_at(signed_out.open(path))
    console.watch.allow(404)
    problems += look_at(console.open("/tenants/nowhere/"))
    unreached = set(names()) - crawl.reached - ELSEWHERE.keys()
    problems += [f"No link leads to {name}." for name in unreached]
    assert not problems, "\n".join(problems)


def look_at(console: Console) -> list[str]:
    """Look at the open page as everybody who uses the console would; say what is wrong with it."""
    problems = console.barriers()
    for size in NARROW:
        console.page.set_viewport_size(size)
        found, width = console.misfits(), f"{size['width']} px"
        if found["beyond"] > 0:
            problems.append(f"{console.path} scrolls sideways at {width}, by {found['beyond']} px.")
        for menu, beyond in found["menus"].items():
            problems.append(f"{console.path} with {menu} open does so at {width}, by {beyond} px.")
        problems += [f"{button} is cut off at {width}." for button in found["clipped"]]
        problems += [f"{button} has too little room at {width}." for button in found["squeezed"]]
    console.page.set_viewport_size(DESK)
    problems += [f"{button} is cut off." for button in console.clipped()]
    page, parts = weigh(console)
    if page > WARM:
        problems.append(f"{console.path} has {page} bytes with a full cache.")
    if page + parts > COLD:
        problems.append(f"{console.path} has {page + parts} bytes with an empty cache.")
    return problems


def weigh(console: Console) -> tuple[int, int]:
    """Give the bytes of the page, and those of what it loads, compressed as the web server sends them."""
    links = "[...document.querySelectorAll('link[href], script[src], img[src]')].map(part => part.href || part.src)"
    parts = {urlsplit(link).path.partition("/static/")[2] for link in console.page.evaluate(links)}
    assert console.watch.document is not None
    html = gzip.compress(console.watch.document.body(), compresslevel=6)
    return len(html), sum(_compressed(part) for part in parts if part)


@lru_cache
def _compressed(name: str) -> int:
    return len(gzip.compress(Path(str(finders.find(name))).read_bytes()))

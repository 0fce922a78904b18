"""``./console shots [DIRECTORY]``: every page of the running demo in light, dark and narrow, to look through.

It signs in as the demo's tenant owner and follows links; of each route one page is taken. Pages that need an
integration appear once somebody has made one.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Error, Page, sync_playwright

from tests import demo
from tests.browser.chromium import find_chromium

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
SIGNED_OUT = ("/account/login/", "/account/password/reset/", "/account/password/reset/done/", "/account/signup/")
ALSO = ("/tenants/nowhere/", "/account/logout/", "/account/password/change/", "/account/email/")
NOT_PAGES = ("operator/", "healthz", "readyz")


def main(directory: str = ".console/shots") -> int:
    """Take the screenshots; gives the exit status."""
    out = Path(directory)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        paths: dict[str, str] = {}
        for look, options in LOOKS.items():
            context = browser.new_context(base_url=settings.BASE_URL, **options)
            (out / look).mkdir(parents=True, exist_ok=True)
            page = context.new_page()
            for path in SIGNED_OUT:
                take(page, path, out / look)
            sign_in(page)
            paths = paths or crawl(context)
            for path in [*paths.values(), *ALSO]:
                take(page, path, out / look)
            context.close()
        browser.close()
    names = sorted(shot.name for shot in (out / "light").glob("*.png"))
    (out / "index.html").write_text(overview(names))
    sys.stdout.write(f"{len(names)} pages: open {(out / 'index.html').resolve()}\n")
    return 0


def sign_in(page: Page) -> None:
    """Sign in as the owner of the demo's Enterprise tenant."""
    page.goto("/account/login/")
    page.get_by_label("Email address").fill(demo.PEOPLE[0][0])
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/account/" not in url)


def crawl(context: BrowserContext) -> dict[str, str]:
    """Follow links from the home page; gives route -> one path of it, in the order they were met."""
    found: dict[str, str] = {}
    page, waiting = context.new_page(), ["/"]
    while waiting:
        path = waiting.pop(0)
        route = route_of(path)
        if route is None or route in found:
            continue
        try:
            page.goto(path)
        except Error:  # a download
            continue
        found[route] = path
        links = page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.href)")
        waiting += [urlsplit(link).path for link in links if link.startswith(settings.BASE_URL)]
    page.close()
    return found


def route_of(path: str) -> str | None:
    """Find the route that serves the path; None where it is no page of the console."""
    try:
        route = resolve(path).route
    except Resolver404:
        return None
    return None if route.startswith(NOT_PAGES) else route


def take(page: Page, path: str, out: Path) -> None:
    """Save one page as it stands when it has calmed down."""
    page.goto(path, wait_until="load")
    name = re.sub(r"[^a-z0-9]+", "-", path).strip("-") or "home"
    page.screenshot(path=out / f"{name}.png", full_page=True)


def overview(names: list[str]) -> str:
    """Make one page that shows all of them side by side."""
    rows = "".join(
        f"<h2>{html.escape(name)}</h2><p>" + "".join(f'<img src="{look}/{name}" height="420"> ' for look in LOOKS)
        for name in names
    )
    return f'<!DOCTYPE html><meta charset="utf-8"><title>Screens</title><body style="background:#888">{rows}'


if __name__ == "__main__":
    django.setup()
    sys.exit(main(*sys.argv[1:]))

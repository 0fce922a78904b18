"""``./console shots``: every page of the running demo in light, dark and four widths, to look through, with its weight.

It signs in as the demo's tenant owner, makes the integrations that the demo begins without by walking the wizard, and
follows links. ``--readme`` and ``--guide`` take the pictures of the README and of the documentation instead.
"""

import argparse
import html
import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from launcher.commands import find_chromium
from tests.browser import guide_pictures, walks
from tests.browser.console import Console
from tests.browser.pages import SIGNED_OUT, UNLINKED, Crawl, route_of
from tests.browser.watch import Watch
from tests.demo import PASSWORD, PEOPLE

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "narrowest": {"color_scheme": "dark", "viewport": {"width": 320, "height": 640}},
    "tablet": {"color_scheme": "light", "viewport": {"width": 768, "height": 1024}},
    "wide": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
}
# Who looks too, at what they find from where they land; the last is a stranger to the places of the others.
OTHERS = (PEOPLE[2][0], PEOPLE[3][0])
ROOT = Path(__file__).resolve().parents[2]
TREE = "/tenants/acme/orgs/tnt/integrations/awsi/"
STARTS = (TREE, "/tenants/acme/integrations/labs/", "/", *UNLINKED)


def main() -> int:
    """Take the screenshots; gives the exit status."""
    parser = argparse.ArgumentParser(prog="./console shots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".console" / "shots")
    parser.add_argument("--readme", action="store_true", help="take docs/screenshot.png only")
    parser.add_argument("--guide", action="store_true", help="take the pictures of the documentation only")
    chosen = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.stderr.write("No Chromium was found. Install chromium, or set PIPES_CHROMIUM.\n")
        return 1
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=sandbox)
        with console(browser, "light") as owner:
            make_what_is_missing(owner)
            if chosen.readme:
                take_for_readme(owner)
            elif chosen.guide:
                guide_pictures.take(owner, ROOT / "static" / "docs")
            else:
                take_all(browser, owner, chosen.folder)
        browser.close()
    return 0


@contextmanager
def console(browser: Browser, look: str, email: str = PEOPLE[0][0]) -> Iterator[Console]:
    """Open the demo, signed in; as the owner of its Enterprise tenant, if nobody else is named."""
    context = browser.new_context(**LOOKS[look], reduced_motion="reduce")
    opened = Console(context.new_page(), settings.BASE_URL, Watch(context))
    opened.sign_in(email, PASSWORD)
    opened.page.wait_for_url(lambda url: "/account/" not in url)
    yield opened
    context.close()


def make_what_is_missing(owner: Console) -> None:
    """Walk the wizard for the integration awsi of acme/tnt, for labs of acme, and leave a third one half way."""
    if is_missing(owner, TREE):
        owner.open("/tenants/acme/")
        walks.to_integrations_of_organization(owner, "tnt")
        walks.start(owner)
        walks.choose_handle(owner, "awsi")
        walks.use_role(owner, deploy)
        walks.run_test(owner, "Test Discovery")
        walks.set_up_connections(owner, deploy, prefix="aws_")
        walks.give_permissions(owner, "All Workspaces")
        walks.sees_synced(owner)
    if is_missing(owner, "/tenants/acme/integrations/labs/"):
        walks.to_integrations_of_tenant(owner, "acme")
        walks.start(owner)
        walks.choose_handle(owner, "labs")
        key = ask_stand_in("show")["keys"][0]
        walks.use_key(owner, key["access_key"], key["secret_key"])
        walks.keep_connection_settings(owner)
        walks.give_permissions(owner, "All Organizations and their Workspaces")
        walks.sees_synced(owner)
    owner.open("/tenants/acme/orgs/tnt/integrations/")
    if not owner.link("Continue").count():
        walks.start(owner)
        walks.choose_handle(owner, "half-way")
        owner.fill("Role ARN", "arn:aws:iam::123456789012:role/pipes-discovery")
        walks.run_test(owner, "Test Discovery")
        walks.keep_connection_settings(owner)
        owner.press("Next")
        owner.sees_heading("Permissions")


def is_missing(owner: Console, path: str) -> bool:
    """Whether nothing is at this address."""
    answer = owner.page.goto(owner.address + path)
    return answer is None or answer.status == 404


def deploy(template: str) -> str:
    """Run a template in the demo's AWS organization acme; gives the role's ARN, if it outputs one."""
    arguments = {"template": template, "stack": "pipes", "organization": "acme"}
    said: str = ask_stand_in("command", {"command": "deploy", "arguments": arguments})["said"]
    output = re.search(r"^RoleArn: (\S+)", said, re.MULTILINE)
    return output[1] if output else ""


def ask_stand_in(what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the demo's stand-in for AWS."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/_stand-in/{what}", data)
    with urllib.request.urlopen(request, timeout=30) as answer:
        shown: dict[str, Any] = json.load(answer)
    return shown


def take_for_readme(owner: Console) -> None:
    """Take the tree of an integration, opened a little."""
    owner.open(TREE)
    for folder, inside in (("Infrastructure", "Network"), ("Network", "dns")):
        owner.page.get_by_role("button", name=f"Show what is in {folder}", exact=True).click()
        expect(owner.link(inside)).to_be_visible()
    owner.page.mouse.move(0, 0)
    path = ROOT / "docs" / "screenshot.png"
    owner.page.screenshot(path=path, caret="initial")
    sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")


def take_all(browser: Browser, owner: Console, folder: Path) -> None:
    """Find the pages, take each in each look, and make one page that shows them all."""
    signed_in = list(Crawl(owner.page, owner.address, route_of)(*STARTS))
    signed_in.append("/tenants/nowhere/")
    weights: dict[str, tuple[int, int]] = {}
    for look, options in LOOKS.items():
        (folder / look).mkdir(parents=True, exist_ok=True)
        stranger = browser.new_context(**options, reduced_motion="reduce").new_page()
        with console(browser, look) as opened:
            for page, paths in ((stranger, SIGNED_OUT), (opened.page, signed_in)):
                for path in paths:
                    if look == "light":
                        weights[path] = weigh(page, opened.address + path)
                    take(page, opened.address + path, folder / look / f"{name_of(path)}.png")
        stranger.context.close()
    for email in OTHERS:
        with console(browser, "light", email) as opened:
            for path in list(Crawl(opened.page, opened.address, route_of)("/", TREE)):
                take(opened.page, opened.address + path, folder / email / f"{name_of(path)}.png")
    (folder / "index.html").write_text(overview(weights), encoding="utf-8")
    cold, warm = (max(weights, key=lambda path: weights[path][nth]) for nth in (0, 1))
    sys.stdout.write(
        f"{len(weights)} pages in {len(LOOKS)} looks: {folder / 'index.html'}\n"
        f"The heaviest with an empty cache: {cold}, {weights[cold][0] / 1000:.1f} kB.\n"
        f"The heaviest after that: {warm}, {weights[warm][1] / 1000:.1f} kB.\n"
    )


def take(page: Page, url: str, path: Path) -> None:
    """Take a page in its whole length, and say so where it scrolls sideways."""
    page.goto(url)
    page.screenshot(path=path, full_page=True, caret="initial")
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if beyond > 0:
        sys.stdout.write(f"{path} scrolls sideways by {beyond} px.\n")


def weigh(page: Page, url: str) -> tuple[int, int]:
    """Give the bytes over the wire with an empty cache, and then with a full one."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("Network.enable")
    sizes: list[float] = []
    protocol.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    weights = []
    for is_first in (True, False):
        if is_first:
            protocol.send("Network.clearBrowserCache")
        sizes.clear()
        page.goto(url, wait_until="load")
        weights.append(int(sum(sizes)))
    protocol.detach()
    return weights[0], weights[1]


def name_of(path: str) -> str:
    """Make a file's name of an address."""
    return re.sub(r"[^a-z0-9]+", "-", path).strip("-") or "home"


def overview(weights: dict[str, tuple[int, int]]) -> str:
    """Make the page that shows all of them side by side."""
    rows = "".join(
        f"<h2>{html.escape(path)}</h2><p>{cold / 1000:.1f} kB with an empty cache, {warm / 1000:.1f} kB after</p>"
        + "".join(f'<img src="{look}/{name_of(path)}.png" height="420" alt="{look}"> ' for look in LOOKS)
        for path, (cold, warm) in weights.items()
    )
    return f'<!DOCTYPE html><meta charset="utf-8"><title>Screens</title><body style="background:#888">{rows}'


if __name__ == "__main__":
    django.setup()
    sys.exit(main())

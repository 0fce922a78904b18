"""Nothing private is left in the browser of somebody who has signed out: it may be a shared one."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from tests import factories
from tests.browser.conftest import CHROMIUM, Visit
from tests.browser.console import Console
from tests.browser.visits import Browsers
from tests.conftest import Cast

_STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"


@pytest.fixture(scope="module")
def chromium(chromium: Browser) -> Iterator[Browser]:
    """A browser that keeps pages for *Back*, as people's do; Playwright turns that off."""
    kind: BrowserType = chromium.browser_type
    browser = kind.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox"] if os.geteuid() == 0 else [],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def browsers(chromium: Browser, web: str) -> Browsers:
    return Browsers(chromium, web)


def test_back_after_signing_out_shows_no_private_page(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner, anew=True).open("/tenants/acme/orgs/tnt/people/")
    expect(console.page.get_by_role("main")).to_contain_text("org-member@example.com")
    console.sign_out()
    expect(console.page.get_by_label("Password")).to_be_visible()
    console.page.go_back()
    expect(console.page.get_by_label("Password")).to_be_visible()
    expect(console.page.get_by_text("org-member@example.com")).to_have_count(0)


def test_a_search_that_was_put_into_the_address_leaves_nothing_behind(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner, anew=True).open("/tenants/acme/orgs/tnt/connections/")
    search = console.page.get_by_role("searchbox")
    search.fill("never-was")
    console.page.wait_for_url("**q=never-was*")
    console.sign_out()
    assert "never-was" not in console.page.evaluate(_STORED)
    console.page.go_back()
    expect(console.page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_what_was_typed_is_sent_after_signing_in_again(visit: Visit, people: Cast, has_script: bool) -> None:
    console = visit(anew=True, java_script_enabled=has_script)
    console.sign_in(people.org_owner.email, factories.PASSWORD)
    console.sees_heading()
    console.open(people.at_org.url("workspace_create"))
    console.fill("Handle", "tunnels")
    console.fill("Name", "Tunnels, typed once")
    console.page.context.clear_cookies(name="sessionid")
    console.watch.allow(403)
    console.press("Create workspace")
    console.sees_heading("You are signed out")
    if has_script:
        console.is_for_everybody()
    assert "tunnels" not in console.page.url
    with console.page.context.expect_page() as opened:
        console.follow("Sign in in a new tab")
    other = Console(opened.value, console.address, console.watch, has_script)
    other.fill("Email address", people.org_owner.email)
    other.fill("Password", factories.PASSWORD)
    other.press("Sign in")
    other.sees_heading()
    console.press("Send it again")
    console.sees(f"You are signed in as {people.org_owner.email}.")
    console.press("Send it again")
    expect(console.page).to_have_url(re.compile(r"/workspaces/tunnels/"))

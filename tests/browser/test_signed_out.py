"""Nothing private is left in the browser of somebody who has signed out: it may be a shared one."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from tests.browser.conftest import CHROMIUM, Visit
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


def test_back_after_signing_out_shows_no_private_page(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open("/tenants/acme/orgs/tnt/people/")
    expect(console.page.get_by_role("main")).to_contain_text("org-member@example.com")
    console.sign_out()
    expect(console.page.get_by_label("Password")).to_be_visible()
    console.page.go_back()
    expect(console.page.get_by_label("Password")).to_be_visible()
    expect(console.page.get_by_text("org-member@example.com")).to_have_count(0)


def test_a_search_that_was_put_into_the_address_leaves_nothing_behind(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open("/tenants/acme/orgs/tnt/connections/")
    search = console.page.get_by_role("searchbox")
    search.fill("never-was")
    console.page.wait_for_url("**q=never-was*")
    console.sign_out()
    assert "never-was" not in console.page.evaluate(_STORED)
    console.page.go_back()
    expect(console.page.get_by_label("Password")).to_be_visible()

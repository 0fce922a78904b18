"""The frame of the console as people use it: by label, by keyboard, and without script."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import SignIn, assert_accessible
from tests.conftest import Cast

PAGES = (
    "/tenants/", "/tenants/acme/", "/tenants/acme/settings/", "/tenants/acme/advanced/", "/tenants/acme/orgs/new/",
    "/tenants/acme/orgs/tnt/", "/tenants/acme/orgs/tnt/advanced/", "/tenants/acme/orgs/tnt/workspaces/",
    "/tenants/acme/orgs/tnt/workspaces/fireworks/advanced/", "/profile/", "/account/2fa/", "/account/sessions/",
    "/account/email/", "/account/password/change/", "/account/logout/",
)  # fmt: skip
SIGNED_OUT = ("/account/login/", "/account/password/reset/", "/account/signup/")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 740}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible_in_every_look(people: Cast, sign_in: SignIn, look: str) -> None:
    signed_in, signed_out = sign_in(people.tenant_owner, **LOOKS[look]), sign_in(None, **LOOKS[look])
    for page, paths in ((signed_in, PAGES), (signed_out, SIGNED_OUT)):
        for path in paths:
            page.goto(path)
            assert_accessible(page)


def test_the_documented_way_to_tenant_settings(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner)
    page.goto("/tenants/acme/orgs/tnt/")
    page.get_by_role("button", name="Switch tenant").click()
    page.get_by_role("dialog").get_by_role("link", name="acme").click()
    page.get_by_role("link", name="Tenant Settings").click()
    expect(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Organizations")).to_be_visible()
    page.get_by_role("button", name="Switch tenant").click()
    expect(page.get_by_role("dialog").get_by_role("link", name="Tenant Settings")).to_be_visible()
    assert_accessible(page)


def test_a_switcher_is_used_by_keyboard_alone(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner)
    page.goto("/tenants/acme/orgs/tnt/")
    button = page.get_by_role("button", name="Switch organization")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="Find an organization")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("searchbox", name="Find an organization")).to_be_focused()
    page.keyboard.type("ops")
    page.keyboard.press("Enter")  # before the answer may have come
    page.wait_for_url("**/orgs/ops/")


def test_the_search_is_in_the_address_and_survives_a_reload(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner)
    page.goto("/tenants/acme/orgs/tnt/")
    page.keyboard.press("/")
    page.keyboard.type("fire")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=fire$"))
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)


def test_save_waits_for_a_change_and_the_focus_goes_to_what_is_wrong(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner)
    page.goto("/tenants/acme/orgs/tnt/advanced/")
    save, handle = page.get_by_role("button", name="Save"), page.get_by_label("Handle")
    expect(save).to_be_disabled()
    handle.fill("ops")
    expect(page.get_by_text("“ops” is taken by another organization.")).to_be_visible()
    save.click()
    expect(handle).to_be_focused()
    expect(handle).to_have_value("ops")
    expect(save).to_be_enabled()


def test_the_theme_changes_at_once_and_stays(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner, color_scheme="light")
    page.goto("/profile/")
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Use the dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_list_of_somebody_who_was_signed_out_becomes_the_sign_in_page(people: Cast, sign_in: SignIn) -> None:
    page = sign_in(people.tenant_owner)
    page.goto("/tenants/acme/")
    page.context.clear_cookies()
    page.get_by_role("searchbox").press_sequentially("x")
    page.wait_for_url("**/account/login/?next=/tenants/acme/")


def test_everything_works_without_script(people: Cast, sign_in: SignIn) -> None:
    page: Page = sign_in(None, java_script_enabled=False)
    page.goto("/tenants/acme/")
    page.get_by_label("Email address").fill("tenant-owner@example.com")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Switch organization").click()
    page.get_by_role("main").get_by_role("link", name="tnt").click()
    page.get_by_role("link", name="New Workspace").click()
    page.get_by_label("Handle").fill("tunnels")
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    expect(page.get_by_label("Handle")).to_have_value("tunnels")
    page.get_by_label("Name").fill("Tunnels")
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_text("Created acme/tnt/tunnels.")).to_be_visible()
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

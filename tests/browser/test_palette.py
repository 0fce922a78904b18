"""The search of everything: the palette by keyboard and by pointer, and its page without script."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.conftest import Cast

ORG = "/tenants/acme/orgs/tnt/"


def box(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Search").get_by_role("combobox")


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+K")
    expect(box(page)).to_be_focused()
    expect(page.locator("#palette-found")).to_have_attribute("data-found", box(page).input_value())


def test_an_account_is_reached_from_anywhere_by_keyboard_alone(visit: Visit, people: Cast, synced: str) -> None:
    page = visit(people.org_owner).open(f"{ORG}workspaces/fireworks/people/").page
    open_palette(page)
    page.keyboard.type("ledger")
    page.keyboard.press("Enter")  # before the answer may have come
    expect(page.get_by_role("heading", level=1)).to_have_text("ledger")
    open_palette(page)
    page.keyboard.type("web-")
    expect(page.get_by_role("option", name="web-dev")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    second = page.get_by_role("option", name="web-prod")
    expect(second).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", second.get_attribute("id") or "-")
    for _ in range(2):
        page.keyboard.press("ArrowUp")  # around
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("web-prod")


def test_it_gives_the_focus_back_and_opens_as_it_was(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(f"{ORG}advanced/")
    page = console.page
    console.field("Handle").focus()
    open_palette(page)
    page.keyboard.type("fire")
    expect(page.get_by_role("option", name="fireworks")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Search")).to_be_hidden()
    expect(console.field("Handle")).to_be_focused()
    page.get_by_role("button", name="Search").click()
    expect(box(page)).to_have_value("fire")
    page.keyboard.type("rock")  # what stood there is selected
    expect(page.get_by_role("option", name="rockets")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Search")).to_be_focused()


def test_the_open_palette_is_for_everybody(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(ORG)
    page = console.page
    for text in ("", "prod", "no such thing"):
        open_palette(page)
        box(page).fill(text)
        expect(page.locator("#palette-found")).to_have_attribute("data-found", text)
        console.is_for_everybody()
        page.set_viewport_size({"width": 320, "height": 640})
        assert console.overflow() == 0
        page.set_viewport_size({"width": 1280, "height": 860})
        page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Search")).to_be_hidden()


def test_without_script_it_is_a_page_with_its_own_address(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner, java_script_enabled=False).open(ORG)
    console.follow("Search")
    console.page.get_by_role("searchbox").fill("card-vault")
    console.page.keyboard.press("Enter")
    expect(console.page).to_have_url(re.compile(r"/search/\?q=card-vault$"))
    console.sees("acme › tnt › Root / Workloads / Prod / Payments")
    console.page.get_by_role("link", name="card-vault").click()
    console.sees_heading("card-vault")


def test_on_the_page_of_the_search_the_shortcut_leads_to_its_box(visit: Visit, people: Cast) -> None:
    page = visit(people.org_owner).open(f"{ORG}search/?q=fire").page
    page.keyboard.press("Control+K")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("rock")
    expect(page.get_by_role("link", name="rockets")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=rock$"))

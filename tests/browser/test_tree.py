"""The tree: level by level, in place, by search, and with the keyboard."""

import re
from urllib.parse import quote_plus

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.fakes.aws import RunningAws


def test_folders_open_in_place_and_close_again(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    for folder in ("Workloads", "Prod", "Payments"):
        console.page.get_by_role("button", name=f"Show what is in {folder}").click()
    expect(console.link("ledger")).to_be_visible()
    console.is_for_everybody()
    console.page.get_by_role("button", name="Show what is in Workloads").click()
    expect(console.link("ledger")).to_be_hidden()


def test_folders_open_by_the_arrow_keys(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    console.page.get_by_role("button", name="Show what is in Sandbox").focus()
    console.page.keyboard.press("ArrowRight")
    expect(console.link("sandbox-ana")).to_be_visible()
    console.page.keyboard.press("ArrowLeft")
    expect(console.link("sandbox-ana")).to_be_hidden()
    console.page.keyboard.press("Tab")
    expect(console.link("Sandbox")).to_be_focused()
    console.page.keyboard.press("Enter")
    console.sees_heading("Sandbox")


def test_the_search_finds_by_name_handle_and_account_id_and_is_in_the_address(
    visit: Visit, people: Cast, aws: RunningAws, synced: str
) -> None:
    console = visit(people.org_owner).open(synced)
    for text in ("ledg", "aws_ledger", aws.organization.find_account("ledger").id, "R&D <"):
        console.page.keyboard.press("/")
        console.page.keyboard.type(text)
        found = "R&D <prototype>" if text.startswith("R") else "ledger"
        expect(console.link(found)).to_be_visible()
        asked = rf"q={re.escape(quote_plus(text))}$"
        console.page.wait_for_url(re.compile(asked.replace(r"\+", r"(\+|%20)")))
        console.page.reload()
        expect(console.link(found)).to_be_visible()
        expect(console.link("web-prod")).to_be_hidden()


def test_connections_of_the_organization_list_what_its_integrations_brought(
    visit: Visit, people: Cast, synced: str
) -> None:
    console = visit(people.org_owner).open("/tenants/acme/orgs/tnt/")
    console.tab("Connections")
    console.sees("tnt > awsi")
    console.page.get_by_role("searchbox", name="Find a folder or connection…").fill("card")
    console.follow("card-vault")
    console.sees_heading("card-vault")
    console.sees("aws_card_vault")

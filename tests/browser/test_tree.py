"""The tree: level by level, in place, by search, and with the keyboard."""

import re
from urllib.parse import quote_plus

from django.utils import timezone
from playwright.sync_api import expect

from connections import sharing
from connections.models import Connection, Folder
from integrations.models import Integration
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from workspaces import isolation


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


def test_the_keys_walk_through_the_rows_and_the_tab_order_stays(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    press = console.page.keyboard.press

    def at(name: str) -> None:
        expect(console.link(name)).to_be_focused()

    console.link("Sandbox").focus()
    press("ArrowRight")
    expect(console.link("sandbox-ana")).to_be_visible()
    press("ArrowRight")
    at("日本")  # folders come first
    press("ArrowDown")
    press("ArrowDown")
    at("sandbox-ana")
    press("ArrowLeft")
    at("Sandbox")
    press("End")
    press("Home")
    at("Sandbox")
    press("w")
    at("Workloads")
    press("ArrowUp")
    at("sandbox-ana")
    press("ArrowLeft")
    press("ArrowLeft")
    expect(console.link("sandbox-ana")).to_be_hidden()
    at("Sandbox")
    row = console.page.get_by_role("listitem").filter(has=console.link("Sandbox")).first
    for link in row.get_by_role("link", name=re.compile("[0-9] (folder|connection)")).all():
        press("Tab")
        expect(link).to_be_focused()
    press("Tab")
    expect(console.page.get_by_role("link", name="Settings of Sandbox")).to_be_focused()
    press("Control+ArrowDown")  # no key of ours
    expect(console.page.get_by_role("link", name="Settings of Sandbox")).to_be_focused()
    console.is_for_everybody()


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


def test_adding_a_folder_to_the_schema_is_seen_on_every_row(visit: Visit, people: Cast, synced: str) -> None:
    with isolation.as_tenant(people.acme.pk):
        sharing.set_grants(Folder.objects.get(title="Root"), [people.at_org])
    console = visit(people.org_owner).open("/tenants/acme/orgs/tnt/workspaces/fireworks/connections/?q=prod")
    row = console.page.get_by_role("listitem").filter(has=console.link("web-prod")).last
    expect(row).to_contain_text("Add to schema")
    console.page.get_by_role("button", name=re.compile("^Add to schema ?: Prod$")).click()
    expect(row).to_contain_text("from folder Prod")
    assert console.clipped() == []
    console.open("/tenants/acme/orgs/tnt/workspaces/fireworks/connections/")
    for folder in ("Root", "Workloads", "Prod"):
        console.page.get_by_role("button", name=f"Show what is in {folder}").click()
    expect(row).to_contain_text("from folder Prod")
    console.page.get_by_role("button", name=re.compile("^Remove from schema ?: Prod$")).click()
    expect(row).to_contain_text("Add to schema")


def test_rows_are_chosen_one_by_one_by_range_and_all_that_match(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open("/tenants/acme/orgs/tnt/connections/?kind=connection&sort=handle")
    bar, boxes = (
        console.page.locator("#choose"),
        console.page.get_by_role("checkbox", name=re.compile("^Choose (?!all)")),
    )
    expect(bar).to_be_hidden()
    expect(console.page.get_by_role("columnheader", name="Name and handle")).to_have_attribute("aria-sort", "ascending")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 chosen")
    console.is_for_everybody()
    bar.get_by_role("checkbox", name=re.compile("^Select all [0-9]+ that match")).check()
    expect(bar).not_to_contain_text("3 chosen")
    bar.get_by_role("button", name="Permissions").click()
    console.page.get_by_role("radio", name="All Workspaces").check()
    console.is_for_everybody()
    console.page.get_by_role("button", name="Continue").click()
    with isolation.as_tenant(people.acme.pk):
        number = Connection.objects.count()
    console.sees_heading(f"Share {number} connections")
    console.is_for_everybody()
    console.page.get_by_role("button", name=f"Share {number} connections").click()
    console.sees(f"Shared {number} connections.")
    assert console.path.endswith("?kind=connection&sort=handle")


def test_what_is_gone_meanwhile_goes_from_the_page_when_it_is_touched(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    console.watch.allow(404)
    opener = console.page.get_by_role("button", name="Show what is in Sandbox")
    expect(opener).to_be_visible()
    with isolation.as_tenant(people.acme.pk):
        Folder.objects.filter(title="Sandbox").update(removed_at=timezone.now())
    opener.click()
    expect(console.link("Sandbox")).to_have_count(0)
    console.sees("Workloads")

    console.tab("Advanced")
    with isolation.as_tenant(people.acme.pk):
        Integration.objects.update(state=Integration.State.DELETING)
    console.follow("Delete Integration")
    console.sees_heading("There is no such page")
    expect(console.page.get_by_role("dialog")).to_be_hidden()


def test_a_server_that_does_not_answer_is_said_in_sight(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    console.page.route("**/*inside*", lambda route: route.fulfill(status=502))
    console.watch.allow(502)
    opener = console.page.get_by_role("button", name="Show what is in Sandbox")
    opener.click()
    notice = console.page.get_by_text("The server could not do this. Try again in a moment.")
    expect(notice).to_be_in_viewport()
    expect(opener).to_have_attribute("aria-expanded", "false")
    console.page.unroute("**/*inside*")
    opener.click()
    expect(console.link("sandbox-ana")).to_be_visible()
    expect(notice).to_be_hidden()

"""After an error the focus is on the first field that is wrong, with script and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.given import draft_before
from tests.conftest import Cast

ORG = "/tenants/acme/orgs/tnt/"
BOTH = pytest.mark.parametrize("has_script", [True, False], ids=["script", "plain"])


def first_wrong(console: Console, label: str, sentence: str) -> None:
    assert sentence in console.complaint_at(label)


@BOTH
def test_of_the_two_cards_of_an_integrations_config(visit: Visit, people: Cast, synced: str, has_script: bool) -> None:
    console = visit(people.org_owner, java_script_enabled=has_script).open(synced + "config/")
    discovery = console.page.locator("form#discovery")
    console.fill("Role ARN", "arn:aws:s3:::a-bucket")
    discovery.get_by_role("button", name="Save").click()
    first_wrong(console, "Role ARN", "not that of an IAM role")
    console.open(synced + "config/")
    connection = console.page.locator("form#connection")
    console.fill("Role Name", "pipes connection")
    console.page.get_by_text("Advanced Options").last.click()
    console.fill("Max Retry Attempts", "0")
    connection.get_by_role("button", name="Save").click()
    first_wrong(console, "Role Name", "no spaces")
    expect(console.page.locator("[aria-invalid='true']")).to_have_count(2)


@BOTH
def test_of_the_wizard_and_of_ordinary_forms(visit: Visit, people: Cast, has_script: bool) -> None:
    console = visit(people.org_owner, java_script_enabled=has_script).open(draft_before("connection", people))
    console.fill("Handle Prefix", "1st_")
    console.fill("Role Name", "pipes connection")
    console.press("Next")
    first_wrong(console, "Handle Prefix", "Start with a lower-case letter")
    console.open(ORG + "connections/folders/new/")
    console.fill("Handle", "Not a handle")
    console.page.get_by_role("main").get_by_role("button").last.click()
    first_wrong(console, "Handle", "Start with a lower-case letter")
    console.open(ORG + "workspaces/new/")
    console.fill("Handle", "fine")
    console.press("Create workspace")
    first_wrong(console, "Name", "Enter a name.")


@BOTH
def test_of_a_choice_that_was_not_made(visit: Visit, people: Cast, has_script: bool) -> None:
    console = visit(people.org_owner, java_script_enabled=has_script).open(draft_before("permissions", people))
    console.press("Create Integration")
    sentence = console.page.locator("p", has_text="Select who may use what this integration discovers.")
    choice = console.page.get_by_role("radio", name="All Workspaces")
    expect(choice if has_script else sentence).to_be_focused()

"""Choosing which accounts an integration mirrors, by mouse and keyboard."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.test_every_page import look_at
from tests.conftest import Cast


def tick(console: Console, name: str) -> Locator:
    """Find the tick box of an OU or account."""
    return console.page.get_by_role("checkbox", name=re.compile(rf"^{re.escape(name)} "))


def test_an_owner_leaves_an_ou_out_but_for_one_account_in_it(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced)
    console.tab("Config")
    console.sees("All accounts, now and later.")
    console.press("Change")
    console.press("Show what is in Workloads")
    console.press("Show what is in Prod")
    expect(tick(console, "Payments")).to_have_attribute("aria-checked", "true")
    tick(console, "Workloads").click()
    expect(tick(console, "Payments")).to_have_attribute("aria-checked", "false")
    expect(tick(console, "Root")).to_have_attribute("aria-checked", "mixed")
    console.sees("but for OU Workloads")
    tick(console, "Payments").focus()
    console.page.keyboard.press("Space")
    expect(tick(console, "Payments")).to_have_attribute("aria-checked", "true")
    expect(tick(console, "Payments")).to_be_focused()
    expect(tick(console, "Workloads")).to_have_attribute("aria-checked", "mixed")
    console.sees("Mirrored nevertheless: OU Payments")
    console.sees(re.compile(r"Saving removes \d+ folders and connections"))
    assert not look_at(console)
    console.press("Save")
    console.sees("Saved the accounts that awsi mirrors.")
    console.tab("Connections")
    console.sees("the others were left out by choice")
    console.page.get_by_role("searchbox").last.fill("ledger")
    expect(console.link("ledger")).to_be_visible()


def test_accounts_are_chosen_without_script(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner, java_script_enabled=False).open(f"{synced}config/")
    console.press("Change")
    for _ in range(100):
        if tick(console, "Root").count():
            break
        console.page.wait_for_timeout(100)
        console.open(f"{synced}config/accounts/")
    console.press("Show what is in Sandbox")
    tick(console, "sandbox-ana").click()
    console.sees("but for account sandbox-ana")
    expect(tick(console, "Sandbox")).to_have_attribute("aria-checked", "mixed")
    console.press("Root")
    expect(tick(console, "Workloads")).to_have_attribute("aria-checked", "true")
    console.press("Save")
    console.sees("Saved the accounts that awsi mirrors.")

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


def wait_for_the_tree(console: Console, url: str) -> None:
    """Look again until the tree has been read, as nothing else does without script."""
    for _ in range(100):
        if tick(console, "Root").count():
            return
        console.page.wait_for_timeout(100)
        console.open(url)


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
    console.sees("Saving removes 4 folders and connections")  # of the choice before it were more
    assert not look_at(console)
    console.page.get_by_role("button", name=re.compile("^Save and remove ")).click()
    console.sees("Saved the accounts that awsi mirrors.")
    console.tab("Connections")
    console.sees("the others were left out by choice")
    console.page.get_by_role("searchbox").last.fill("ledger")
    expect(console.link("ledger")).to_be_visible()


def test_accounts_are_chosen_without_script(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner, java_script_enabled=False).open(f"{synced}config/")
    console.press("Change")
    wait_for_the_tree(console, f"{synced}config/accounts/")
    console.press("Show what is in Sandbox")
    tick(console, "sandbox-ana").click()
    console.sees("but for account sandbox-ana")
    expect(tick(console, "Sandbox")).to_have_attribute("aria-checked", "mixed")
    console.press("Root")
    expect(tick(console, "Workloads")).to_have_attribute("aria-checked", "true")
    console.page.get_by_role("button", name=re.compile("^Save and remove ")).click()
    console.sees("Saved the accounts that awsi mirrors.")


def test_an_account_is_found_by_keyboard_and_ticked(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(f"{synced}config/")
    console.press("Change")
    expect(tick(console, "Root")).to_be_visible()
    console.page.locator("h1").click()
    console.page.keyboard.press("/")
    box = console.page.get_by_role("searchbox", name="Find an account or OU")
    expect(box).to_be_focused()
    console.page.keyboard.type("ledger")
    expect(console.page.locator("#matches")).to_contain_text("1 match for “ledger”.")
    expect(box).to_be_focused()
    expect(console.page).to_have_url(re.compile(r"\?q=ledger$"))
    expect(console.page.get_by_role("checkbox")).to_have_count(5)
    tick(console, "ledger").click()
    expect(tick(console, "Payments")).to_have_attribute("aria-checked", "mixed")
    expect(tick(console, "Root")).to_have_attribute("aria-checked", "mixed")
    console.sees("but for account ledger")
    assert not look_at(console)
    console.page.reload()
    expect(tick(console, "ledger")).to_have_attribute("aria-checked", "false")
    box.fill("no such account")
    console.sees("No account or OU has “no such account” in its name or ID.")
    box.fill("")
    expect(tick(console, "Sandbox")).to_have_attribute("aria-checked", "true")
    expect(tick(console, "ledger")).to_have_count(0)


def test_an_account_is_found_without_script(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner, java_script_enabled=False).open(f"{synced}config/")
    console.press("Change")
    wait_for_the_tree(console, f"{synced}config/accounts/")
    tick(console, "Sandbox").click()
    console.page.get_by_role("searchbox").last.fill("ledger")
    console.page.keyboard.press("Enter")
    expect(console.page).to_have_url(re.compile(r"\?q=ledger$"))
    tick(console, "ledger").click()
    expect(tick(console, "ledger")).to_have_attribute("aria-checked", "false")
    console.sees("but for OU Sandbox")
    console.sees("and account ledger")

"""The frame of the console as people use it: by label, by keyboard, and without script."""

import re

from playwright.sync_api import Dialog, Route, expect

from tests import factories
from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.conftest import Cast


def test_the_documented_way_to_tenant_settings(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/")
    console.switch("tenant", "acme")
    console.follow("Tenant Settings")
    expect(console.page.get_by_role("navigation").get_by_role("link", name="Organizations")).to_be_visible()
    expect(console.opened_switcher("tenant").get_by_role("link", name="Tenant Settings")).to_be_visible()
    console.is_for_everybody(but=("target-size",))  # the open menu covers some of the tabs
    for who, tenant in ((people.tenant_member, "acme"), (people.stranger, "globex")):  # no owner; on the Team plan
        menu = visit(who).open(f"/tenants/{tenant}/").opened_switcher("tenant")
        expect(menu.get_by_role("link", name=tenant)).to_be_visible()
        expect(menu.get_by_role("link", name="Tenant Settings")).to_have_count(0)


def test_a_switcher_is_used_by_keyboard_alone(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/").page
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


# Types and then presses keys at the very moment in which the box has the focus, before any answer can have come.
_TYPE_AT_ONCE = """
    keys => document.addEventListener("focusin", ({ target }) => {
        target.value = "ops";
        target.dispatchEvent(new Event("input", { bubbles: true }));
        for (const key of keys) {
            target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        }
        document.addEventListener("click", ({ target }) => document.body.dataset.taken = target.href);
    }, { once: true })
"""


def test_what_is_typed_into_a_switcher_at_once_is_looked_for(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/").page
    button = page.get_by_role("button", name="Switch organization")
    button.focus()
    page.evaluate(_TYPE_AT_ONCE, ["Enter"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/orgs/ops/")


def test_a_switcher_that_was_closed_takes_nobody_anywhere(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/").page
    button = page.get_by_role("button", name="Switch organization")
    button.focus()
    page.evaluate(_TYPE_AT_ONCE, ["Enter", "Escape"])
    page.keyboard.press("Enter")
    expect(page.locator("#switch-organization [data-found]")).to_have_attribute("data-found", "ops")
    expect(button).to_be_focused()
    expect(page.locator("body")).not_to_have_attribute("data-taken", re.compile(""))


def test_the_arrow_keys_walk_through_a_switcher(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/").page
    page.get_by_role("button", name="Switch organization").focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("dialog", name="Switch organization")
    expect(menu.get_by_role("searchbox")).to_be_focused()
    expect(menu.get_by_role("link")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("link", name="ops")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orgs/ops/")


def test_a_wizard_is_walked_by_keyboard_alone(visit: Visit, people: Cast) -> None:
    page = visit(people.org_owner).open("/tenants/acme/orgs/tnt/integrations/new/").page
    page.get_by_role("radio", name="AWS").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Handle").focus()
    page.keyboard.type("Not a handle")
    page.keyboard.press("Enter")  # means Next
    expect(page.get_by_text("Start with a lower-case letter")).to_be_visible()
    expect(page.get_by_label("Handle")).to_have_value("Not a handle")
    expect(page.get_by_label("Handle")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("awsi")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Discovery Settings")
    page.get_by_role("link", name="Cancel").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Cancel the integration?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()


def test_the_search_is_in_the_address_and_survives_a_reload(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/").page
    page.keyboard.press("/")
    page.keyboard.type("fire")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=fire$"))
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)


def test_save_waits_for_a_change_and_the_focus_goes_to_what_is_wrong(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/advanced/")
    save = console.page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    console.fill("Handle", "ops")
    expect(console.page.get_by_text("“ops” is taken by another organization.")).to_be_visible()
    save.click()
    assert "“ops” is taken by another organization." in console.complaint_at("Handle")
    expect(console.field("Handle")).to_have_value("ops")
    expect(save).to_be_enabled()


def test_what_would_do_instead_is_taken_over_by_one_press(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/advanced/")
    console.fill("Handle", "Ops")
    console.page.get_by_role("button", name=re.compile("^Use it ?: ops$")).click()
    expect(console.field("Handle")).to_be_focused()
    console.page.get_by_role("button", name=re.compile("^Use it ?: ops-2$")).click()
    expect(console.field("Handle")).to_have_value("ops-2")
    expect(console.page.get_by_text("ops-2 is free.")).to_be_visible()
    console.fill("Handle", "Ops")
    expect(console.page.get_by_role("button", name=re.compile("^Use it ?: ops$"))).to_be_visible()
    console.is_for_everybody()


def test_save_knows_of_what_was_typed_before_the_script_came(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner)
    held: list[Route] = []
    console.page.route("**/js/forms*.js", lambda route: held.append(route))
    with console.page.expect_request("**/js/forms*.js"):
        console.page.goto(f"{console.address}/tenants/acme/orgs/tnt/advanced/", wait_until="commit")
    console.fill("Handle", "early")
    held[0].continue_()
    console.page.wait_for_load_state()
    console.press("Save")
    expect(console.page).to_have_url(re.compile(r"/early/"))


def test_the_theme_changes_at_once_and_stays(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner, color_scheme="light").open("/profile/").page
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Use the dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_list_of_somebody_who_was_signed_out_becomes_the_sign_in_page(visit: Visit, people: Cast) -> None:
    page = visit(people.tenant_owner).open("/tenants/acme/").page
    page.context.clear_cookies()
    page.get_by_role("searchbox").press_sequentially("x")
    page.wait_for_url("**/account/login/?next=/tenants/acme/")


def test_places_are_made_and_left_without_script(visit: Visit, people: Cast) -> None:
    console = visit(java_script_enabled=False)
    console.sign_in(people.tenant_owner.email, factories.PASSWORD)
    console.switch("organization", "tnt")
    console.follow("New Workspace")
    console.fill("Handle", "tunnels")
    console.press("Create workspace")
    console.sees("Enter a name.")
    expect(console.field("Handle")).to_have_value("tunnels")
    console.fill("Name", "Tunnels")
    console.press("Create workspace")
    console.sees("Created acme/tnt/tunnels.")
    console.page.get_by_label("Your account").click()
    console.press("Dark")
    expect(console.page.locator("html")).to_have_attribute("data-theme", "dark")
    console.sign_out()
    expect(console.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_shortcuts_are_listed_but_not_while_somebody_types(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/advanced/")
    console.field("Name").focus()
    console.page.keyboard.type("?")
    expect(console.field("Name")).to_have_value(re.compile(r"^\?"))
    console.open("/tenants/acme/orgs/tnt/")
    console.page.keyboard.press("?")
    dialog = console.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Search places, integrations, folders and accounts")
    console.is_for_everybody()
    console.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_field_is_explained_in_place_and_what_is_typed_stays(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner).open("/tenants/acme/orgs/tnt/advanced/")
    console.fill("Handle", "rocketeers")
    console.link("Help: Handle").click()
    dialog = console.page.get_by_role("dialog", name="What a handle may look like")
    expect(dialog).to_contain_text("39 characters at most")
    console.is_for_everybody()
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(console.link("Help: Handle")).to_be_focused()
    expect(console.field("Handle")).to_have_value("rocketeers")


def questions(console: Console, *, leave: bool) -> list[str]:
    """Answer what the browser asks before a page is left; give what it has asked, as it comes."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if leave:
            dialog.accept()
        else:
            dialog.dismiss()

    console.page.on("dialog", answer)
    return asked


def test_what_was_changed_and_not_saved_asks_before_it_is_lost(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner, anew=True).open("/tenants/acme/orgs/tnt/advanced/")
    asked = questions(console, leave=False)
    console.fill("Name", "Other")
    console.page.get_by_role("link", name="People").click()
    console.sees_heading("Advanced")
    assert asked == ["beforeunload"]
    expect(console.field("Name")).to_have_value("Other")
    console.press("Save")
    console.sees("Saved")
    console.tab("People")
    assert asked == ["beforeunload"]


def test_what_was_changed_back_may_be_left(visit: Visit, people: Cast) -> None:
    console = visit(people.tenant_owner, anew=True).open("/tenants/acme/orgs/tnt/advanced/")
    asked = questions(console, leave=True)
    name = console.field("Name").input_value()
    console.fill("Name", "Other")
    console.fill("Name", name)
    console.tab("People")
    console.tab("Advanced")
    console.fill("Handle", "not a handle")
    console.press("Save")
    console.complaint_at("Handle")
    console.tab("People")  # what was refused is not saved either
    assert asked == ["beforeunload"]

"""A wizard loses nothing: back, reload, another tab, another day; and a double click makes one integration."""

from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import Visit
from tests.browser.given import ROLE_ARN, draft_at, draft_before, drafts, integrations, url_of
from tests.conftest import Cast


def test_back_previous_and_reload_lose_nothing(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("handle", people, handle="", role_arn=""))
    console.fill("Handle", "awsi")
    console.press("Next")
    console.fill("Role ARN", ROLE_ARN)
    console.press("Next")
    console.sees_heading("Connection Settings")
    console.fill("Handle Prefix", "aws_")
    console.press("Previous")  # saves what is typed
    console.sees_heading("Discovery Settings")
    console.page.reload()
    expect(console.field("Role ARN")).to_have_value(ROLE_ARN)
    console.press("Next")
    expect(console.field("Handle Prefix")).to_have_value("aws_")
    console.page.go_back()
    console.page.go_back()
    console.sees_heading("Connection Settings")
    console.page.go_forward()
    console.press("Next")
    console.sees_heading("Connection Settings")
    expect(console.field("Handle Prefix")).to_have_value("aws_")
    console.follow("Choose handle")
    expect(console.field("Handle")).to_have_value("awsi")


def test_a_draft_is_left_signed_out_of_and_taken_up_again(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("discovery", people, role_arn=""))
    console.fill("Role ARN", ROLE_ARN)
    console.press("Next")
    console.sees_heading("Connection Settings")
    console.sign_out()
    console.sign_in(people.org_owner.email, factories.PASSWORD)
    console.open("/tenants/acme/orgs/tnt/integrations/")
    console.is_for_everybody()
    console.follow("Continue")
    console.sees_heading("Connection Settings")
    console.press("Previous")
    expect(console.field("Role ARN")).to_have_value(ROLE_ARN)


def test_cancel_asks_and_can_keep_or_discard_the_draft(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("discovery", people))
    console.follow("Cancel")
    dialog = console.page.get_by_role("dialog", name="Cancel the integration?")
    expect(dialog).to_be_visible()
    console.is_for_everybody()
    console.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    console.follow("Cancel")
    console.follow("Keep the draft")
    expect(dialog).to_be_hidden()
    assert drafts(people) == 1
    console.follow("Cancel")
    console.press("Discard the draft")
    console.sees("The integration was not created.")
    assert drafts(people) == 0


def test_a_double_click_creates_one_integration(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("permissions", people))
    console.page.get_by_role("radio", name="No Permissions").check()
    console.page.get_by_role("button", name="Create Integration").dblclick()
    console.sees_heading("awsi")
    assert integrations(people) == ["awsi"]


def test_two_tabs_make_one_integration(visit: Visit, people: Cast) -> None:
    url = draft_before("permissions", people)
    console = visit(people.org_owner).open(url)
    other = console.in_new_tab().open(url)
    for tab in (console, other):
        tab.page.get_by_role("radio", name="No Permissions").check()
        tab.press("Create Integration")
        tab.sees_heading("awsi")
        assert tab.path == "/tenants/acme/orgs/tnt/integrations/awsi/"
    assert integrations(people) == ["awsi"]


def test_two_wizards_in_two_tabs_do_not_disturb_each_other(visit: Visit, people: Cast) -> None:
    first, second = draft_at("handle", people, handle=""), draft_at("handle", people, handle="")
    console = visit(people.org_owner).open(url_of(first, "handle"))
    other = console.in_new_tab().open(url_of(second, "handle"))
    for tab, handle in ((console, "one"), (other, "two")):
        tab.fill("Handle", handle)
        tab.press("Next")
        tab.sees_heading("Discovery Settings")
    for tab, handle in ((console, "one"), (other, "two")):
        tab.follow("Choose handle")
        expect(tab.field("Handle")).to_have_value(handle)


def test_a_rotated_external_id_replaces_the_old_one_everywhere_on_the_page(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("discovery", people, role_arn=""))
    console.fill("Role ARN", ROLE_ARN)
    old = console.field("External ID").input_value()
    lines = console.page.locator("summary", has_text="Or paste lines into a shell")
    lines.click()
    console.press("Rotate")
    expect(console.field("External ID")).not_to_have_value(old)
    console.sees("The External ID is new")
    assert old not in console.page.content()
    expect(console.page.get_by_text("terraform init")).to_be_visible()  # what was opened stays open
    assert console.field("External ID").input_value() in console.download("Download Terraform Plan")[1]
    expect(console.field("Role ARN")).to_have_value(ROLE_ARN)

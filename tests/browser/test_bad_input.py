"""Bad input gets a sentence at its field, which has the focus; everything that was typed stays."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.given import draft_before
from tests.conftest import Cast


def refused(console: Console, label: str, typed: str, reason: str) -> None:
    """Type something wrong, press Next, and find the error there."""
    console.fill(label, typed)
    console.press("Next")
    assert reason in console.complaint_at(label)
    if label != "Secret Key":  # a password is never sent back
        expect(console.field(label)).to_have_value(typed)


def test_a_malformed_or_taken_handle_is_refused_at_its_field(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(draft_before("handle", people, handle=""))
    refused(console, "Handle", "", "Enter a handle")
    refused(console, "Handle", "My AWS", "Start with a lower-case letter")
    console.is_for_everybody()
    refused(console, "Handle", "awsi", "unique over the whole tenant")
    console = visit(people.tenant_owner).open(draft_before("handle", people, scope=people.at_tenant, handle=""))
    refused(console, "Handle", "awsi", "unique over the whole tenant, organizations included")


def test_a_handle_is_checked_as_one_types(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(draft_before("handle", people, handle=""))
    console.field("Handle").press_sequentially("awsi")
    console.sees("unique over the whole tenant")
    expect(console.field("Handle")).to_be_focused()
    console.field("Handle").press_sequentially("-2")
    expect(console.page.get_by_text("unique over the whole tenant, organizations")).to_be_hidden()


def test_a_role_arn_that_cannot_be_right_is_refused_before_any_call(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("discovery", people, role_arn=""))
    refused(console, "Role ARN", "", "Enter the ARN")
    refused(console, "Role ARN", "arn:aws:iam::12345:role/pipes", "exactly 12 digits")
    refused(console, "Role ARN", "arn:aws:iam::123456789012:user/pipes", "not that of an IAM role")
    refused(console, "Role ARN", "arn:aws:s3:::a-bucket", "not that of an IAM role")
    refused(console, "Role ARN", "arn:aws-cn:iam::123456789012:role/pipes", "partition aws-cn")
    console.is_for_everybody()


def test_half_a_key_pair_is_refused(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("discovery", people, role_arn=""))
    console.field("Access Mode").select_option("Access Key")
    refused(console, "Access Key", "akia", "capital letters")
    console.fill("Access Key", "AKIAIOSFODNN7EXAMPLE")
    refused(console, "Secret Key", "", "Enter the secret key that belongs to this access key")
    refused(console, "Secret Key", "too-short", "exactly 40")
    expect(console.field("Access Key")).to_have_value("AKIAIOSFODNN7EXAMPLE")
    expect(console.field("Secret Key")).to_have_value("")


def test_a_bad_prefix_an_unknown_region_and_impossible_options_are_refused(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("connection", people))
    refused(console, "Handle Prefix", "1st_", "Start with a lower-case letter")
    console.fill("Handle Prefix", "aws_")
    refused(console, "Role Name", "pipes connection", "no spaces")
    console.fill("Role Name", "pipes-connection")
    console.page.get_by_role("radio", name="Specific regions").check()
    refused(console, "More regions, or patterns", "mars-north-1", "AWS has no region")
    expect(console.field("Handle Prefix")).to_have_value("aws_")
    console.fill("More regions, or patterns", "eu-*")
    console.page.get_by_text("Advanced Options").click()
    refused(console, "Max Retry Attempts", "0", "at least 1")
    console.is_for_everybody()
    console.fill("Max Retry Attempts", "9")
    refused(console, "Ignore Error Codes", "Access!", "cannot be an error code")


def test_no_choice_of_permissions_is_refused(visit: Visit, people: Cast) -> None:
    console = visit(people.org_owner).open(draft_before("permissions", people))
    console.press("Create Integration")
    console.sees("Select who may use what this integration discovers.")
    console.page.get_by_role("radio", name="Specific Workspaces").check()
    console.press("Create Integration")
    console.sees("Select at least one of them, or No Permissions.")
    expect(console.page.get_by_role("radio", name="Specific Workspaces")).to_be_checked()
    console.is_for_everybody()


def test_a_button_outside_of_its_form_cannot_be_pressed_twice(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_owner).open(synced + "notifications/")
    button = console.page.get_by_role("button", name="Send a Test Email")
    button.evaluate("""button => addEventListener("submit", () => setTimeout(() => {
        sessionStorage.setItem("is-disabled", button.disabled);
    }))""")
    button.click()
    console.sees("A test is on its way")
    assert console.page.evaluate("sessionStorage.getItem('is-disabled')") == "true"

"""A form that cannot be sent keeps what was typed, says what happened, and shows no answer of another question."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from connections import sharing
from connections.models import Folder
from tests import factories
from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.browser.given import ROLE_ARN, draft_before
from tests.conftest import Cast
from workspaces import isolation

OTHER = "arn:aws:iam::123456789012:role/another"
REFUSED = "AWS refused AssumeRole"
KEPT = "What you entered is still here."

Happens = Callable[[Console], None]


@pytest.fixture
def tested(visit: Visit, people: Cast) -> Console:
    """Discovery Settings after a test of one role, with another one typed."""
    console = visit(people.org_owner).open(draft_before("discovery", people, role_arn=""))
    console.fill("Role ARN", ROLE_ARN)
    console.press("Test Discovery")
    console.sees(REFUSED)
    console.fill("Role ARN", OTHER)
    return console


def signs_in_anew(console: Console, email: str) -> None:
    other = console.in_new_tab()
    other.open("/")
    other.sign_out()
    other.sign_in(email, factories.PASSWORD)
    other.sees_heading()


def keeps(console: Console, *sentences: str) -> None:
    """Make sure that the page says so where the answer would be, and that nothing typed or earlier is lost or left."""
    notice = console.page.get_by_role("alert")
    for sentence in sentences:
        expect(notice).to_contain_text(sentence)
    expect(notice).to_contain_text(KEPT)
    expect(notice).to_be_focused()
    expect(console.field("Role ARN")).to_have_value(OTHER)
    expect(console.page.get_by_role("main")).not_to_contain_text(REFUSED)
    console.is_for_everybody()


def test_who_signed_in_anew_in_another_tab_sends_it_again(tested: Console, people: Cast) -> None:
    signs_in_anew(tested, people.org_owner.email)
    tested.watch.allow(403)
    tested.press("Test Discovery")
    keeps(tested, "you have signed in or out in another tab", "Send it again.")
    tested.press("Test Discovery")
    tested.sees(REFUSED)
    expect(tested.page.get_by_text(KEPT)).to_be_hidden()
    tested.press("Next")
    tested.page.reload()
    expect(tested.field("Role ARN")).to_have_value(OTHER)


def test_who_signed_out_in_another_tab_signs_in_and_sends_it_again(tested: Console, people: Cast) -> None:
    other = tested.in_new_tab()
    other.open("/")
    other.sign_out()
    tested.press("Test Discovery")
    keeps(tested, "you are signed out")
    with tested.page.context.expect_page() as opened:
        tested.page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    sign_in = Console(opened.value, tested.address, tested.watch)
    sign_in.fill("Email address", people.org_owner.email)
    sign_in.fill("Password", factories.PASSWORD)
    sign_in.press("Sign in")
    sign_in.sees_heading()
    tested.watch.allow(403)
    tested.press("Test Discovery")
    keeps(tested, "Send it again.")
    tested.press("Test Discovery")
    tested.sees(REFUSED)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "The server could not do this. "),
        (503, "The server cannot reach its database"),
        (429, "too many requests came from you"),
        (403, "you may not do this any more"),
        (404, "is not there any more"),
        (0, "The server did not answer."),
    ],
)
def test_what_is_refused_or_lost_on_the_way_keeps_what_was_typed(tested: Console, status: int, sentence: str) -> None:
    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
        elif status:
            route.fulfill(status=status)
        else:
            route.abort()

    tested.watch.allow(status)
    tested.watch.allow_lost_requests()
    tested.page.route("**/discovery/", refuse)
    tested.press("Test Discovery")
    keeps(tested, sentence)
    tested.press("Next")
    keeps(tested, sentence)


def test_a_page_that_looks_for_news_does_not_lose_what_is_typed_when_the_session_ends(
    visit: Visit, people: Cast
) -> None:
    console = visit(people.org_owner).open(draft_before("handle", people, handle=""))
    console.fill("Handle", "mine")
    console.sees("mine is free.")
    console.page.context.clear_cookies()
    console.field("Handle").press_sequentially("-too")
    expect(console.page.get_by_role("alert")).to_contain_text("you are signed out")
    expect(console.field("Handle")).to_have_value("mine-too")
    expect(console.field("Handle")).to_be_focused()


def test_a_button_of_a_list_says_it_at_the_edge_of_the_page(visit: Visit, people: Cast, synced: str) -> None:
    with isolation.as_tenant(people.acme.pk):
        sharing.set_grants(Folder.objects.get(title="Root"), [people.at_org])
    console = visit(people.org_owner).open(people.at_workspace.url("connection_list"))
    signs_in_anew(console, people.org_owner.email)
    console.watch.allow(403)
    add = console.page.get_by_role("button", name=re.compile("^Add to schema ?: Root$"))
    add.click()
    notice = console.page.get_by_text("you have signed in or out in another tab")
    expect(notice).to_be_in_viewport()
    add.click()
    expect(console.page.get_by_role("button", name=re.compile("^Remove from schema ?: Root$"))).to_be_visible()
    expect(notice).to_be_hidden()

"""Strangers learn nothing; members without the power learn why."""

from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import Visit
from tests.browser.given import draft_at, url_of
from tests.conftest import Cast


def test_a_strangers_urls_lead_nowhere(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.stranger)
    console.watch.allow(404)
    draft = draft_at("discovery", people)
    secret = {"/tenants/acme/", synced, f"{synced}config/", f"{synced}processes/", url_of(draft, "discovery")}
    for path in sorted(secret | {"/tenants/acme/orgs/tnt/connections/", "/tenants/acme/orgs/tnt/people/"}):
        console.open(path)
        assert console.page.title().startswith("Not found") or "404" in console.page.content(), path
        expect(console.page.get_by_role("main")).not_to_contain_text("awsi")
    console.is_for_everybody()


def test_a_member_is_told_why_integrations_are_not_theirs(visit: Visit, people: Cast, synced: str) -> None:
    console = visit(people.org_member)
    console.watch.allow(403)
    for path in ("/tenants/acme/orgs/tnt/integrations/", synced, "/tenants/acme/orgs/tnt/connections/"):
        console.open(path)
        console.sees("You need to be an owner of acme/tnt for this.")
    console.is_for_everybody()


def test_somebody_who_is_signed_out_comes_back_to_where_they_wanted_to_go(
    visit: Visit, people: Cast, synced: str
) -> None:
    console = visit().open(synced)
    console.fill("Email address", people.org_owner.email)
    console.fill("Password", "not-the-password")
    console.press("Sign in")
    expect(console.page.get_by_role("alert")).to_contain_text("not correct")
    expect(console.field("Email address")).to_have_value(people.org_owner.email)
    console.is_for_everybody()
    console.fill("Password", factories.PASSWORD)
    console.press("Sign in")
    console.sees_heading("awsi")
    assert console.path == synced


def test_where_the_plan_allows_no_integration_the_page_says_so(visit: Visit, people: Cast) -> None:
    console = visit(people.stranger).open("/tenants/globex/integrations/")
    console.sees("needs the Enterprise plan")
    expect(console.page.get_by_role("link", name="New Integration")).to_have_count(0)
    console.is_for_everybody()

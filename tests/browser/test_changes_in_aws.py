"""What changes in AWS shows up: when somebody asks for it, and by itself."""

import threading

from playwright.sync_api import expect

from integrations.models import Integration, SyncSchedule
from tests.browser import walks
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from workspaces import isolation


def test_accounts_that_are_created_renamed_moved_suspended_and_closed_appear_after_sync_integration(
    visit: Visit, people: Cast, aws: RunningAws, synced: str
) -> None:
    organization = aws.organization
    console = visit(people.org_owner).open(synced)
    tree = console.page.get_by_role("main")

    def look_at(text: str) -> None:
        """Find the one row that the search for it leaves."""
        console.open(f"{synced}?q={text}")
        expect(console.page.get_by_role("link", name=text, exact=True)).to_be_visible()

    newcomer = organization.create_account("media-prod")
    walks.sync(console, synced, changes="1")
    look_at("media-prod")
    expect(tree).to_contain_text("aws_media_prod")

    organization.rename(newcomer.id, "media")
    walks.sync(console, synced, changes="1")
    look_at("media")
    expect(tree).not_to_contain_text("media-prod")

    organization.move("media", "Payments")
    walks.sync(console, synced, changes="1")
    look_at("media")
    expect(tree).to_contain_text("Payments")

    organization.suspend("media")
    walks.sync(console, synced, changes="1")
    look_at("media")
    expect(tree).to_contain_text("Disabled: suspended")
    console.is_for_everybody()

    organization.close("media", now=True)
    walks.sync(console, synced, changes="1")
    console.open(f"{synced}?q=media")
    console.sees("Nothing in this integration")

    console.open(synced)
    console.follow("Details")
    console.sees("media")
    console.is_for_everybody()


def test_a_scheduled_sync_shows_up_without_anybody_asking(
    visit: Visit, people: Cast, aws: RunningAws, synced: str, dispatching: None
) -> None:
    console = visit(people.org_owner).open(synced)
    aws.organization.create_account("overnight")
    with isolation.as_tenant(people.acme.pk):
        due = SyncSchedule.objects.get(integration=Integration.objects.get(handle="awsi"))
        SyncSchedule.objects.filter(pk=due.pk).update(next_due_at=due.integration.created_at)
    for _ in range(60):  # somebody who reloads now and then
        if console.page.get_by_text("overnight", exact=True).count():
            break
        console.page.wait_for_timeout(300)
        console.page.reload()
    console.sees("aws_overnight")
    console.open(f"{synced}processes/")
    console.sees("Schedule")


def test_a_page_that_is_looked_at_hears_of_later_syncs_and_one_in_the_background_asks_nothing(
    visit: Visit, people: Cast, aws: RunningAws, synced: str
) -> None:
    owner = people.org_owner
    looked_at, worked_in, behind, other = (visit(who, anew=True) for who in (owner, owner, owner, people.tenant_owner))
    asked = []
    behind.page.on("request", lambda request: asked.append(request.url))
    behind.page.add_init_script("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
    for console in (looked_at, worked_in, behind):
        console.page.clock.install()
        console.open(synced)
    worked_in.page.get_by_role("button", name="Show what is in Sandbox").click()
    worked_in.sees("aws_sandbox_ana")
    worked_in.page.get_by_role("main").click(position={"x": 2, "y": 2})
    expect(behind.page.get_by_text("aws_web_prod")).to_have_count(0)
    aws.organization.create_account("overnight")
    other.open(synced).press("Sync Integration")
    walks.sees_synced(other)
    other.sees("aws_overnight")
    asked.clear()
    for console in (looked_at, worked_in, behind):
        console.page.clock.fast_forward(16_000)
    looked_at.sees("aws_overnight")
    worked_in.sees("aws_overnight")
    worked_in.sees("aws_sandbox_ana")  # what was opened is opened again
    worked_in.page.get_by_label("Choose overnight").check()
    aws.organization.create_account("at-noon")
    other.press("Sync Integration")
    other.sees("aws_at_noon")
    worked_in.page.clock.fast_forward(16_000)
    worked_in.sees("Something in the tree has changed.")
    expect(worked_in.page.get_by_label("Choose overnight")).to_be_checked()
    worked_in.link("Show it").click()
    worked_in.sees("aws_at_noon")
    assert [url for url in asked if "/static/" not in url] == []


def test_two_people_who_press_at_once_start_one_sync(visit: Visit, people: Cast, aws: RunningAws, synced: str) -> None:
    both_have_pressed = threading.Event()
    aws.faults.after_call("AssumeRole", 1, lambda: both_have_pressed.wait(15))
    consoles = [visit(who).open(f"{synced}advanced/") for who in (people.org_owner, people.tenant_owner)]
    for console in consoles:
        console.press("Sync Integration")
    consoles[1].sees("a second one is not needed")
    both_have_pressed.set()
    for console in consoles:
        walks.sees_synced(console)
    consoles[0].open(f"{synced}processes/")
    expect(consoles[0].page.get_by_role("table").get_by_role("link", name="Sync ")).to_have_count(2)

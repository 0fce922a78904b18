"""Everything works with script switched off."""

from playwright.sync_api import expect

from tests import factories
from tests.browser import walks
from tests.browser.conftest import Visit
from tests.browser.test_new_integrations import deploy_to
from tests.conftest import Cast
from tests.fakes.aws import RunningAws


def test_an_owner_makes_an_integration_without_script(visit: Visit, people: Cast, aws: RunningAws) -> None:
    console = visit(java_script_enabled=False)
    console.sign_in(people.tenant_owner.email, factories.PASSWORD)
    walks.to_integrations_of_organization(console, "tnt")
    walks.start(console)
    console.press("Next")
    console.sees("Enter a handle for the integration.")
    walks.choose_handle(console, "awsi")
    walks.use_role(console, deploy_to(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    walks.set_up_connections(console, deploy_to(aws), prefix="aws_")
    walks.give_permissions(console, "All Workspaces")
    walks.sees_synced(console)
    for folder in ("Workloads", "Prod", "Payments"):
        console.follow(folder)
        console.sees_heading(folder)
    console.sees("aws_ledger")
    aws.organization.rename("ledger", "general-ledger")
    walks.sync(console, "/tenants/acme/orgs/tnt/integrations/awsi/", changes="1")
    console.page.get_by_role("searchbox").last.fill("general")
    console.page.keyboard.press("Enter")
    expect(console.link("general-ledger")).to_be_visible()
    console.follow("general-ledger")
    console.sees("aws_general_ledger")


def test_a_wizard_is_cancelled_on_a_page_of_its_own_without_script(visit: Visit, people: Cast) -> None:
    console = visit(java_script_enabled=False)
    console.sign_in(people.org_owner.email, factories.PASSWORD)
    console.open("/tenants/acme/orgs/tnt/integrations/new/")
    console.press("Next")
    console.follow("Cancel")
    console.sees_heading("Cancel the integration?")
    console.press("Discard the draft")
    console.sees("The integration was not created.")
    expect(console.link("Continue")).to_have_count(0)

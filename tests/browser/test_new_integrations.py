"""The two walks of the documentation: an integration of an organization by role, and one of a tenant by key."""

from playwright.sync_api import expect

from tests import factories
from tests.browser import walks
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, reading_organizations


def deploy_to(aws: RunningAws) -> walks.Deploy:
    """Run templates in the management account."""
    return lambda template: aws.roles.deploy(template).outputs.get("RoleArn", "")


def test_an_owner_follows_the_documentation_and_sees_the_aws_organization_as_a_tree(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    console = visit()
    console.open("/")
    console.is_for_everybody()
    console.sign_in(people.tenant_owner.email, factories.PASSWORD)
    walks.to_integrations_of_organization(console, "tnt")
    console.is_for_everybody()
    walks.start(console)
    walks.choose_handle(console, "awsi")
    walks.use_role(console, deploy_to(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    console.sees(aws.organization.id)
    console.is_for_everybody()
    walks.set_up_connections(console, deploy_to(aws), prefix="aws_")
    console.is_for_everybody()
    walks.give_permissions(console, "All Workspaces")
    console.sees_heading("awsi")
    walks.sees_synced(console, changes="8")
    console.is_for_everybody()

    # The reload of the list is by script: nothing was pressed since.
    tree = console.page.get_by_role("main")
    expect(tree).to_contain_text("aws_management")
    for folder in ("Workloads", "Prod", "Payments"):
        console.follow(folder)
        console.sees_heading(folder)
    expect(tree).to_contain_text("aws_ledger")
    console.follow("card-vault")
    console.sees_heading("card-vault")
    console.sees("aws_card_vault")
    console.is_for_everybody()


def test_a_tenants_owner_makes_an_integration_by_access_key_through_tenant_settings(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    key = aws.roles.create_key("reader", reading_organizations())
    console = visit(people.tenant_owner).open("/")
    walks.to_integrations_of_tenant(console, "acme")
    walks.start(console)
    walks.choose_handle(console, "labs")
    walks.use_key(console, key.id, key.secret)
    walks.test_discovery(console, folders=6, accounts=8)
    assert key.secret not in console.page.content()
    walks.keep_connection_settings(console)
    walks.give_permissions(console, "All Organizations and their Workspaces")
    walks.sees_synced(console)
    assert console.path == "/tenants/acme/integrations/labs/"
    console.sees("Workloads")
    console.tab("Config")
    console.sees("Access Key")
    assert key.secret not in console.page.content()

"""The two walks of the documentation: an integration of an organization by role, and one of a tenant by key.

On its way each sets up the roles in both ways, by Automatic Setup and by Manual Setup.
"""

import json

from playwright.sync_api import expect

from tests import factories
from tests.browser import walks
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, reading_organizations
from workspaces import isolation

FIREWORKS = "tnt/workspaces/fireworks"


def deploy_to(aws: RunningAws) -> walks.Deploy:
    """Run templates in the management account."""
    return lambda template: aws.roles.deploy(template).outputs.get("RoleArn", "")


def make_role_in(aws: RunningAws) -> walks.MakeRole:
    """Create a role in the management account as IAM's pages do from what is pasted there."""
    return lambda trust, policy: aws.roles.create("discovery-by-hand", json.loads(trust), json.loads(policy))


def make_roles_in(aws: RunningAws) -> walks.MakeRoles:
    """Create a role in every account from what is pasted there."""

    def make_roles(name: str, trust_policy: str) -> None:
        for account in aws.organization.accounts:
            aws.roles.create(name, json.loads(trust_policy), account=account)

    return make_roles


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
    walks.use_role_by_hand(console, make_role_in(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    # A stack makes no role that is there already.
    aws.roles.delete(f"arn:aws:iam::{aws.organization.management_account_id}:role/discovery-by-hand")
    walks.use_role(console, deploy_to(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    console.sees(aws.organization.id)
    console.is_for_everybody()
    walks.set_up_connections(console, deploy_to(aws), prefix="aws_")
    console.is_for_everybody()
    walks.set_up_connections_by_hand(console, make_roles_in(aws), role_name="made-by-hand")
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
    walks.open_setting(console, "Config")
    expect(console.field("Max Retry Attempts")).to_have_value("12")
    expect(console.field("Default Region")).to_have_value("eu-central-1")
    console.sees("Inherited from the integration awsi")
    walks.make_workspace(console, "tnt", "made-later")
    console.follow("Root")
    console.sees("Workloads")


def test_a_tenants_owner_makes_an_integration_by_access_key_through_tenant_settings(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    key = aws.roles.create_key("reader", reading_organizations())
    with isolation.as_tenant(people.acme.pk):
        factories.connection(people.at_tenant, "Mine", handle="ledger")  # with the prefix, no handle meets it
    console = visit(people.tenant_owner).open("/")
    walks.to_integrations_of_tenant(console, "acme")
    walks.start(console)
    walks.choose_handle(console, "labs")
    walks.use_role(console, deploy_to(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    walks.use_role_by_hand(console, make_role_in(aws))
    walks.test_discovery(console, folders=6, accounts=8)
    walks.use_key(console, key.id, key.secret)
    walks.test_discovery(console, folders=6, accounts=8)
    assert key.secret not in console.page.content()
    walks.set_up_connections(console, deploy_to(aws), prefix="labs_")
    walks.set_up_connections_by_hand(console, make_roles_in(aws), role_name="made-by-hand")
    console.sees("The role made-by-hand works in all 5 accounts that were tried.")
    console.sees(f"Management {aws.organization.management_account_id}")
    walks.give_permissions(console, "Specific Organizations and Workspaces", "ops", "rockets")
    walks.sees_synced(console)
    assert console.path == "/tenants/acme/integrations/labs/"
    console.sees("Workloads")
    console.page.get_by_role("searchbox").fill("ledger")
    expect(console.page.get_by_text("labs_ledger", exact=True)).to_be_visible()
    console.tab("Config")
    console.sees("Access Key")
    console.sees("In each account Pipes assumes arn:aws:iam::{account id}:role/made-by-hand.")
    assert key.secret not in console.page.content()
    for workspace, is_shared in (("ops/workspaces/pager", True), ("tnt/workspaces/rockets", True), (FIREWORKS, False)):
        console.open(f"/tenants/acme/orgs/{workspace}/connections/")
        expect(console.link("Root")).to_have_count(int(is_shared))

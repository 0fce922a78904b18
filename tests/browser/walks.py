"""The walks of the documentation, step by step and label for label."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.console import Console

# Runs a CloudFormation template in AWS; gives the ARN of the role it outputs, if it does.
Deploy = Callable[[str], str]
# Creates a role in the management account with this trust policy and permission policy; gives its ARN.
MakeRole = Callable[[str, str], str]
# Creates a role of this name with this trust policy in every account.
MakeRoles = Callable[[str, str], None]


def to_integrations_of_organization(console: Console, organization: str) -> None:
    """From anywhere in the tenant, through the organization switcher."""
    console.switch("organization", organization)
    console.tab("Integrations")
    console.sees_heading("Integrations")


def to_integrations_of_tenant(console: Console, tenant: str) -> None:
    """From anywhere, through the tenant switcher and Tenant Settings."""
    console.switch("tenant", tenant)
    console.opened_switcher("tenant").get_by_role("link", name="Tenant Settings").click()
    console.tab("Integrations")
    console.sees_heading("Integrations")


def start(console: Console) -> None:
    """New Integration, AWS, Next."""
    console.page.get_by_role("link", name="New Integration", exact=True).first.click()
    console.sees("Select an integration to create")
    console.page.get_by_role("radio", name="AWS").check()
    console.press("Next")
    console.sees_heading("Choose handle")


def choose_handle(console: Console, handle: str) -> None:
    """Handle, Next."""
    console.fill("Handle", handle)
    console.press("Next")
    console.sees_heading("Discovery Settings")


def use_role(console: Console, deploy: Deploy) -> None:
    """Cross-Account Role, Automatic Setup, both downloads, Role ARN."""
    console.field("Access Mode").select_option("Cross-Account Role")
    console.page.get_by_text("Automatic Setup", exact=True).click()
    file_name, plan = console.download("Download Terraform Plan")
    assert file_name.endswith(".tf")
    external_id = console.field("External ID").input_value()
    assert external_id in plan
    file_name, template = console.download("Download CloudFormation Template")
    assert file_name.endswith(".yaml")
    console.fill("Role ARN", deploy(template))


def use_role_by_hand(console: Console, make_role: MakeRole) -> None:
    """Cross-Account Role, Manual Setup, both policies, Role ARN."""
    console.field("Access Mode").select_option("Cross-Account Role")
    console.page.get_by_text("Manual Setup", exact=True).click()
    expect(console.link("Download Terraform Plan")).to_be_hidden()
    console.sees("Sign in to the AWS console of the management account of your AWS organization and open IAM.")
    trust_policy, permission_policy = console.text_to_copy("trust policy"), console.text_to_copy("permission policy")
    assert console.field("External ID").input_value() in trust_policy
    console.fill("Role ARN", make_role(trust_policy, permission_policy))


def use_key(console: Console, access_key: str, secret_key: str) -> None:
    """Access Key, Secret Key."""
    console.field("Access Mode").select_option("Access Key")
    console.fill("Access Key", access_key)
    console.fill("Secret Key", secret_key)


def run_test(console: Console, name: str) -> None:
    """Press a test's button and follow the test to its end; without script by looking again."""
    button = console.page.get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_be_enabled()  # what is shown until then is about the test before
    if not console.has_script:
        again = console.page.get_by_role("link", name="Look again")
        for _ in range(100):
            if not again.count():
                break
            console.page.wait_for_timeout(200)
            again.click()
    expect(console.page.get_by_role("status").filter(has_text=re.compile(r"\w"))).not_to_contain_text("…")


def test_discovery(console: Console, *, folders: int, accounts: int) -> None:
    """Test Discovery says who we are and what there is."""
    run_test(console, "Test Discovery")
    console.sees(f"It has {folders} organizational units and {accounts} accounts")
    expect(console.page.get_by_role("group", name="Accounts to mirror")).to_be_visible()


def keep_connection_settings(console: Console) -> None:
    """Next; everything on Connection Settings stays as it is."""
    console.press("Next")
    console.sees_heading("Connection Settings")


def set_up_connections(console: Console, deploy: Deploy, *, prefix: str) -> None:
    """Next, Handle Prefix, Automatic Setup by StackSet, Regions, Advanced Options, Test Connection."""
    keep_connection_settings(console)
    console.fill("Handle Prefix", prefix)
    if console.has_script:
        console.sees(re.compile(rf"The account .+ becomes the connection {prefix}\w+\."))
    console.page.get_by_text("Automatic Setup", exact=True).click()
    deploy(console.download("Download CloudFormation StackSet")[1])
    console.page.get_by_role("radio", name="All regions").check()
    console.page.get_by_text("Advanced Options").click()
    console.field("Default Region").select_option("eu-central-1")
    console.fill("Max Retry Attempts", "12")
    run_test(console, "Test Connection")
    console.sees("works in all")


def set_up_connections_by_hand(console: Console, make_roles: MakeRoles, *, role_name: str) -> None:
    """Role Name, Manual Setup in every account, Test Connection."""
    console.fill("Role Name", role_name)
    console.page.get_by_text("Manual Setup", exact=True).click()
    expect(console.link("Download CloudFormation StackSet")).to_be_hidden()
    console.sees("Repeat these steps in every account of your AWS organization")
    name_it = console.page.get_by_role("listitem").filter(has_text="Enter this Role name, the same in every account")
    expect(name_it).to_contain_text(role_name)
    console.sees("the Role ARN of each is made of its account id and this name")
    trust_policy = console.text_to_copy("trust policy")
    assert console.field("External ID").input_value() in trust_policy
    make_roles(role_name, trust_policy)
    run_test(console, "Test Connection")
    console.sees("works in all")


def give_permissions(console: Console, choice: str, *places: str) -> None:
    """Next, Permissions, Create Integration."""
    console.press("Next")
    console.sees_heading("Permissions")
    console.sees("The permissions on this screen apply to the top-level folder")
    choose_permissions(console, choice, *places)
    console.press("Create Integration")


def choose_permissions(console: Console, choice: str, *places: str) -> None:
    """Choose who may use it, and check these places of those that are offered."""
    console.page.get_by_role("radio", name=choice, exact=True).check()
    for place in places:
        console.page.get_by_role("checkbox", name=re.compile(rf"^{place}\b")).check()


def sees_synced(console: Console, *, changes: str = "") -> None:
    """Watch the sync to its end; without script by reloading."""
    if not console.has_script:
        again = console.page.get_by_role("link", name="Reload")
        for _ in range(100):
            if not again.count():
                break
            console.page.wait_for_timeout(200)
            again.click()
    console.sees("Synced")
    if changes:
        console.sees(changes)


def sync(console: Console, url: str, *, changes: str) -> None:
    """Advanced, Sync Integration; watch it end."""
    console.open(url)
    console.tab("Advanced")
    console.press("Sync Integration")
    sees_synced(console, changes=changes)
    console.tab("Connections")


def open_setting(console: Console, name: str) -> None:
    """Click a link at the side of a folder's or connection's Settings tab."""
    console.page.get_by_role("navigation", name="Settings").get_by_role("link", name=name).click()


def make_workspace(console: Console, organization: str, handle: str) -> None:
    """Make a workspace of an organization; its Connections are open then."""
    console.switch("organization", organization)
    console.follow("New Workspace")
    console.fill("Handle", handle)
    console.fill("Name", handle.title())
    console.press("Create workspace")
    console.sees_heading("Connections")

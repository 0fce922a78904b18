"""What the documentation says about modifying and deleting an integration, label for label, at both levels."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Route, expect

from connections import actions, sharing
from connections.models import Connection
from integrations.models import SyncRun
from launcher.child import wait_for
from tests import factories
from tests.browser import walks
from tests.browser.conftest import Visit
from tests.browser.console import Console
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, denying, reading_organizations
from workspaces import isolation
from workspaces.access import Scope

WORKSPACE = "/tenants/acme/orgs/tnt/workspaces/fireworks/"
ALL = {"tenant": "All Organizations and their Workspaces", "org": "All Workspaces"}
SPECIFIC = {"tenant": "Specific Organizations and Workspaces", "org": "Specific Workspaces"}
INHERITED = "Inherited permissions + "
OFFERED = {"tenant": ["ops", "pager", "tnt", "fireworks", "rockets"], "org": ["fireworks", "rockets"]}


@dataclass(frozen=True)
class Shared:
    """An integration awsi that is shared with its whole scope; fireworks uses its ledger and sandbox-ana.

    It has an aggregator all_of_aws over ``aws_*``, and its search path begins with aws_ledger.
    """

    scope: Scope

    def enter(self, console: Console) -> None:
        """Open the integrations of its scope, by the documented way."""
        console.open("/")
        if self.scope.organization is None:
            walks.to_integrations_of_tenant(console, self.scope.tenant.handle)
        else:
            walks.to_integrations_of_organization(console, self.scope.organization.handle)


@pytest.fixture(params=["tenant", "org"])
def shared(request: pytest.FixtureRequest, web: str, people: Cast, aws: RunningAws) -> Shared:
    scope = people.at_tenant if request.param == "tenant" else people.at_org
    with isolation.as_tenant(people.acme.pk):
        made = factories.integration(scope, "awsi", by=people.tenant_owner, handle_prefix="aws_")
        made.role_arn = aws.roles.create_discovery(made.discovery_external_id)
        made.save(update_fields=["role_arn"])

    def is_synced() -> bool:
        with isolation.as_tenant(people.acme.pk):
            return SyncRun.objects.filter(integration=made, state=SyncRun.State.SUCCEEDED).exists()

    assert wait_for(is_synced, seconds=90)
    with isolation.as_tenant(people.acme.pk):
        sharing.set_grants(made.root_folder, [scope])
        for title in ("ledger", "sandbox-ana"):
            node = Connection.objects.get(title=title)
            actions.add_schema(scope=people.at_workspace, node=node, by=people.tenant_owner)
        actions.create_aggregator(
            scope=people.at_workspace, handle="all_of_aws", patterns=["aws_*"], by=people.tenant_owner
        )
        actions.change_search_path(scope=people.at_workspace, prefix=["aws_ledger"], seen=[], by=people.tenant_owner)
    return Shared(scope)


def card(console: Console, title: str) -> Locator:
    """Find the card with this heading: each has a Save of its own."""
    heading = console.page.get_by_role("heading", name=title, exact=True)
    return console.page.locator("form").filter(has=heading)


def save(console: Console, title: str) -> None:
    card(console, title).get_by_role("button", name="Save", exact=True).click()


@contextmanager
def answering_slowly(console: Console, method: str, path: str) -> Iterator[None]:
    """Let what this request does be done long before the browser learns of it."""

    def answer(route: Route) -> None:
        if route.request.method != method:
            route.continue_()
            return
        answered = route.fetch(max_redirects=0)
        console.page.wait_for_timeout(700)
        route.fulfill(response=answered)

    console.page.route(console.address + path, answer)
    yield
    console.page.unroute(console.address + path)


def share_in_parts(console: Console, level: str) -> None:
    """On Settings of the top folder and of Workloads: specific places, then those and others, then all."""
    offered = console.page.get_by_role("checkbox")
    walks.open_setting(console, "Permissions")
    expect(console.page.get_by_role("radio", name=ALL[level])).to_be_checked()
    walks.choose_permissions(console, SPECIFIC[level], "fireworks")
    expect(offered).to_have_count(len(OFFERED[level]))
    for place, checkbox in zip(OFFERED[level], offered.all(), strict=True):
        expect(checkbox).to_have_accessible_name(re.compile(rf"^{place}\b"))
    console.press("Save")
    console.sees("tnt/fireworks")
    console.tab("Connections")
    console.follow("Workloads")
    console.tab("Settings")
    walks.open_setting(console, "Permissions")
    console.sees("Inherited from")
    walks.choose_permissions(console, INHERITED + SPECIFIC[level].lower(), "rockets")
    console.press("Save")
    console.sees("tnt/rockets")
    other = console.in_new_tab().open(WORKSPACE.replace("fireworks", "rockets"))
    other.sees("Workloads")
    expect(other.link("Root")).to_have_count(0)
    other.page.close()
    walks.choose_permissions(console, ALL[level])
    console.press("Save")
    console.sees("This folder")


def test_settings_handles_and_permissions_are_changed_where_the_documentation_says(
    visit: Visit, people: Cast, shared: Shared
) -> None:
    console = visit(people.tenant_owner)
    shared.enter(console)
    console.follow("Config of awsi")
    console.sees("will potentially impact any workspaces that use its connections!")
    for label in ("Handle Prefix", "Role Name"):
        expect(console.field(label)).to_be_visible()
    console.sees("Regions")
    console.sees("Advanced Options")
    console.fill("Handle Prefix", "corp_")
    save(console, "Connection Settings")
    console.sees("What changes in workspaces")
    for change in ("corp_ledger", "Search path: names nothing any more", "Aggregator all_of_aws: loses 2"):
        console.sees(change)
    console.page.get_by_role("button", name=re.compile(r"^Rename \d+ connections$")).first.click()
    expect(console.field("Handle Prefix")).to_have_value("corp_")
    console.open(f"{WORKSPACE}connections/in-use/")
    console.sees("corp_ledger")

    shared.enter(console)
    console.follow("awsi")
    console.tab("Advanced")
    card(console, "Handle").get_by_label("Handle").press_sequentially("x")
    card(console, "Handle").get_by_label("Handle").fill("landing-zone")
    with answering_slowly(console, "POST", console.path):  # nothing asks for the old address meanwhile
        save(console, "Handle")
        expect(console.page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("landing-zone")

    console.tab("Connections")
    console.follow("Settings of Root")
    share_in_parts(console, shared.scope.level)
    walks.open_setting(console, "Advanced")
    console.fill("Handle", "work")
    console.sees("work is free.")
    save(console, "Handle")
    console.sees("Reset to dynamic")
    walks.make_workspace(console, "tnt", "made-later")
    console.follow("Workloads")

    shared.enter(console)
    console.follow("landing-zone")
    console.page.get_by_role("searchbox").fill("card-vault")
    console.follow("card-vault")
    console.sees("corp_card_vault")
    walks.open_setting(console, "Config")
    console.fill("Max Retry Attempts", "3")
    console.press("Save")
    expect(console.field("Max Retry Attempts")).to_have_value("3")
    console.is_for_everybody()


def test_other_credentials_take_away_what_they_cannot_see(
    visit: Visit, people: Cast, aws: RunningAws, shared: Shared
) -> None:
    sandbox = aws.organization.find("Sandbox").id
    blind = denying(
        "organizations:ListOrganizationalUnitsForParent", resource=f"arn:aws:organizations::*:ou/*/{sandbox}"
    )
    key = aws.roles.create_key("narrow", reading_organizations(), blind)
    console = visit(people.tenant_owner)
    shared.enter(console)
    console.follow("Config of awsi")
    console.field("Access Mode").select_option("Access Key")
    console.fill("Access Key", key.id)
    console.fill("Secret Key", key.secret)
    save(console, "Discovery Settings")
    console.sees("Tried: they work")
    console.sees("Sandbox")
    console.page.get_by_role("button", name=re.compile("^Save and remove ")).click()
    console.sees("The credentials that Pipes discovers accounts and OUs with")
    aws.organization.create_account("out-of-sight", parent=sandbox)
    aws.organization.create_account("in-sight", parent=aws.organization.find("Dev").id)
    console.tab("Advanced")
    console.press("Sync Integration")
    walks.sees_synced(console, changes="1 created")
    console.tab("Connections")
    console.sees("Workloads")
    expect(console.link("Sandbox")).to_have_count(0)
    console.open(f"{WORKSPACE}connections/in-use/")
    console.sees("aws_ledger")
    expect(console.page.get_by_role("main")).not_to_contain_text("aws_sandbox_ana")


def test_an_integration_is_deleted_from_advanced_and_leaves_all_workspaces(
    visit: Visit, people: Cast, shared: Shared
) -> None:
    console = visit(people.tenant_owner)
    shared.enter(console)
    console.follow("awsi")
    console.tab("Advanced")
    console.sees("This action is not reversible!")
    console.follow("Delete Integration")
    dialog = console.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 workspace")
    delete = dialog.get_by_role("button", name="Delete", exact=True)
    expect(delete).to_be_disabled()
    dialog.get_by_role("textbox").fill("awsi")
    delete.click()
    expect(console.page.get_by_text("Deleted the integration awsi.")).to_be_visible()
    expect(console.link("awsi")).to_have_count(0)
    for _ in range(50):
        console.open(f"{WORKSPACE}connections/in-use/")
        if not console.page.get_by_text("aws_ledger").count():
            break
        console.page.wait_for_timeout(200)
    expect(console.page.get_by_role("main")).not_to_contain_text("aws_ledger")
    console.open(f"{WORKSPACE}connections/")
    expect(console.page.get_by_role("main")).not_to_contain_text("awsi")

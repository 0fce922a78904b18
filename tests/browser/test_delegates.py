"""A delegate's day: sharing the own OU, being refused next door, and losing it while the page is open."""

from playwright.sync_api import expect

from connections.models import Folder, Grant
from tests.browser.conftest import Visit
from tests.conftest import Cast
from workspaces import isolation


def test_the_owner_of_an_ou_shares_their_own_accounts_and_nobody_elses(visit: Visit, people: Cast, synced: str) -> None:
    owner = visit(people.org_owner).open(synced)
    owner.follow("Sandbox")
    owner.tab("Settings")
    owner.follow("Delegates")
    owner.is_for_everybody()
    owner.fill("Handle or email", "org-member")
    owner.page.get_by_label("Change Permissions of the folder").check()
    owner.press("Add")
    owner.sees("may now change Permissions of the folder and all below it")

    delegate = visit(people.org_member).open("/tenants/acme/orgs/tnt/")
    delegate.tab("Connections")
    delegate.is_for_everybody()
    expect(delegate.link("Sandbox")).to_be_visible()
    expect(delegate.page.get_by_text("Workloads")).to_have_count(0)
    delegate.page.get_by_role("button", name="Show what is in Sandbox").click()
    delegate.follow("sandbox-ana")
    delegate.follow("Permissions")
    delegate.page.get_by_role("radio", name="All Workspaces").check()
    delegate.press("Save")
    delegate.sees("Saved the permissions of")
    delegate.is_for_everybody()

    delegate.watch.allow(403)
    with isolation.as_tenant(people.acme.pk):
        assert Grant.objects.get().created_by == people.org_member
        next_door = Folder.objects.get(title="Workloads")
    delegate.open(f"/tenants/acme/orgs/tnt/connections/folders/{next_door.pk}/permissions/")
    delegate.sees("Ask an owner of acme/tnt to do it or to change your role.")

    delegate.open("/tenants/acme/orgs/tnt/connections/")
    delegate.follow("Sandbox")
    delegate.tab("Settings")
    delegate.follow("Permissions")
    delegate.page.get_by_role("radio", name="All Workspaces").check()
    owner.page.get_by_role("button", name="Take from").click()
    owner.sees("may no longer change Permissions of the folder and all below it")
    delegate.press("Save")
    delegate.sees("You need to be an owner of acme/tnt for this.")
    with isolation.as_tenant(people.acme.pk):
        assert Grant.objects.count() == 1

"""Owners of a tenant see, add and remove owners and read its audit log, whatever the plan, and after it ended too."""

import pytest
from django.test import Client

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Plan, Role, User
from workspaces.places import actions

on_every_plan = pytest.mark.parametrize("plan", Plan)


@pytest.fixture
def owner(cast: Cast, installer: User, plan: Plan) -> Client:
    """The owner of acme, which has been put on this plan."""
    actions.change_plan(tenant=cast.acme, plan=plan, by=installer)
    client = Client()
    client.force_login(cast.tenant_owner)
    return client


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@on_every_plan
def test_owners_see_and_change_owners(cast: Cast, owner: Client) -> None:
    people = cast.at_tenant.url("people")
    assert "tenant-owner@example.com" in owner.get(people).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        made = Membership.objects.get(**cast.at_tenant.keys, user=cast.org_owner)
    page = owner.post(f"{people}{made.pk}/role/", {"role": "owner"}, follow=True).content.decode()
    assert "org-owner is now Owner of acme." in page
    page = owner.post(f"{people}{made.pk}/remove/", follow=True).content.decode()
    assert "Removed org-owner from acme." in page
    with isolation.as_tenant(cast.acme.pk):
        assert not Membership.objects.filter(tenant=cast.acme, user=cast.org_owner).exists()


@on_every_plan
def test_owners_invite_owners(cast: Cast, owner: Client) -> None:
    response = owner.post(f"{cast.at_tenant.url('people')}add/", {"who": "new@example.com", "role": "owner"})
    assert response.status_code == 302
    assert "new@example.com" in owner.get(cast.at_tenant.url("people")).content.decode()


@on_every_plan
def test_owners_read_the_audit_log_of_the_tenant(cast: Cast, owner: Client) -> None:
    page = owner.get(cast.at_tenant.url("audit_log")).content.decode()
    assert "changed the plan of the tenant" in page or cast.acme.plan == Plan.ENTERPRISE
    assert "created the tenant" in page
    assert "tenant.created" in owner.get(cast.at_tenant.url("audit_log_csv")).content.decode()


@on_every_plan
def test_owners_find_the_way_from_the_pages_of_an_organization(cast: Cast, owner: Client) -> None:
    people, log = cast.at_tenant.url("people"), cast.at_tenant.url("audit_log")
    assert f'href="{people}"' in owner.get(cast.at_org.url("people")).content.decode()
    if cast.acme.plan != Plan.ENTERPRISE:  # whose owners have Tenant Settings
        assert f'href="{log}"' in owner.get(cast.at_org.url("audit_log")).content.decode()
    for page in (people, log):
        tabs = owner.get(page).content.decode()
        assert f'href="{people}"' in tabs
        assert f'href="{log}"' in tabs
        assert tabs.count('aria-current="page"') in (1, 2)


@on_every_plan
def test_every_tab_that_an_owner_is_shown_opens(cast: Cast, owner: Client) -> None:
    page = owner.get(cast.at_tenant.url("audit_log")).content.decode()
    tabs = {part.partition('"')[0] for part in page.partition('class="tabs')[2].partition("<main")[0].split('href="')}
    opened = {url: owner.get(url).status_code for url in tabs if url.startswith("/tenants/")}
    assert len(opened) >= 3
    assert set(opened.values()) == {200}, opened


@on_every_plan
@pytest.mark.parametrize("name", ["tenant_member", "org_owner", "org_member", "reader"])
def test_nobody_but_owners_gets_there(cast: Cast, owner: Client, name: str) -> None:
    client = sign_in(getattr(cast, name))
    for page in ("people", "audit_log", "audit_log_csv", "person_add"):
        assert client.get(cast.at_tenant.url(page)).status_code == 403
    assert (
        f'href="{cast.at_tenant.url("people")}"' not in client.get(cast.at_tenant.url("tenant_home")).content.decode()
    )
    assert sign_in(cast.stranger).get(cast.at_tenant.url("people")).status_code == 404


def test_an_owner_of_an_organization_is_not_led_where_they_may_not_go(cast: Cast, as_org_owner: Client) -> None:
    for page in ("people", "audit_log"):
        assert f'href="{cast.at_tenant.url(page)}"' not in as_org_owner.get(cast.at_org.url(page)).content.decode()


def test_members_that_a_downgrade_left_over_can_be_removed(cast: Cast) -> None:
    globex = Scope(cast.globex)
    with isolation.as_tenant(cast.globex.pk):
        left = factories.member(globex, cast.reader, Role.MEMBER)
    client = sign_in(cast.stranger)
    assert "reader@example.com" in client.get(globex.url("people")).content.decode()
    client.post(globex.url("person_remove", member=left.pk))
    with isolation.as_tenant(cast.globex.pk):
        assert not Membership.objects.filter(user=cast.reader).exists()
        assert AuditEvent.objects.order_by("-id")[0].action == "member.removed"

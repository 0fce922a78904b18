"""What the operator does: by acts only, each with an audit event in every tenant concerned."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from tests import factories
from tests.conftest import Cast
from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Plan, Role, Tenant, User
from workspaces.operator.acts import ActAdmin
from workspaces.people import support_access

TENANTS = "/operator/workspaces/tenant/"
PEOPLE = "/operator/workspaces/user/"


def events(tenant: Tenant, **wanted: Any) -> list[str]:
    with isolation.as_tenant(tenant.pk):
        return list(AuditEvent.objects.filter(**wanted).order_by("id").values_list("action", flat=True))


def latest(tenant: Tenant) -> AuditEvent:
    with isolation.as_tenant(tenant.pk):
        return AuditEvent.objects.order_by("-id")[0]


def roles(tenant: Tenant) -> dict[str, str]:
    with isolation.as_operator():
        members = Membership.objects.filter(tenant=tenant, organization=None)
        return dict(members.values_list("user__handle", "role"))


def perform(client: Client, url: str, **form: object) -> str:
    """Ask for an act and do it; give the page that it leads to."""
    assert client.get(url).status_code == 200
    response = client.post(url, form, follow=True)
    return str(response.content.decode())


def test_only_tenants_and_people_are_shown() -> None:
    assert {model._meta.label for model in admin.site._registry} == {"workspaces.Tenant", "workspaces.User"}
    assert all(isinstance(shown, ActAdmin) for shown in admin.site._registry.values())


def test_the_operator_sees_all_tenants_and_people(cast: Cast, as_operator: Client) -> None:
    page = as_operator.get(TENANTS).content.decode()
    assert "acme" in page
    assert "globex" in page
    page = as_operator.get(f"{TENANTS}{cast.acme.pk}/change/").content.decode()
    assert "tenant-owner@example.com" in page
    assert "stranger@example.com" not in page
    assert "acme (Owner)" in as_operator.get(f"{PEOPLE}{cast.tenant_owner.pk}/change/").content.decode()


def test_an_owner_is_known_by_an_address_that_they_have_confirmed_and_by_no_other(
    cast: Cast, as_operator: Client
) -> None:
    for address, is_confirmed in (("second@example.com", True), ("claimed@example.com", False)):
        EmailAddress.objects.create(user=cast.tenant_member, email=address, verified=is_confirmed)
        perform(as_operator, f"{TENANTS}{cast.globex.pk}/acts/add-owner/", email=address.title())
    assert roles(cast.globex) == dict.fromkeys(("stranger", "tenant-member", "claimed"), "owner")


def test_django_s_own_forms_change_nothing(cast: Cast, as_operator: Client) -> None:
    for kind, row in ((TENANTS, cast.globex), (PEOPLE, cast.stranger)):
        form = {"handle": "mine", "name": "Mine", "plan": "enterprise", "email": "me@example.com", "is_superuser": "on"}
        statuses = {
            path: as_operator.post(f"{kind}{path}", form).status_code
            for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/", f"{row.pk}/history/", f"{row.pk}/password/")
        }
        assert set(statuses.values()) <= {403, 404}, statuses
        bulk = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        as_operator.post(kind, bulk)
    assert User.objects.filter(pk=cast.stranger.pk, handle="stranger", is_superuser=False).exists()
    with isolation.as_operator():
        assert Tenant.objects.get(pk=cast.globex.pk).handle == "globex"
    assert not LogEntry.objects.exists()


def test_a_list_is_searched_by_no_secret(cast: Cast, as_operator: Client) -> None:
    assert as_operator.get(f"{PEOPLE}?is_active__exact=1").status_code == 200
    for secret in ("password__startswith=md5", "authenticator__data__icontains=x", "emailaddress__email=x"):
        response = as_operator.get(f"{PEOPLE}?{secret}")
        assert (response.status_code, response.get("Location", "")) != (200, ""), secret
        assert "stranger" not in response.content.decode()


def test_a_tenant_is_created_with_its_first_owner(as_operator: Client) -> None:
    form = {"handle": "initech", "name": "Initech", "plan": Plan.TEAM, "owner": "Bill.L@example.com"}
    assert "Created initech, owned by bill.l@example.com." in perform(as_operator, f"{TENANTS}acts/create/", **form)
    with isolation.as_operator():
        made = Tenant.objects.get(handle="initech")
    assert roles(made) == {"bill-l": Role.OWNER}
    event = latest(made)
    assert (event.action, event.actor, event.details["by_operator"]) == ("tenant.created", "root@example.com", True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"handle": "acme"}, "already exists"),
        ({"handle": "new"}, "is reserved for a page"),
        ({"owner": "nobody"}, "Enter a valid email address"),
        ({"owner": "new@example.com"}, "is reserved for a page"),
    ],
)
def test_nothing_is_created_of_what_is_wrong(as_operator: Client, wrong: dict[str, str], sentence: str) -> None:
    people = User.objects.count()
    form = {"handle": "initech", "name": "Initech", "plan": Plan.TEAM, "owner": "bill@example.com"} | wrong
    page = as_operator.post(f"{TENANTS}acts/create/", form).content.decode()
    assert sentence in page
    assert "Nothing was done." in page
    assert User.objects.count() == people


# Every act on a row, what is typed into it, and the action that each tenant concerned reads of.
ON_TENANTS: dict[str, tuple[dict[str, str], str]] = {
    "rename": ({"handle": "globe", "name": "Globe"}, "tenant.changed"),
    "plan": ({"plan": Plan.ENTERPRISE}, "tenant.plan_changed"),
    "add-owner": ({"email": "tenant-owner@example.com"}, "member.added"),
    "remove-owner": ({"owner": "second"}, "member.removed"),
    "enter": ({"reason": "Ticket 4711: syncs fail"}, "support.began"),
    "leave": ({}, "support.ended"),
}
ON_PEOPLE: dict[str, tuple[dict[str, str], str]] = {
    "address": ({"email": "other@example.com"}, "user.address_set"),
    "second-factor": ({}, "user.second_factor_reset"),
    "deactivate": ({}, "user.deactivated"),
    "activate": ({}, "user.reactivated"),
    "make-operator": ({}, "user.made_operator"),
    "remove-operator": ({}, "user.operator_rights_removed"),
    "erase": ({"email": "org-member@example.com"}, "user.erased"),
}


def test_every_act_is_listed_here() -> None:
    shown = {model.__name__: getattr(site, "acts", {}) for model, site in admin.site._registry.items()}
    assert (set(shown["Tenant"]), set(shown["User"])) == (set(ON_TENANTS), set(ON_PEOPLE))


@pytest.mark.parametrize("act", ON_TENANTS)
def test_an_act_on_a_tenant_is_in_its_audit_log(cast: Cast, installer: User, as_operator: Client, act: str) -> None:
    form, action = ON_TENANTS[act]
    if act == "leave":
        support_access.begin(tenant=cast.globex, reason="Ticket 4711", by=installer, now=timezone.now())
    if act == "remove-owner":
        with isolation.as_tenant(cast.globex.pk):
            form = {"owner": str(factories.member(Scope(cast.globex), cast.tenant_owner, Role.OWNER).pk)}
    assert as_operator.post(f"{TENANTS}{cast.globex.pk}/acts/{act}/", form).status_code == 302
    event = latest(cast.globex)
    assert (event.action, event.actor) == (action, "root@example.com")
    assert event.details["by_operator"] is True
    assert event.remote_address == "127.0.0.1"
    assert events(cast.acme, details__by_operator=True) == []


@pytest.mark.parametrize("act", ON_PEOPLE)
def test_an_act_on_a_person_is_in_the_audit_log_of_each_of_their_tenants(
    cast: Cast, as_operator: Client, act: str
) -> None:
    form, action = ON_PEOPLE[act]
    person = cast.org_member
    with isolation.as_tenant(cast.globex.pk):
        factories.member(Scope(cast.globex), person, Role.MEMBER)
    User.objects.filter(pk=person.pk).update(is_active=act != "activate", is_superuser=act == "remove-operator")
    perform(as_operator, f"{PEOPLE}{person.pk}/acts/{act}/", **form)
    for tenant in (cast.acme, cast.globex):
        assert events(tenant, details__by_operator=True, action__startswith="user.") == [action]
        event = latest(tenant)
        assert (event.actor, event.object_id) == ("root@example.com", str(person.pk))


def test_the_audit_log_says_that_it_was_the_operator(cast: Cast, as_operator: Client) -> None:
    perform(as_operator, f"{TENANTS}{cast.acme.pk}/acts/plan/", plan=Plan.TEAM)
    owner = Client()
    owner.force_login(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk), audit.as_operator():
        audit.record("organization.changed", scope=cast.at_org, by=None, target=cast.tnt)
    page = owner.get(cast.at_org.url("audit_log")).content.decode()
    assert page.count('<span class="chip chip-amber">operator of this installation</span>') == 1
    assert "By operator" not in page
    table = owner.get(cast.at_org.url("audit_log_csv")).content.decode()
    assert "system (operator of this installation)" in table


def test_the_last_owner_of_a_tenant_stays(cast: Cast, as_operator: Client) -> None:
    with isolation.as_operator():
        last = Membership.objects.get(tenant=cast.globex, user=cast.stranger, organization=None)
    page = perform(as_operator, f"{TENANTS}{cast.globex.pk}/acts/remove-owner/", owner=last.pk)
    assert "stranger is the only active owner of globex. Make somebody else an owner first." in page
    assert roles(cast.globex) == {"stranger": Role.OWNER}


def test_another_tenant_s_owner_cannot_be_removed_here(cast: Cast, as_operator: Client) -> None:
    with isolation.as_operator():
        other = Membership.objects.get(tenant=cast.acme, user=cast.tenant_owner, organization=None)
    assert "Nothing was done." in perform(as_operator, f"{TENANTS}{cast.globex.pk}/acts/remove-owner/", owner=other.pk)
    assert roles(cast.acme)["tenant-owner"] == Role.OWNER


def test_a_member_becomes_an_owner(cast: Cast, as_operator: Client) -> None:
    perform(as_operator, f"{TENANTS}{cast.acme.pk}/acts/add-owner/", email="tenant-member@example.com")
    assert roles(cast.acme)["tenant-member"] == Role.OWNER
    assert events(cast.acme, details__by_operator=True) == ["member.role_changed"]


def test_both_addresses_are_told_of_another_one(
    cast: Cast,
    as_operator: Client,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    EmailAddress.objects.create(user=cast.reader, email="reader@example.com", verified=True, primary=True)
    with django_capture_on_commit_callbacks(execute=True):
        perform(as_operator, f"{PEOPLE}{cast.reader.pk}/acts/address/", email="New@Example.com")
    assert sorted(letter.to[0] for letter in mailoutbox) == ["new@example.com", "reader@example.com"]
    assert all("root@example.com" in letter.body and "new@example.com" in letter.body for letter in mailoutbox)
    assert list(EmailAddress.objects.filter(user=cast.reader).values_list("email", "verified", "primary")) == [
        ("new@example.com", False, True)
    ]
    assert User.objects.get(pk=cast.reader.pk).email == "new@example.com"


@pytest.mark.parametrize("taken", ["stranger@example.com", "second@example.com"])
def test_nobody_gets_the_address_of_somebody_else(cast: Cast, as_operator: Client, taken: str) -> None:
    EmailAddress.objects.create(user=cast.stranger, email="second@example.com", verified=True)
    page = perform(as_operator, f"{PEOPLE}{cast.reader.pk}/acts/address/", email=taken.title())
    assert f"{taken} is the address of somebody else." in page
    assert User.objects.get(pk=cast.reader.pk).email == "reader@example.com"


def test_a_person_is_told_that_their_second_factor_is_gone(
    cast: Cast,
    as_operator: Client,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.second_factor(cast.reader)
    factories.second_factor(cast.org_owner)
    with django_capture_on_commit_callbacks(execute=True):
        perform(as_operator, f"{PEOPLE}{cast.reader.pk}/acts/second-factor/")
    assert not Authenticator.objects.filter(user=cast.reader).exists()
    assert Authenticator.objects.filter(user=cast.org_owner).exists()
    (letter,) = mailoutbox
    assert letter.to == ["reader@example.com"]
    assert "removed the second factor of your account" in letter.body


@pytest.mark.parametrize("act", ["second-factor", "deactivate", "remove-operator"])
def test_operators_do_not_shut_themselves_out(installer: User, as_operator: Client, act: str) -> None:
    assert "This is your own account." in perform(as_operator, f"{PEOPLE}{installer.pk}/acts/{act}/")
    assert as_operator.get("/operator/").status_code == 200


def test_what_makes_no_sense_is_not_there(cast: Cast, as_operator: Client) -> None:
    page = as_operator.get(f"{PEOPLE}{cast.reader.pk}/change/").content.decode()
    assert "/acts/deactivate/" in page
    assert "/acts/activate/" not in page
    for path in (f"{cast.reader.pk}/acts/activate/", f"{cast.reader.pk}/acts/plan/", "acts/create/", "0/acts/address/"):
        assert as_operator.get(f"{PEOPLE}{path}").status_code == 404


def test_a_superuser_is_a_stranger_in_the_console(as_operator: Client) -> None:
    assert as_operator.get(reverse("tenant_home", kwargs={"tenant": "acme"})).status_code == 404


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM workspaces_user", "DELETE FROM django_admin_log", "UPDATE django_admin_log SET change_message = ''"],
)
def test_the_application_can_delete_nobody_and_rewrite_no_log(cast: Cast, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

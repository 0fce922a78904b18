"""People are deactivated, never deleted; their data is erased by an act of its own, and audit logs stay readable."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Delivery, EmailNotifications, Event
from tests import factories
from tests.conftest import Cast, make_cast
from tests.signed_in import sign_in_anew
from tests.threads import meeting
from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Role, Tenant, User
from workspaces.people import accounts, invitations
from workspaces.places import members

PEOPLE = "/operator/workspaces/user/"


def everything_that_is_stored(tenant: Tenant) -> str:
    """All rows of all tables, as text, that can be seen at all."""
    with isolation.as_operator(), isolation.as_tenant(tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


@pytest.fixture
def known(cast: Cast) -> User:
    """Somebody who has left as many traces as a person can."""
    person = cast.workspace_owner
    User.objects.filter(pk=person.pk).update(name="Wanda Wolowitz")
    person.refresh_from_db()
    for email, is_primary in (("workspace-owner@example.com", True), ("wanda@private.example", False)):
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=is_primary)
    factories.second_factor(person)
    browser = Client()
    sign_in_anew(browser, person)
    browser.get("/", REMOTE_ADDR="203.0.113.77", HTTP_USER_AGENT="WandaBrowser")
    browser.post(cast.at_workspace.url("workspace_advanced"), {"handle": "fireworks", "name": "Bang"})
    audit.record_in_tenants_of("user.sessions_ended", user=person, by=person, sessions=["WandaBrowser at 203.0.113.77"])
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        members.add_member(scope=cast.at_org, user=cast.tenant_member, role=Role.MEMBER, by=person)
        invitations.send_invitation(
            scope=cast.at_workspace, email="friend@example.com", role=Role.READER, by=person, now=now
        )
        invitations.send_invitation(
            scope=cast.at_org, email="wanda@private.example", role=Role.MEMBER, by=cast.org_owner, now=now
        )
        factories.token(person, cast.acme, "Wanda's laptop")
        made = factories.integration(cast.at_org, "main", by=cast.org_owner)
        both = ["wanda@private.example", "team@example.com"]
        EmailNotifications.objects.create(tenant=cast.acme, integration=made, addresses=both, confirmed=both)
        Delivery.objects.create(
            tenant=cast.acme, integration=made, event=Event.TEST, email="workspace-owner@example.com"
        )
        audit.record("integration.emails_changed", scope=cast.at_org, by=cast.org_owner, target=made, addresses=both)
    return person


def test_nothing_that_names_an_erased_person_is_left(cast: Cast, known: User, as_operator: Client) -> None:
    before = everything_that_is_stored(cast.acme).lower()
    words = ("wanda", "wolowitz", "workspace-owner", "203.0.113.77")
    assert all(word in before for word in words)
    form = {"email": "Workspace-Owner@example.com"}
    page = as_operator.post(f"{PEOPLE}{known.pk}/acts/erase/", form, follow=True).content.decode()
    assert "Erased the person&#x27;s data." in page
    after = everything_that_is_stored(cast.acme).lower()
    assert [line for line in after.splitlines() if any(word in line for word in words)] == []


def test_the_audit_log_stays_readable(cast: Cast, known: User, installer: User, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        before = list(AuditEvent.objects.order_by("id").values_list("id", "action", "actor_id", "happened_at"))
    accounts.erase(person=known, by=installer, now=timezone.now())
    with isolation.as_tenant(cast.acme.pk):
        after = list(AuditEvent.objects.order_by("id").values_list("id", "action", "actor_id", "happened_at"))
        told = AuditEvent.objects.get(action="workspace.changed")
        added = AuditEvent.objects.get(action="member.added", actor_id=known.pk)
        assert set(AuditEvent.objects.filter(actor_id=cast.org_owner.pk).values_list("actor", flat=True)) == {
            "org-owner@example.com"
        }
    assert after[: len(before)] == before
    assert [action for _, action, *_ in after[len(before) :]] == ["user.erased", "member.removed"]
    assert (told.actor, told.remote_address, told.object_label) == ("a former member", None, "fireworks")
    assert (added.actor, added.object_label) == ("a former member", "tenant-member")
    page = as_tenant_owner.get(cast.at_tenant.url("audit_log")).content.decode()
    assert "a former member" in page
    with isolation.as_tenant(cast.acme.pk):
        assert EmailNotifications.objects.get().addresses == ["team@example.com"]
        assert Invitation.objects.open().count() == 0


def test_whoever_is_erased_is_gone_from_every_tenant_and_cannot_come_back(
    cast: Cast, known: User, installer: User
) -> None:
    browser = Client()
    browser.force_login(known)
    accounts.erase(person=known, by=installer, now=timezone.now())
    assert browser.get("/profile/").status_code == 302
    known.refresh_from_db()
    assert not known.is_active
    assert not known.has_usable_password()
    with isolation.as_operator():
        assert not Membership.objects.filter(user=known).exists()
    for model in (EmailAddress, Authenticator, UserSession):
        assert not model.objects.filter(user=known).exists()


def test_they_are_told_at_the_address_that_they_had(
    known: User,
    installer: User,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        accounts.erase(person=known, by=installer, now=timezone.now())
    assert mailoutbox[-1].to == ["workspace-owner@example.com"]


def test_erasing_asks_for_the_address(cast: Cast, as_operator: Client) -> None:
    page = as_operator.post(f"{PEOPLE}{cast.reader.pk}/acts/erase/", {"email": "org-owner@example.com"})
    assert "This is not the address of the person" in page.content.decode()
    assert User.objects.get(pk=cast.reader.pk).erased_at is None


def test_nothing_more_can_be_done_to_somebody_erased(cast: Cast, installer: User, as_operator: Client) -> None:
    accounts.erase(person=cast.reader, by=installer, now=timezone.now())
    page = as_operator.get(f"{PEOPLE}{cast.reader.pk}/change/").content.decode()
    assert "/acts/" not in page


@pytest.mark.parametrize("act", ["deactivate", "erase"])
def test_the_last_owner_of_a_tenant_can_neither_be_deactivated_nor_erased(
    cast: Cast, as_operator: Client, act: str
) -> None:
    url = f"{PEOPLE}{cast.stranger.pk}/acts/{act}/"
    page = as_operator.post(url, {"email": cast.stranger.email}).content.decode()
    assert "stranger is the only active owner of globex. Make somebody else an owner first." in page
    person = User.objects.get(pk=cast.stranger.pk)
    assert (person.is_active, person.erased_at) == (True, None)
    with isolation.as_tenant(cast.globex.pk):
        members.make_owner(scope=Scope(cast.globex), user=cast.reader, by=cast.stranger)
    assert as_operator.post(url, {"email": cast.stranger.email}).status_code == 302


def test_an_owner_who_cannot_sign_in_does_not_count(cast: Cast, installer: User, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_tenant, user=cast.reader, by=cast.tenant_owner)
        sleeping = Membership.objects.get(user=cast.reader, **cast.at_tenant.keys)
        last = Membership.objects.get(user=cast.tenant_owner, **cast.at_tenant.keys)
    accounts.deactivate(person=cast.reader, by=installer)
    with isolation.as_tenant(cast.acme.pk), pytest.raises(members.LastOwnerError):
        members.leave(scope=cast.at_tenant, member=last)
    with isolation.as_tenant(cast.acme.pk), pytest.raises(members.LastOwnerError):
        members.change_role(scope=cast.at_tenant, member=last, role=Role.MEMBER, by=cast.tenant_owner)
    page = as_tenant_owner.get(cast.at_tenant.url("people")).content.decode()
    assert "(the only one)" in page
    assert '<span class="chip chip-amber">deactivated</span>' in page
    with isolation.as_tenant(cast.acme.pk):
        members.remove_member(scope=cast.at_tenant, member=sleeping, by=cast.tenant_owner)


def test_somebody_deactivated_is_out_at_once_and_keeps_their_roles(cast: Cast, installer: User) -> None:
    browser = Client()
    sign_in_anew(browser, cast.org_member)
    assert browser.get(cast.at_org.url("organization_home")).status_code == 200
    accounts.deactivate(person=cast.org_member, by=installer)
    assert browser.get(cast.at_org.url("organization_home")).status_code == 302
    accounts.reactivate(person=cast.org_member, by=installer)
    assert browser.get(cast.at_org.url("organization_home")).status_code == 302  # the session ended
    again = Client()
    again.force_login(cast.org_member)
    assert again.get(cast.at_org.url("organization_home")).status_code == 200


def test_a_person_cannot_be_deleted(cast: Cast) -> None:
    nobody = factories.user("nobody")
    for person, refusal in ((cast.org_member, ProtectedError), (nobody, DatabaseError)):
        with pytest.raises(refusal), isolation.as_operator(), transaction.atomic():
            person.delete()
    assert User.objects.filter(pk__in=[cast.org_member.pk, nobody.pk]).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_are_deactivated_and_demoted_at_once_one_stays() -> None:
    cast = make_cast()
    installer = User.objects.create_superuser(email="root@example.com", handle="root")
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_tenant, user=cast.reader, by=cast.tenant_owner)
        other = Membership.objects.get(user=cast.tenant_owner, **cast.at_tenant.keys)

    def deactivate() -> bool:
        try:
            accounts.deactivate(person=cast.reader, by=installer)
        except members.LastOwnerError:
            return False
        return True

    def demote() -> bool:
        try:
            with isolation.as_tenant(cast.acme.pk):
                members.change_role(scope=cast.at_tenant, member=other, role=Role.MEMBER, by=cast.reader)
        except members.LastOwnerError:
            return False
        return True

    owners = Membership.objects.filter(**cast.at_tenant.keys, role=Role.OWNER)
    assert sorted(meeting(owners, deactivate, demote, tenant_id=cast.acme.pk)) == [False, True]

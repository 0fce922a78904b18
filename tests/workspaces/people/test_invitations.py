"""Inviting by email, and every way an invitation can end."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from pipes.monitoring.logs import hide_secrets
from tests.conftest import Cast, make_cast
from tests.workspaces.people.inviting import NEW, NEW_ACCOUNT, events, invite, link
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Role, User
from workspaces.people import invitations
from workspaces.rate_limit import LimitReachedError

GONE = "This link does not work any more"


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    settings.BASE_URL = "https://pipes.example"


# --- Sending ------------------------------------------------------------------------------------------------------


def test_somebody_unknown_is_invited_by_email(
    cast: Cast, as_org_owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = as_org_owner.post(cast.at_org.url("person_add"), {"who": "New.Person@Example.com", "role": "member"})
    assert response.status_code == 302
    (message,) = mail.outbox
    assert message.to == [NEW]
    assert message.subject == "org-owner@example.com invites you to acme/tnt on Pipes"
    assert not message.alternatives  # type: ignore[attr-defined]
    token = re.search(r"https://pipes\.example/invitations/([\w-]{43})/\n", str(message.body))
    assert token
    with isolation.as_tenant(cast.acme.pk):
        stored = Invitation.objects.get()
        assert stored.token_hash == invitations.hash_of(token[1])
        assert stored.sent_at
        assert (stored.email, stored.role, stored.invited_by) == (NEW, "member", cast.org_owner.email)
        assert token[1] not in str(AuditEvent.objects.values_list("details", "object_label"))
    assert events(cast)[-1] == "invitation.sent"
    assert NEW in as_org_owner.get(cast.at_org.url("people")).content.decode()


def test_the_token_is_not_shown_where_letters_are_printed(cast: Cast) -> None:
    letter = invite(cast, cast.at_org)
    assert letter.token not in repr(letter)


def test_inviting_again_replaces_the_invitation_and_its_link(cast: Cast, client: Client) -> None:
    first = invite(cast, cast.at_org)
    second = invite(cast, cast.at_org, role=Role.OWNER)
    with isolation.as_tenant(cast.acme.pk):
        assert Invitation.objects.get().role == Role.OWNER
    assert client.get(link(first)).status_code == 404
    assert client.get(link(second)).status_code == 200


def test_the_database_keeps_one_open_invitation_for_each_place_and_email(cast: Cast) -> None:
    letter = invite(cast, cast.at_tenant)
    invite(cast, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        copy = letter.invitation
        copy.pk, copy.token_hash = None, "0" * 64
        with pytest.raises(IntegrityError, match="invitation_open_once"), transaction.atomic():
            copy.save()
        copy.email = copy.email.upper()
        with pytest.raises(IntegrityError, match="invitation_email_lower_case"), transaction.atomic():
            copy.save()


def test_a_role_that_does_not_fit_the_place_is_refused(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="invitation_role_fits_place"), transaction.atomic():
        invite(cast, cast.at_org, role=Role.READER)


def test_an_invitation_cannot_name_a_place_of_another_tenant(cast: Cast) -> None:
    invite(cast, Scope(cast.acme, cast.globex_org))
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="organization_in_tenant"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_open_invitation_is_sent_again_with_a_new_link(
    cast: Cast, as_org_owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    letter = invite(cast, cast.at_org, now=timezone.now() - timedelta(days=8))
    with django_capture_on_commit_callbacks(execute=True):
        as_org_owner.post(cast.at_org.url("invitation_resend", invitation=letter.invitation.pk))
    assert len(mail.outbox) == 1
    assert letter.token not in str(mail.outbox[0].body)
    with isolation.as_tenant(cast.acme.pk):
        assert Invitation.objects.get().expires_at > timezone.now() + timedelta(days=6)


def test_one_person_sends_twenty_an_hour_and_no_more(cast: Cast, as_org_owner: Client) -> None:
    now = timezone.now()
    for number in range(20):
        invite(cast, cast.at_org, email=f"p{number}@example.com", now=now)
    with pytest.raises(LimitReachedError):
        invite(cast, cast.at_org, now=now)
    response = as_org_owner.post(cast.at_org.url("person_add"), {"who": NEW, "role": "member"})
    assert response.status_code == 200
    assert "as many as one person may" in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert Invitation.objects.count() == 20
    invite(cast, cast.at_org, now=now + timedelta(hours=1))


def test_one_address_gets_five_a_day_from_one_tenant_and_no_more(cast: Cast, as_org_owner: Client) -> None:
    morning = timezone.now().replace(hour=6)
    with time_machine.travel(morning, tick=False):
        for number, scope in enumerate((cast.at_org, cast.at_tenant) * 2):
            last = invite(cast, scope, email=NEW if number % 2 else NEW.upper(), now=morning)
        last = invite(cast, cast.at_org, now=morning)
        answer = as_org_owner.post(cast.at_org.url("invitation_resend", invitation=last.invitation.pk), follow=True)
        assert f"{NEW} was sent 5 invitations today" in answer.content.decode()
        invite(cast, cast.at_org, email="other@example.com", now=morning)
    assert Client().get(link(last)).status_code == 200  # the one before it still counts
    invite(cast, cast.at_org, now=morning + timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_an_email_that_cannot_be_sent_is_said_on_the_page_and_can_be_sent_again(
    client: Client, settings: Settings
) -> None:
    cast = make_cast()
    client.force_login(cast.org_owner)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nothing listens there
    page = client.post(cast.at_org.url("person_add"), {"who": NEW, "role": "member"}, follow=True).content.decode()
    assert "the mail server did not take the email" in page
    assert "not sent" in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with isolation.as_tenant(cast.acme.pk):
        invitation = Invitation.objects.get()
    again = client.post(cast.at_org.url("invitation_resend", invitation=invitation.pk), follow=True).content.decode()
    assert f"Sent an invitation to {NEW}." in again
    assert "not sent" not in again


def test_a_name_does_not_reach_the_headers(cast: Cast) -> None:
    cast.org_owner.name = "Eve\nBcc: all@example.com"
    invitations.mail_invitation(invite(cast, cast.at_org))
    assert mail.outbox[0].subject == "org-owner@example.com invites you to acme/tnt on Pipes"


@pytest.mark.parametrize("address", ['"http://evil.example/x"@evil.example', "www.evil.example/x@evil.example"])
def test_an_address_that_carries_a_link_is_not_in_the_letter(cast: Cast, address: str) -> None:
    cast.org_owner.email = address
    invitations.mail_invitation(invite(cast, cast.at_org))
    assert mail.outbox[0].subject == "org-owner invites you to acme/tnt on Pipes"
    assert "evil" not in str(mail.outbox[0].body)


# --- Ends ---------------------------------------------------------------------------------------------------------


def test_expired_used_withdrawn_and_unknown_tokens_get_one_and_the_same_page(cast: Cast, client: Client) -> None:
    expired = invite(cast, cast.at_org, email="a@example.com", now=timezone.now() - timedelta(days=7))
    withdrawn = invite(cast, cast.at_org, email="b@example.com")
    used = invite(cast, cast.at_org, email=cast.stranger.email)
    with isolation.as_tenant(cast.acme.pk):
        invitations.withdraw_invitation(invitation=withdrawn.invitation, by=cast.org_owner, now=timezone.now())
        invitations.accept_invitation(invitation=used.invitation, by=cast.stranger, now=timezone.now())
    links = [link(expired), link(withdrawn), link(used), "/invitations/never-was/", f"{link(used)[:-2]}/"]
    pages = [client.get(address) for address in links] + [client.post(address, NEW_ACCOUNT) for address in links]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content.partition(b"<main")[2] for page in pages}) == 1
    assert GONE in pages[0].content.decode()
    assert not User.objects.filter(handle="newcomer").exists()


def test_an_invitation_withdrawn_while_the_account_is_typed_leaves_no_account(cast: Cast) -> None:
    letter = invite(cast, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        invitations.withdraw_invitation(invitation=letter.invitation, by=cast.org_owner, now=timezone.now())
    with isolation.as_invitee(letter.invitation.token_hash):
        isolation.bind(tenant_id=cast.acme.pk)
        with pytest.raises(invitations.InvitationOverError):
            invitations.accept_with_new_account(
                invitation=letter.invitation, email=NEW, now=timezone.now(), **NEW_ACCOUNT
            )
    assert not User.objects.filter(email=NEW).exists()


def test_an_owner_withdraws_an_invitation_on_the_page(cast: Cast, as_org_owner: Client, client: Client) -> None:
    letter = invite(cast, cast.at_org)
    page = as_org_owner.post(cast.at_org.url("invitation_withdraw", invitation=letter.invitation.pk), follow=True)
    assert f"Withdrew the invitation of {NEW}." in page.content.decode()
    assert events(cast)[-1] == "invitation.withdrawn"
    again = as_org_owner.post(cast.at_org.url("invitation_withdraw", invitation=letter.invitation.pk))
    assert again.status_code == 404
    client.logout()
    assert client.get(link(letter)).status_code == 404


# --- Walls --------------------------------------------------------------------------------------------------------


def test_without_its_tenant_or_its_token_an_invitation_is_not_seen(cast: Cast) -> None:
    letter, other = invite(cast, cast.at_org), invite(cast, cast.at_org, email="other@example.com")
    assert Invitation.objects.count() == 0
    with isolation.as_tenant(cast.globex.pk):
        assert Invitation.objects.count() == 0
    with isolation.as_user(cast.org_owner.pk):
        assert Invitation.objects.count() == 0
    with isolation.as_invitee(invitations.hash_of(letter.token)):
        assert Invitation.objects.get() == letter.invitation
        assert Membership.objects.count() == 0
    with isolation.as_invitee(letter.token):  # the token itself is not what is stored
        assert Invitation.objects.count() == 0
    with isolation.as_tenant(cast.acme.pk):
        assert set(Invitation.objects.all()) == {letter.invitation, other.invitation}


def test_whoever_holds_the_token_sees_but_cannot_write_before_the_tenant_is_bound(cast: Cast) -> None:
    letter = invite(cast, cast.at_org)
    with isolation.as_invitee(invitations.hash_of(letter.token)):
        assert Invitation.objects.update(role=Role.OWNER) == 0
        assert Invitation.objects.all().delete()[0] == 0


def test_an_invitation_of_another_place_is_not_found_below_this_one(cast: Cast, as_org_owner: Client) -> None:
    letter = invite(cast, cast.at_tenant)
    for name in ("invitation_resend", "invitation_withdraw"):
        assert as_org_owner.post(cast.at_org.url(name, invitation=letter.invitation.pk)).status_code == 404


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET /invitations/9SC87-_x/", "GET /invitations/…/"),
        ('"GET /invitations/9SC87-_x HTTP/1.1" 404', '"GET /invitations/… HTTP/1.1" 404'),
        ("GET /account/login/?next=%2Finvitations%2F9SC87-_x%2F", "GET /account/login/?next=%2Finvitations%2F…%2F"),
        ("GET /account/login/?next=%2finvitations%2f9SC87", "GET /account/login/?next=%2finvitations%2f…"),
        ("GET /account/password/reset/key/1-abc/", "GET /account/password/reset/key/…/"),
        ("GET /account/password/reset/key/1-set-password/", "GET /account/password/reset/key/…/"),
        ("POST /emails/confirm/WzEs:1x:Zz-_/", "POST /emails/confirm/…/"),
        ("GET /emails/stop/WzEs:1x:Zz-_/", "GET /emails/stop/…/"),
        ("POST /tenants/acme/people/invitations/12/send/", "POST /tenants/acme/people/invitations/12/send/"),
    ],
)
def test_what_opens_a_door_does_not_reach_the_log(line: str, shown: str) -> None:
    assert hide_secrets(None, "info", {"request": line}) == {"request": shown}
    assert hide_secrets(None, "info", {"event": line}) == {"event": shown}

"""What happens to people's accounts stands in the audit log of each of their tenants, and nowhere else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.conftest import Cast
from tests.workspaces.people.inviting import NEW, NEW_ACCOUNT, invite, link
from tests.workspaces.sign_in.signing_in import enter_code, letters, prove, sign_in, told, turn_on_second_factor
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Role, Tenant, User

CHANGED = "correct-horse-42"


def last_event(tenant: Tenant) -> AuditEvent:
    with isolation.as_tenant(tenant.pk):
        return AuditEvent.objects.order_by("id").last() or AuditEvent()


def codes_of(client: Client) -> str:
    return client.get(reverse("mfa_download_recovery_codes")).content.decode().split()[-1]


@pytest.fixture
def person(cast: Cast) -> User:
    """Somebody who belongs to both tenants."""
    with isolation.as_tenant(cast.globex.pk):
        factories.member(Scope(cast.globex), cast.org_owner, Role.MEMBER)
    return cast.org_owner


def test_signing_in_and_out_is_told_in_each_tenant_of_the_person(cast: Cast, person: User) -> None:
    client = Client(REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="curl/8.0")
    sign_in(client, person)
    for tenant in (cast.acme, cast.globex):
        event = last_event(tenant)
        assert (event.action, event.actor, event.actor_id) == ("user.signed_in", person.email, person.pk)
        assert (event.organization_id, event.remote_address) == (None, "203.0.113.9")
        assert event.details == {"browser": "curl", "second_factor": False}
    client.post(reverse("account_logout"))
    assert told(cast.acme) == told(cast.globex) == ["user.signed_in", "user.signed_out"]


def test_with_a_second_factor_one_is_signed_in_after_it_and_a_wrong_code_is_told(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    secret = turn_on_second_factor(client)
    client.post(reverse("account_logout"))
    sign_in(client, cast.org_owner)
    before = told(cast.acme)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    enter_code(client, "mfa_authenticate", secret)
    assert told(cast.acme)[len(before) :] == ["user.sign_in_refused", "user.signed_in"]
    assert last_event(cast.acme).details["second_factor"] is True


def test_a_wrong_password_is_told_as_refused_and_not_as_done_by_the_person(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner, "wrong")
    event = last_event(cast.acme)
    assert (event.action, event.actor, event.actor_id) == ("user.sign_in_refused", "system", None)
    assert (event.object_id, event.details) == (str(cast.org_owner.pk), {"why": "wrong password"})


def test_a_deactivated_person_who_knows_the_password_is_told_too(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.org_owner.pk).update(is_active=False)
    sign_in(client, cast.org_owner)
    assert last_event(cast.acme).details == {"why": "the account is deactivated"}


def test_a_flood_of_wrong_passwords_is_not_a_flood_of_events(cast: Cast, client: Client) -> None:
    now = timezone.now()
    for number in range(8):
        with time_machine.travel(now + timedelta(minutes=6 * number)):  # slowly, below the limits of sign-in
            sign_in(client, cast.org_owner, "wrong")
    assert told(cast.acme) == ["user.sign_in_refused"] * 5
    assert last_event(cast.acme).details["further_ones"] == "not recorded within this hour"
    with time_machine.travel(now + timedelta(minutes=70)):
        sign_in(client, cast.org_owner, "wrong")
    assert len(told(cast.acme)) == 6


def test_a_failure_of_somebody_unknown_is_told_to_the_installation_only(
    cast: Cast, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "my-secret-typed"})
    assert "Somebody unknown failed to sign in." in caplog.text
    assert "my-secret-typed" not in caplog.text
    assert told(cast.acme) == told(cast.globex) == []


def test_a_failed_proof_is_told_of_the_session_that_tried(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    client.post(reverse("account_reauthenticate"), {"password": "wrong"})
    assert told(cast.acme) == ["user.signed_in", "user.proof_failed"]
    assert last_event(cast.acme).actor_id == cast.org_owner.pk


def test_password_and_second_factor_are_told(
    cast: Cast, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    before = len(told(cast.acme))
    with django_capture_on_commit_callbacks(execute=True):
        turn_on_second_factor(client)
    code = codes_of(client)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_generate_recovery_codes"))
    assert told(cast.acme)[before:] == [
        "user.second_factor_added",
        "user.recovery_codes_made",
        "user.recovery_codes_seen",
        "user.recovery_codes_made",
    ]
    used = client.post(reverse("mfa_reauthenticate"), {"code": code})
    assert used.status_code == 200  # the codes are new
    before = len(told(cast.acme))
    client.post(reverse("mfa_reauthenticate"), {"code": codes_of(client)})
    client.post(reverse("mfa_deactivate_totp"))
    new = {"oldpassword": factories.PASSWORD, "password1": CHANGED, "password2": CHANGED}
    client.post(reverse("account_change_password"), new)
    assert told(cast.acme)[before:] == [
        "user.recovery_codes_seen",
        "user.recovery_code_used",
        "user.second_factor_removed",
        "user.password_changed",
    ]


def test_each_look_at_recovery_codes_is_told_and_by_letter_from_the_second_on(
    cast: Cast, client: Client, mailoutbox: list[EmailMessage]
) -> None:
    sign_in(client, cast.org_owner)
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 404  # there are none
    prove(client)
    turn_on_second_factor(client)
    client.get(reverse("mfa_view_recovery_codes"))
    mailoutbox.clear()
    assert told(cast.acme, ["user.recovery_codes_seen"]) == ["user.recovery_codes_seen"]
    for page in ("mfa_view_recovery_codes", "mfa_download_recovery_codes"):
        client.get(reverse(page))
    assert told(cast.acme, ["user.recovery_codes_seen"]) == ["user.recovery_codes_seen"] * 3
    assert letters() == [(cast.org_owner.email, "The recovery codes of your account on Pipes were shown")] * 2
    assert f"looked at the recovery codes of the account {cast.org_owner.email}" in str(mailoutbox[0].body)


def test_a_look_that_asks_for_a_proof_first_shows_none(cast: Cast, client: Client) -> None:
    factories.second_factor(cast.org_owner)
    Authenticator.objects.create(user=cast.org_owner, type="recovery_codes", data={"seed": "5eed", "used_mask": 0})
    client.force_login(cast.org_owner)
    for page in ("mfa_view_recovery_codes", "mfa_download_recovery_codes"):
        assert client.get(reverse(page)).status_code == 302
    assert told(cast.acme) == []


def test_who_joins_with_a_new_account_is_told_as_signed_in(cast: Cast, client: Client) -> None:
    client.post(link(invite(cast, cast.at_org)), NEW_ACCOUNT)
    assert User.objects.filter(email=NEW).exists()
    assert told(cast.acme, ["invitation.accepted", "user."]) == ["invitation.accepted", "user.signed_in"]


def test_who_takes_the_audit_log_away_is_told_with_what_they_looked_for(cast: Cast, as_org_owner: Client) -> None:
    as_org_owner.get(cast.at_org.url("audit_log_csv") + "?kind=user&since=2026-01-01&before=7")
    event = last_event(cast.acme)
    assert (event.action, event.actor_id, event.organization_id) == (
        "audit_log.exported",
        cast.org_owner.pk,
        cast.tnt.pk,
    )
    assert event.details == {"filters": {"kind": "user", "since": "2026-01-01"}}


def test_owners_find_it_in_activity(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_member, "wrong")
    sign_in(client, cast.tenant_owner)
    page = client.get(cast.at_tenant.url("audit_log"), {"kind": "user"}).content.decode()
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert "signed in" in rows[0]
    assert "tenant-owner@example.com" in rows[0]
    assert "refused to sign in" in rows[1]
    assert "org-member" in rows[1]
    assert "wrong password" in rows[1]


def test_a_first_password_is_recorded(cast: Cast, client: Client) -> None:
    person = cast.org_owner
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    client.post(reverse("account_set_password"), {"password1": "correct-horse-42", "password2": "correct-horse-42"})
    person.refresh_from_db()
    assert person.has_usable_password()
    assert told(cast.acme, ["user.password_set"]) == ["user.password_set"]

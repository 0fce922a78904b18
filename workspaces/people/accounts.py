"""What the operator does to people's accounts: each is one transaction, with one audit event in each of their tenants.

Somebody whose way to sign in is taken or changed also gets an email about it.
"""

from datetime import datetime
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.models import User
from workspaces.people import tokens
from workspaces.places import members as places_members
from workspaces.sign_in import adapter


class RefusedError(Exception):
    """An act that would leave nobody to do it again, or touches an account of one's own; the text says so."""


def find_or_create(email: str, *, handle: str = "") -> User:
    """Give the person with this address, made when new: they sign in after a password reset.

    Raises ValidationError when the address or the handle, which is made from the address by default, will not do.
    """
    known = adapter.person_at(email.lower())
    if known:
        return known
    person = User(email=email.lower(), handle=handle or email.lower().partition("@")[0].replace(".", "-"))
    person.set_unusable_password()
    person.full_clean()
    person.save()
    return person


@transaction.atomic
def set_address(*, person: User, email: str, by: User) -> None:
    """Let somebody sign in with this address, and with no other; they have yet to confirm it.

    Programs that sign in as them do not any more: who made their tokens had another address.

    Raises ValidationError when it is another person's.
    """
    email, former = email.lower(), person.email
    others = User.objects.filter(email=email).exclude(pk=person.pk)
    if others.exists() or EmailAddress.objects.filter(email=email).exclude(user=person).exists():
        raise ValidationError(f"{email} is the address of somebody else.")
    person.email = email
    person.save(update_fields=["email"])
    EmailAddress.objects.filter(user=person).delete()
    EmailAddress.objects.create(user=person, email=email, primary=True)
    tokens.end_all_of(person=person, now=timezone.now())
    audit.record_in_tenants_of("user.address_set", user=person, by=by, before=former, after=email)
    for address in {former, email}:
        _write(address, f"gave your account the email address {email}; it was {former} before. Your tokens ended", by)


@transaction.atomic
def reset_second_factor(*, person: User, by: User) -> None:
    """Take somebody's second factor away, with its recovery codes: they have lost them. Their tokens end."""
    _refuse_own(person, by)
    Authenticator.objects.filter(user=person).delete()
    tokens.end_all_of(person=person, now=timezone.now())
    audit.record_in_tenants_of("user.second_factor_reset", user=person, by=by)
    _write(
        person.email,
        "removed the second factor of your account: your password alone opens it now. Your tokens ended",
        by,
    )


@transaction.atomic
def deactivate(*, person: User, by: User) -> None:
    """Let somebody sign in no more and end their sessions and tokens; what they did stays, and so do their roles.

    Raises LastOwnerError where a tenant would be left without an owner who can sign in.
    """
    _refuse_own(person, by)
    places_members.keep_owners_without(person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    _end_sessions(person)
    tokens.end_all_of(person=person, now=timezone.now())
    with isolation.as_operator():
        tenants = [Scope(each.tenant) for each in person.memberships.filter(organization=None).select_related("tenant")]
    for scope in tenants:
        with isolation.as_tenant(scope.tenant.pk):
            withdrawn = places_members.withdraw_unbacked(scope, person)
            audit.record("user.deactivated", scope=scope, by=by, target=person, withdrawn_invitations=withdrawn)


@transaction.atomic
def reactivate(*, person: User, by: User) -> None:
    person.is_active = True
    person.save(update_fields=["is_active"])
    audit.record_in_tenants_of("user.reactivated", user=person, by=by)


@transaction.atomic
def make_operator(*, person: User, by: User) -> None:
    person.is_superuser = True
    person.save(update_fields=["is_superuser"])
    audit.record_in_tenants_of("user.made_operator", user=person, by=by)
    _write(person.email, "made you an operator of this installation too", by)


@transaction.atomic
def remove_operator_rights(*, person: User, by: User) -> None:
    """Close the operator's pages to somebody else; nobody can do it to themself, so that an operator is left."""
    _refuse_own(person, by)
    person.is_superuser = False
    person.save(update_fields=["is_superuser"])
    audit.record_in_tenants_of("user.operator_rights_removed", user=person, by=by)


@transaction.atomic
def erase(*, person: User, by: User, now: datetime) -> None:
    """Erase somebody's data for good: the account and what names them; what happened stays, done by "a former member".

    They are taken out of their tenants. The database itself takes their texts out of audit events and the like, which
    nothing else may change. Raises LastOwnerError where a tenant would be left without an active owner.
    """
    _refuse_own(person, by)
    places_members.keep_owners_without(person)
    former = person.email
    audit.record_in_tenants_of("user.erased", user=person, by=by)
    with isolation.as_operator():
        members = list(person.memberships.filter(organization=None).select_related("tenant", "user"))
    for member in members:
        with isolation.as_tenant(member.tenant_id):
            places_members.remove_member(scope=Scope(member.tenant), member=member, by=by)
    person.email, person.handle = f"former-member-{person.pk}@erased.invalid", f"former-member-{person.pk}"
    person.name, person.is_active, person.is_superuser = "A former member", False, False
    person.last_login, person.erased_at = None, now
    person.set_unusable_password()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")  # it looks through all of the audit log
    person.save()
    _end_sessions(person)
    tokens.end_all_of(person=person, now=now)
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    _write(former, "erased your account and what Pipes knew of you", by)


def _refuse_own(person: User, by: User) -> None:
    if person == by:
        raise RefusedError("This is your own account. Let another operator do it, or use your Security page.")


def _end_sessions(person: User) -> None:
    for session in UserSession.objects.filter(user=person):
        session.end()


def _write(address: str, what: str, by: User) -> None:
    message = render_to_string("workspaces/email/operator_act.txt", {"what": what, "by": by, "url": settings.BASE_URL})
    send = partial(mail.send_mail, "Your account on Pipes was changed", message, None, [address])
    transaction.on_commit(send, robust=True)  # the act stands when the mail server is away; the log says so

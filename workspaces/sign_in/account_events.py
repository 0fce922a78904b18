"""What happens to people's accounts, in their tenants' audit logs and, where it could be a theft, in an email to them.

These are receivers of the sign-in library's signals because it offers nothing else for them; for what it has a hook for
(signing in and out, ending sessions), see its adapters in ``accounts`` and ``sessions``.
"""

import logging
from datetime import datetime
from typing import Any

from allauth.account import signals
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa import signals as second_factor
from allauth.mfa.models import Authenticator
from django.db.models import Q
from django.dispatch import Signal, receiver
from django.utils import timezone

from workspaces import audit, rate_limit
from workspaces.models import Tenant, User

logger = logging.getLogger(__name__)

_FAILURES_PER_HOUR = 5  # recorded of one person; more are no news, and must not fill the log


def sign_in_failed(address: str) -> None:
    """Record a wrong password for this address; where nobody has the address, in the installation's own log only."""
    confirmed = Q(emailaddress__email=address.lower(), emailaddress__verified=True)
    people = User.objects.filter(Q(email=address.lower()) | confirmed).distinct()
    for person in people:
        sign_in_refused(person, why="wrong password")
    if not people:
        logger.warning("Somebody unknown failed to sign in.")


def sign_in_refused(person: User, *, why: str) -> None:
    """Record that somebody wanted to sign in as this person; nobody can say that it was they themselves."""
    if (details := _further_ones(person)) is not None:
        audit.record_in_tenants_of("user.sign_in_refused", user=person, by=None, why=why, **details)


def proof_failed(person: User) -> None:
    """Record that in a session of this person somebody did not know what they know."""
    if (details := _further_ones(person)) is not None:
        audit.record_in_tenants_of("user.proof_failed", user=person, by=person, **details)


def _further_ones(person: User) -> dict[str, str] | None:
    """Count a failure; give what is to be said of those that follow, or nothing when this one follows too many."""
    limit, window = _FAILURES_PER_HOUR, rate_limit.Window.SINCE_FIRST
    try:
        number = rate_limit.count("failures", person.pk, limit=limit, window=window, now=timezone.now())
    except rate_limit.LimitReachedError:
        return None
    return {"further_ones": "not recorded within this hour"} if number == _FAILURES_PER_HOUR else {}


@receiver(second_factor.authentication_failed)
def wrong_code(user: User, reauthentication: bool, **_: Any) -> None:
    if reauthentication:
        proof_failed(user)
    else:
        sign_in_refused(user, why="wrong code")


@receiver(signals.email_added)
def address_added(user: User, email_address: EmailAddress, **_: Any) -> None:
    audit.record_in_tenants_of("user.address_added", user=user, by=user, address=email_address.email)
    get_adapter().send_notification_mail("account/email/email_added", user, {"address": email_address.email})


@receiver(signals.email_confirmed)
def address_confirmed(email_address: EmailAddress, **_: Any) -> None:
    """Record an address that is somebody's from now on; the one who opens the link need not be signed in."""
    user = email_address.user
    audit.record_in_tenants_of("user.address_confirmed", user=user, by=user, address=email_address.email)
    get_adapter().send_notification_mail("account/email/email_confirmed", user, {"address": email_address.email})


@receiver(signals.email_changed)
def address_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any
) -> None:
    """Record that somebody is known by another address; the library writes to the former one."""
    before = from_email_address.email if from_email_address else ""
    audit.record_in_tenants_of("user.address_changed", user=user, by=user, before=before, after=to_email_address.email)


@receiver(signals.email_removed)
def address_removed(user: User, email_address: EmailAddress, **_: Any) -> None:
    """Record that an address is not theirs any more, and write to it; the library writes to the one that is left."""
    audit.record_in_tenants_of("user.address_removed", user=user, by=user, address=email_address.email)
    former = {"deleted_email": email_address.email}
    get_adapter().send_notification_mail("account/email/email_deleted", user, former, email=email_address.email)


_PASSWORD_SIGNALS = {signals.password_changed: "changed", signals.password_set: "set", signals.password_reset: "reset"}


@receiver(list(_PASSWORD_SIGNALS))
def password_changed(user: User, signal: Signal, **_: Any) -> None:
    """Record another password: in place of the old one, where there was none, or through a link that was mailed."""
    audit.record_in_tenants_of(f"user.password_{_PASSWORD_SIGNALS[signal]}", user=user, by=user)


@receiver(second_factor.authenticator_added)
@receiver(second_factor.authenticator_reset)
def second_factor_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record_in_tenants_of("user.recovery_codes_made", user=user, by=user)
    else:
        audit.record_in_tenants_of("user.second_factor_added", user=user, by=user)


def recovery_codes_seen(person: User, *, is_first: bool) -> None:
    """Record that somebody saw their recovery codes, and write to them; of new ones the library has written already."""
    audit.record_in_tenants_of("user.recovery_codes_seen", user=person, by=person)
    if not is_first:
        get_adapter().send_notification_mail("mfa/email/recovery_codes_seen", person)


def token_made(person: User, *, tenant: Tenant, last4: str, expires_at: datetime | None) -> None:
    """Write to somebody that a program can sign in as them from now on; making the token has recorded it.

    Through a page or the API, that is: the email says from where it was done.
    """
    if context.request is None:
        return
    token = {"tenant": tenant, "last4": last4, "expires_at": expires_at}
    get_adapter().send_notification_mail("account/email/token_made", person, token)


@receiver(second_factor.authenticator_removed)
def second_factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Record that a password is enough to sign in again; the recovery codes go with the app."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        audit.record_in_tenants_of("user.second_factor_removed", user=user, by=user)


@receiver(second_factor.authenticator_used)
def recovery_code_used(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record_in_tenants_of("user.recovery_code_used", user=user, by=user)
        get_adapter().send_notification_mail("mfa/email/recovery_code_used", user)

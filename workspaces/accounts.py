"""How the sign-in library behaves here, and accounts of people who were invited."""

from collections.abc import Collection
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import LoginForm
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.http import HttpRequest

from workspaces import people
from workspaces.access import Scope
from workspaces.handles import PLACE_MAX_LENGTH, RESERVED, slug
from workspaces.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: the operator creates the first people, members come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell that sign-up is closed."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """Leave the subject as its template says it."""
        return subject


class SignInForm(LoginForm):
    """Email and password, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Email address"
        self.fields["password"].help_text = ""  # the page has the link to a new password
        self.fields["remember"].label = "Stay signed in on this computer"


@transaction.atomic
def create_account(*, email: str, handle: str, name: str, password: str) -> User:
    """Create the account of somebody whose email is known to be theirs: an invitation reached them there.

    Raises IntegrityError when the email or handle is taken.
    """
    user = User.objects.create_user(email=email, handle=handle, name=name, password=password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def is_confirmed(user: User, email: str) -> bool:
    """Tell whether somebody has opened the link that was sent to this address of theirs."""
    return EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists()


def confirmed_of_members(scope: Scope, addresses: Collection[str]) -> set[str]:
    """Give those of the addresses, in lower case, that active members of the place itself have confirmed as theirs."""
    members = people.members_of(scope).filter(user__is_active=True).order_by().values("user")
    known = EmailAddress.objects.filter(user__in=members, email__in=addresses, verified=True)
    return set(known.values_list("email", flat=True))


def has_second_factor(user: User) -> bool:
    """Tell whether somebody is asked for more than the password; recovery codes alone are no such thing."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def used_second_factor(request: HttpRequest, user: User) -> bool:
    """Tell whether they gave the second factor in this session, which may be older than the factor."""
    records = get_authentication_records(request, user)
    return any(record["method"] == "mfa" for record in records)


def suggest_handle(email: str) -> str:
    """Make a handle from what stands before the @; empty when nothing there can be one."""
    wish = slug(email.partition("@")[0]).replace("_", "-").lstrip("-0123456789")[:PLACE_MAX_LENGTH].strip("-")
    return "" if wish in RESERVED else wish

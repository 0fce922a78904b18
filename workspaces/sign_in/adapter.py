"""How the sign-in library behaves here, and accounts of people who were invited."""

from collections.abc import Collection
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from workspaces import audit
from workspaces.access import Scope
from workspaces.handles import PLACE_MAX_LENGTH, RESERVED, slug
from workspaces.models import User
from workspaces.models.user import SERVICE_ACCOUNTS
from workspaces.places import members as places_members
from workspaces.sign_in import account_events, sessions
from workspaces.sign_in.after_response import put_off


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: the operator creates the first people, members come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the email once the request has its answer, whose duration must not show whether one is sent.

        A service account has no address, and gets none.
        """
        if email.endswith(f"@{SERVICE_ACCOUNTS}"):
            return
        given = {"request": self.request, "email": email, "base_url": settings.BASE_URL.rstrip("/")}
        message = self.render_mail(template_prefix, email, given | context)
        put_off(self.request, message.send)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, {"user": user} | (context or {}), email)

    def login(self, request: HttpRequest, user: Any) -> None:
        """Begin a session, whichever door somebody came in by; a service account never has one."""
        if user.is_service_account:
            raise PermissionDenied("A service account does not sign in to the console: it works with tokens.")
        super().login(request, user)
        sessions.begin(request)
        audit.record_in_tenants_of(
            "user.signed_in",
            user=user,
            by=user,
            browser=sessions.browser(self.get_http_user_agent(request)),
            second_factor=used_second_factor(request, user),
        )

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            audit.record_in_tenants_of("user.signed_out", user=request.user, by=request.user)
        super().logout(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Know nobody by an address that they only say is theirs; it may be somebody else's."""
        user = super().authenticate(request, **credentials)
        address = credentials.get("email", "")
        if not isinstance(user, User) or user.email == address.lower() or is_confirmed(user, address):
            return user
        self.authentication_failed(request, **credentials)
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a wrong password, at sign-in or in a session; later, for it takes longer for known people."""
        if isinstance(request.user, User):
            put_off(request, partial(account_events.proof_failed, request.user))
        else:
            put_off(request, partial(account_events.sign_in_failed, credentials.get("email", "")))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Record that somebody knows the password of an account that is deactivated."""
        account_events.sign_in_refused(user, why="the account is deactivated")
        return super().respond_user_inactive(request, user)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Ask for a code where there is a second factor: it is there because a password may be known to others."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] == "mfa_reauthenticate"] or methods

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm an address and no more: the first confirmed one would become the one to sign in with."""
        record_address(email_address.user)
        return bool(super().confirm_email(request, email_address))

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _at_our_address(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return _at_our_address(super().get_email_confirmation_url(request, emailconfirmation))


def _at_our_address(url: str) -> str:
    """Put our own address in front: the library takes what the request says, and anybody writes that."""
    return settings.BASE_URL.rstrip("/") + urlsplit(url)._replace(scheme="", netloc="").geturl()


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Email address"
        self.fields["password"].help_text = ""  # the page has the link to a new password
        self.fields["remember"].label = "Stay signed in on this computer"
        idle, days = settings.SESSION_COOKIE_AGE // 3600, settings.PIPES_SESSION_DAYS
        self.fields["remember"].help_text = f"For {days} days, unless you do not come here for {idle} hours."


class ResetForm(ResetPasswordForm):
    """Which accounts an address can have a new password for."""

    def clean_email(self) -> str:
        """Leave out who only says that the address is theirs: it may be mistyped, and its owner would get in."""
        email = str(super().clean_email())
        self.users = [user for user in self.users if user.email == email.lower() or is_confirmed(user, email)]
        return email


@transaction.atomic
def create_account(*, email: str, handle: str, name: str, password: str) -> User:
    """Create the account of somebody whose email is known to be theirs: an invitation reached them there.

    Raises IntegrityError when the email or handle is taken.
    """
    user = User.objects.create_user(email=email, handle=handle, name=name, password=password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def record_address(user: User) -> None:
    """Let the sign-in library know the address that somebody signs in with, confirmed or not, as their primary one.

    It keeps addresses by itself, and has none of people whom the operator created. What it does not know it can neither
    write to when another address takes its place, nor keep from being removed.
    """
    own = EmailAddress.objects.filter(user=user)
    if not own.filter(email=user.email, primary=True).exists():
        own.update(primary=False)
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


def is_confirmed(user: User, email: str) -> bool:
    """Return whether somebody has opened the link that was sent to this address of theirs."""
    return EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists()


def person_at(email: str) -> User | None:
    """Find whose the address is, in lower case: who signs in with it, else who has confirmed it as theirs."""
    confirmed = User.objects.filter(emailaddress__email=email, emailaddress__verified=True)
    return User.objects.filter(email=email).first() or confirmed.first()


def confirmed_of_members(scope: Scope, addresses: Collection[str]) -> set[str]:
    """Give those of the addresses, in lower case, that active members of the place itself have confirmed as theirs."""
    members = places_members.members_of(scope).filter(user__is_active=True).order_by().values("user")
    known = EmailAddress.objects.filter(user__in=members, email__in=addresses, verified=True)
    return set(known.values_list("email", flat=True))


def has_second_factor(user: User) -> bool:
    """Return whether somebody is asked for more than the password; recovery codes alone are no such thing."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def used_second_factor(request: HttpRequest, user: User) -> bool:
    """Return whether they gave the second factor in this session, which may be older than the factor."""
    records = get_authentication_records(request, user)
    return any(record["method"] == "mfa" for record in records)


def suggest_handle(email: str) -> str:
    """Make a handle from what stands before the @; empty when nothing there can be one."""
    wish = slug(email.partition("@")[0]).replace("_", "-").lstrip("-0123456789")[:PLACE_MAX_LENGTH].strip("-")
    return "" if wish in RESERVED else wish

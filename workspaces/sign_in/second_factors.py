"""What second factors are made from, sealed at rest with the key ring, each for its person.

The sign-in library keeps it, and asks us for a form of it to keep. The version before kept it in clear: that is read
too, and sealed by the hourly clean-up (not while migrating, for the version before could not read it any more).
"""

from collections.abc import Callable
from contextvars import ContextVar

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from workspaces import encryption
from workspaces.encryption import SecretUnreadableError
from workspaces.models import User

_SECRETS = ("secret", "seed")  # of an authenticator app, and of recovery codes

# Whose code is being looked at; a person who is signing in is not signed in yet.
_person: ContextVar[int | None] = ContextVar("person", default=None)


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return _seal(text, _current_person())

    def decrypt(self, encrypted_text: str) -> str:
        """Open it for that person. Raises SecretUnreadableError.

        While a code is compared it gives what no code fits instead, so that the person's other factors are looked at.
        """
        try:
            return _open(encrypted_text, _current_person())
        except SecretUnreadableError:
            if _person.get() is None:
                raise
            return generate_totp_secret()


class _CodeForm(forms.Form):
    def clean_code(self) -> str:
        """Compare with codes of the form's person; say where these cannot be known."""
        token = _person.set(self.user.pk)  # type: ignore[attr-defined]
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except ValidationError:
            apps = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP)  # type: ignore[attr-defined]
            if all(is_readable(app.wrap()) for app in apps):
                raise
            raise ValidationError(
                "Your second factor cannot be read. Ask the operator of this installation to reset it."
            ) from None
        finally:
            _person.reset(token)


class SignInCodeForm(_CodeForm, AuthenticateForm):
    """The code after the password."""


class ProofCodeForm(_CodeForm, ReauthenticateForm):
    """The code before what is sensitive."""


def is_readable(app: TOTP) -> bool:
    """Return whether the codes of somebody's authenticator app can be known."""
    try:
        _open(app.instance.data["secret"], app.instance.user_id)
    except SecretUnreadableError:
        return False
    return True


def codes_left(codes: RecoveryCodes | None) -> str:
    """Say how many of somebody's recovery codes still let them in; empty where there are none, or none can be read."""
    try:
        return f"{len(codes.get_unused_codes())} of {len(codes.generate_codes())}" if codes else ""
    except SecretUnreadableError:
        return ""


def has_seen_codes(person: User) -> bool:
    """Return whether somebody was shown their recovery codes before; the library keeps the first time."""
    codes = Authenticator.objects.filter(user=person, type=Authenticator.Type.RECOVERY_CODES)
    return codes.filter(data__has_key="viewed_at").exists()


def in_clear() -> QuerySet[Authenticator]:
    """Give those that the version before has kept."""
    kept = (Q(data__has_key=name) & ~Q(**{f"data__{name}__icontains": "."}) for name in _SECRETS)
    return Authenticator.objects.filter(Q(*kept, _connector=Q.OR))


def renew(authenticator: Authenticator) -> bool:
    """Seal it with the first key, and return whether that had to be done. Raises SecretUnreadableError."""
    return _keep(authenticator, _seal, where=lambda stored: not (_is_sealed(stored) and encryption.is_current(stored)))


def unseal(authenticator: Authenticator) -> bool:
    """Keep it in clear for the version before, and return whether it was sealed. Raises SecretUnreadableError."""
    return _keep(authenticator, lambda text, _person: text, where=_is_sealed)


def change_all(change: Callable[[Authenticator], bool]) -> tuple[int, list[str]]:
    """Renew or unseal all, each in a transaction of its own; gives how many had to be, and whose cannot be read."""
    changed, unreadable = 0, list[str]()
    for authenticator in Authenticator.objects.select_related("user").order_by("pk"):
        try:
            changed += change(authenticator)
        except SecretUnreadableError:
            unreadable.append(f"{authenticator.user.email}/{authenticator.type}")
    return changed, unreadable


def _keep(authenticator: Authenticator, form: Callable[[str, int], str], *, where: Callable[[str], bool]) -> bool:
    """Keep what it is made from in another form, where it is kept like that; return whether anything was."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        due = {name for name in _SECRETS if name in row.data and where(row.data[name])}
        row.data |= {name: form(_open(row.data[name], row.user_id), row.user_id) for name in due}
        if due:
            row.save(update_fields=["data"])
    return bool(due)


def _current_person() -> int:
    return _person.get() or context.request.user.pk


def _seal(text: str, person: int) -> str:
    return encryption.encrypt(text, owner=f"user:{person}:second_factor")


def _open(stored: str, person: int) -> str:
    return encryption.decrypt(stored, owner=f"user:{person}:second_factor") if _is_sealed(stored) else stored


def _is_sealed(stored: str) -> bool:
    return "." in stored  # what the library makes is letters and digits

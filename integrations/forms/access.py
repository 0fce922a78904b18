"""How to sign in to AWS: by a role or an access key."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings as installation
from django.core.exceptions import ValidationError

from integrations.access import findings
from integrations.aws.identifiers import check_access_key_id, check_role_arn, check_secret_access_key, pasted
from integrations.aws.principals import why_own_key, why_own_role
from integrations.forms.settings import SettingsForm
from integrations.models import AccessMode, AccessTest
from integrations.models.settings import AccessSettings
from workspaces.web.inputs import PLAIN

_OF_MODE: Final = {AccessMode.ROLE: ("role_arn",), AccessMode.KEY: ("access_key", "secret_key")}


class AccessForm(SettingsForm):
    """How to sign in. The fields of the mode that is not chosen are shown without script, and ignored.

    ``tests`` is the test by which a role may turn out to be open to strangers; ``judged_later`` are fields that may
    stay empty, or whose emptiness is judged with others.
    """

    tests: ClassVar[AccessTest.Kind] = AccessTest.Kind.DISCOVERY
    judged_later: ClassVar[frozenset[str]] = frozenset({"secret_key"})
    settings: AccessSettings

    access_mode = forms.ChoiceField(
        label="Access Mode",
        choices=AccessMode.choices,
        error_messages={"invalid_choice": "Choose Cross-Account Role or Access Key."},
    )
    role_arn = forms.CharField(
        label="Role ARN",
        error_messages={"required": "Enter the ARN of the role that you created."},
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "arn:aws:iam::123456789012:role/pipes-discovery"}),
    )
    access_key = forms.CharField(
        label="Access Key",
        error_messages={"required": "Enter the access key."},
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "AKIA…"}),
    )
    secret_key = forms.CharField(label="Secret Key", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, settings: AccessSettings, data: Any = None, **further: Any) -> None:
        """Start from the settings; ``further`` is what is stored for the fields of a form that has more of them."""
        stored = {
            "access_mode": settings.access_mode,
            "role_arn": settings.role_arn,
            "access_key": settings.access_key_id,
        }
        super().__init__(data, initial=stored | further, label_suffix="")
        self.settings = settings
        if settings.sealed_secret_key:
            self.fields["secret_key"].help_text = "A secret key is stored. Leave this empty to keep it."

    @property
    def mode(self) -> AccessMode:
        return AccessMode(self.cleaned_data.get("access_mode", self.settings.access_mode))

    def _clean_fields(self) -> None:
        """Look at the fields of the chosen mode only, and judge later whether a secret is needed."""
        mode, order = self.data.get("access_mode"), list(self.fields)
        ignored = [name for other, names in _OF_MODE.items() if other != mode for name in names]
        kept = {name: self.fields.pop(name) for name in ignored}
        for name in self.judged_later & self.fields.keys():
            self.fields[name].required = False
        super()._clean_fields()  # type: ignore[misc]
        self.fields.update(kept)
        self.order_fields(order)
        for field in self.fields.values():  # nothing that is shown is optional in its mode
            field.required = True

    def clean_role_arn(self) -> str:
        """Refuse what is no role's ARN, or one that we could never assume."""
        arn = str(_checked(check_role_arn, pasted(self.cleaned_data["role_arn"])))
        if why := why_own_role(check_role_arn(arn)):
            raise ValidationError(why)
        partition = check_role_arn(arn).partition
        if partition not in installation.PIPES_AWS_PRINCIPALS:
            served = ", ".join(installation.PIPES_AWS_PRINCIPALS) or "none"
            raise ValidationError(
                f"This role is in the AWS partition {partition}, where this installation has no identity of its own to"
                f" assume it (partitions served: {served}). Ask its operator to add one to PIPES_AWS_PRINCIPAL_ARN."
            )
        return arn

    def clean_access_key(self) -> str:
        """Refuse what is no long-lived access key."""
        key_id = str(_checked(check_access_key_id, pasted(self.cleaned_data["access_key"])))
        if why := why_own_key(key_id):
            raise ValidationError(why)
        return key_id

    def clean_secret_key(self) -> str:
        """Refuse what is no secret key; none at all is judged with the access key."""
        secret = pasted(self.cleaned_data["secret_key"])
        return str(_checked(check_secret_access_key, secret)) if secret else ""

    def clean(self) -> None:
        """Refuse half a key pair: a stored secret goes with the access key it was stored with."""
        if self.mode != AccessMode.KEY or "secret_key" not in self.cleaned_data:
            return
        access_key, secret = self.cleaned_data.get("access_key"), self.cleaned_data["secret_key"]
        has_stored = bool(self.settings.sealed_secret_key) and access_key == self.settings.access_key_id
        if access_key is None and secret:
            self.add_error("secret_key", "Enter the secret key again: it is stored only together with its access key.")
        elif access_key is not None and not secret and not has_stored:
            self.add_error("secret_key", "Enter the secret key that belongs to this access key.")

    def keep(self) -> None:
        """Keep the valid values; the secret is encrypted at once, and dropped when its access key changes."""
        settings, values = self.settings, self.cleaned_data
        settings.access_mode = self.mode
        settings.role_arn = values.get("role_arn", settings.role_arn)
        access_key = values.get("access_key")
        if access_key is None:
            return
        if access_key != settings.access_key_id:
            settings.access_key_id, settings.sealed_secret_key = access_key, ""
        if values.get("secret_key"):
            settings.secret_key = values["secret_key"]

    def refuse_open_role(self) -> bool:
        """Add an error, and return True, when a test found that strangers can assume the role as it was kept."""
        why = findings.why_role_is_refused(self.settings, self.tests)
        if why:
            self.add_error("role_arn", why)
        return bool(why)


def _checked(check: Callable[[str], object], text: str) -> object:
    try:
        return check(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error

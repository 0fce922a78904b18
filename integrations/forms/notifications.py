"""The forms of an integration's notifications."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.models import EmailNotifications, Integration, Topic, Webhook
from integrations.notifications import url_guard
from workspaces.sign_in.typed_secrets import SecretInput
from workspaces.web.inputs import AS_TYPED

MOST_ADDRESSES: Final = 10
_UNKNOWN = {"invalid_choice": "Choose from what is listed."}


def _topics(**options: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(choices=Topic.choices, widget=forms.CheckboxSelectMultiple, **options)


class EmailsForm(forms.Form):
    topics = _topics(label="Send an email when", required=False, error_messages=_UNKNOWN)
    to_owners = forms.BooleanField(required=False)
    addresses = forms.CharField(
        label="More addresses",
        required=False,
        max_length=3000,
        help_text=f"One a line, {MOST_ADDRESSES} at most. Those who are no members are asked first.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(self, integration: Integration, data: Any = None) -> None:
        self.stored = EmailNotifications.of(integration)
        initial = self.stored.facts | {"addresses": "\n".join(self.stored.addresses)}
        super().__init__(data, initial=initial, label_suffix="")
        self.fields["to_owners"].label = f"To the owners of {integration.scope}"

    def clean_addresses(self) -> list[str]:
        typed = dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", self.cleaned_data["addresses"]) if part)
        for address in typed:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(f"{address} is no email address.") from None
        if len(typed) > MOST_ADDRESSES:
            raise ValidationError(f"Enter {MOST_ADDRESSES} addresses at most; a mailing list reaches more people.")
        return list(typed)

    def clean(self) -> None:
        values = self.cleaned_data
        if values.get("topics") and not values.get("to_owners") and values.get("addresses") == []:
            self.add_error("addresses", "Enter an address or choose the owners, or nobody gets these emails.")


class WebhookForm(forms.Form):
    """A webhook; the URL of one that exists is not shown, and stays unless another one is entered."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        error_messages={"required": "Enter a name."},
        help_text="By which people tell it from the others.",
    )
    url = forms.CharField(
        label="URL",
        error_messages={"required": "Enter the URL that notifications are posted to."},
        help_text="Notifications are posted to it as JSON. It is kept like a secret: only its host is shown again.",
        widget=SecretInput(attrs=AS_TYPED),
    )
    topics = _topics(
        label="Post when", error_messages=_UNKNOWN | {"required": "Choose at least one; or switch the webhook off."}
    )
    is_on = forms.BooleanField(
        label="Switched on", required=False, help_text="While it is off, nothing is posted and nothing is kept for it."
    )

    def __init__(self, webhook: Webhook | None, data: Any = None) -> None:
        initial = webhook.facts if webhook else {"topics": Topic.values}
        super().__init__(data, initial=initial, label_suffix="")
        if webhook is None:
            del self.fields["is_on"]
        else:
            self.fields["url"].required = False
            self.fields["url"].help_text = f"Leave it empty to keep the one at {webhook.origin}."

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_url(self) -> str:
        """Refuse what we would not post to, as far as the URL itself shows."""
        url: str = self.cleaned_data["url"]
        if url:
            try:
                url_guard.check_literal(url_guard.parse(url))
            except url_guard.TargetRefusedError as error:
                raise ValidationError(str(error)) from error
        return url.partition("#")[0]

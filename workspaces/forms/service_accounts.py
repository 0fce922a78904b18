"""Forms of service accounts; they validate, actions write."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator

from workspaces.access import Scope
from workspaces.forms.people import RoleForm
from workspaces.models import User

# Line ends and other control characters, and those that turn the text after them around: it is read in the audit log.
_ONE_LINE: Final = RegexValidator(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]",
    "Write the title in one line, without characters that cannot be seen.",
    inverse_match=True,
)


class ServiceAccountForm(forms.Form):
    """What a new service account is called, and what it is for."""

    title = forms.CharField(
        max_length=User._meta.get_field("name").max_length,
        label="Title",
        validators=[_ONE_LINE],
        help_text="What people and the audit log call it, such as the name of the program.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter a title."},
    )
    description = forms.CharField(
        max_length=User._meta.get_field("description").max_length,
        required=False,
        label="Description",
        help_text="What it does, where it runs, and whom to ask.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ChangedAccountForm(ServiceAccountForm, RoleForm):
    """What can be changed of a service account, its role where it belongs too."""

    field_order = ("title", "description", "role")

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, scope: Scope, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, scope=scope)
        self.initial = dict(initial or {})

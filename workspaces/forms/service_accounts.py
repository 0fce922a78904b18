"""Forms of service accounts; they validate, actions write."""

from collections.abc import Mapping
from typing import Any

from django import forms

from workspaces.access import Scope
from workspaces.forms.people import RoleForm
from workspaces.models import User


class ServiceAccountForm(forms.Form):
    """What a new service account is called, and what it is for."""

    title = forms.CharField(
        max_length=User._meta.get_field("name").max_length,
        label="Title",
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

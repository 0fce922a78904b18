"""What the two forms with an integration's handle share: the wizard's, and that of the Advanced tab."""

from typing import Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Integration
from workspaces.handles import PLACE_MAX_LENGTH, validate_place_handle
from workspaces.models import Tenant
from workspaces.web.inputs import AS_TYPED

# What stands in the URLs of the wizard where an integration's handle could stand.
RESERVED: Final = frozenset({"new", "drafts"})


def handle_field(help_text: str) -> forms.CharField:
    """Make the field; whether the handle is free is for ``check_handle_is_free``."""
    return forms.CharField(
        label="Handle",
        validators=[validate_place_handle],
        error_messages={"required": "Enter a handle for the integration."},
        help_text=help_text,
        widget=forms.TextInput(attrs=AS_TYPED | {"maxlength": PLACE_MAX_LENGTH}),
    )


def check_handle_is_free(tenant: Tenant, handle: str) -> None:
    """Raise ValidationError with a sentence when no new integration of the tenant can have this handle."""
    if handle in RESERVED:
        raise ValidationError(f"{handle} is a word of this console. Choose another handle.")
    if Integration.objects.filter(tenant=tenant, handle=handle).exists():
        raise ValidationError(
            f"Another integration of {tenant} is called {handle}; handles are unique over the whole tenant,"
            " organizations included. Choose another one."
        )

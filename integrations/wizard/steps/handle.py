"""Step 2: Choose handle."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Draft, Integration
from integrations.wizard import setup_files
from integrations.wizard.steps.step import StepForm
from workspaces.handles import PLACE_MAX_LENGTH, validate_place_handle
from workspaces.models import Tenant

# What stands in the URLs of the wizard where an integration's handle could stand.
RESERVED: Final = frozenset({"new", "drafts"})


def check_handle_is_free(tenant: Tenant, handle: str) -> None:
    """Raise ValidationError with a sentence when no new integration of the tenant can have this handle."""
    if handle in RESERVED:
        raise ValidationError(f"{handle} is a word of this console. Choose another handle.")
    if Integration.objects.filter(tenant=tenant, handle=handle).exists():
        raise ValidationError(
            f"Another integration of {tenant} is called {handle}; handles are unique over the whole tenant,"
            " organizations included. Choose another one."
        )


class HandleForm(StepForm):
    """The integration's name, unique over the whole tenant."""

    handle = forms.CharField(
        label="Handle",
        validators=[validate_place_handle],
        error_messages={"required": "Enter a handle for the integration."},
        help_text="A meaningful name, unique for all integrations in the tenant, those of its organizations included.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "maxlength": PLACE_MAX_LENGTH,
            }
        ),
    )

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give the handle."""
        return {"handle": draft.handle}

    def clean_handle(self) -> str:
        """Refuse a taken handle."""
        handle: str = self.cleaned_data["handle"]
        check_handle_is_free(self.draft.tenant, handle)
        return handle

    def keep(self) -> None:
        """Keep the handle."""
        is_new = not self.draft.handle
        self.draft.handle = self.cleaned_data.get("handle", self.draft.handle)
        if is_new and self.draft.handle:
            setup_files.name_roles(self.draft)

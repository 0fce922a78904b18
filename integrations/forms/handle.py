"""The handle of an integration, in the wizard and on the Advanced tab."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Draft, Integration
from workspaces.handles import PLACE_MAX_LENGTH, TAKEN, next_free, refused, validate_integration_handle, why_like_an_id
from workspaces.web.inputs import AS_TYPED

# What stands in the URLs of the wizard where an integration's handle could stand.
RESERVED: Final = frozenset({"new", "drafts"})


class HandleForm(forms.Form):
    """A handle that no other integration of the tenant has; the one of an integration itself is fine."""

    handle = forms.CharField(
        label="Handle",
        validators=[validate_integration_handle],
        error_messages={"required": "Enter a handle for the integration."},
        help_text="Unique for all integrations in the tenant, those of its organizations included.",
        widget=forms.TextInput(attrs=AS_TYPED | {"maxlength": PLACE_MAX_LENGTH}),
    )

    def __init__(self, settings: Integration | Draft, data: Any = None) -> None:
        super().__init__(data, initial={"handle": settings.handle}, label_suffix="")
        self.settings = settings

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        tenant = self.settings.tenant
        if isinstance(self.settings, Integration) and handle == self.settings.handle:
            return handle
        if handle in RESERVED:
            raise ValidationError(f"{handle} is a word of this console. Choose another handle.")
        if why := why_like_an_id(handle):
            raise ValidationError(why)
        if self._is_taken(handle):
            raise refused(
                f"Another integration of {tenant} is called {handle}; handles are unique over the whole tenant,"
                " organizations included. Choose another one.",
                next_free(handle, self._is_taken, separator="-", longest=PLACE_MAX_LENGTH),
                code=TAKEN,
            )
        return handle

    def _is_taken(self, handle: str) -> bool:
        return Integration.objects.filter(tenant=self.settings.tenant, handle=handle).exists()

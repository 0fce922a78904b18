"""The forms of an integration's Advanced tab."""

from typing import Any, Final

from django import forms

from integrations.forms.handle import check_handle_is_free
from integrations.models import Integration
from workspaces.handles import PLACE_MAX_LENGTH, validate_place_handle

LEAST_MINUTES: Final = 5
MOST_MINUTES: Final = 24 * 60


class HandleForm(forms.Form):
    """What the integration is called."""

    handle = forms.CharField(
        label="Handle",
        validators=[validate_place_handle],
        error_messages={"required": "Enter a handle for the integration."},
        help_text="Unique for all integrations in the tenant, those of its organizations included.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "maxlength": PLACE_MAX_LENGTH,
            }
        ),
    )

    def __init__(self, integration: Integration, data: Any = None) -> None:
        super().__init__(data, initial={"handle": integration.handle}, label_suffix="")
        self.integration = integration

    def clean_handle(self) -> str:
        """Refuse a handle that another integration has."""
        handle: str = self.cleaned_data["handle"]
        if handle != self.integration.handle:
            check_handle_is_free(self.integration.tenant, handle)
        return handle


class ScheduleForm(forms.Form):
    """How often the integration syncs by itself."""

    minutes = forms.IntegerField(
        label="Minutes between two syncs",
        min_value=LEAST_MINUTES,
        max_value=MOST_MINUTES,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Enter a number of minutes from {LEAST_MINUTES} to {MOST_MINUTES:,} (a day).",
        ),
        help_text=f"From {LEAST_MINUTES} to {MOST_MINUTES:,} (a day).",
    )

    def __init__(self, integration: Integration, data: Any = None) -> None:
        minutes = integration.schedule.interval_seconds // 60
        super().__init__(data, initial={"minutes": minutes}, label_suffix="")

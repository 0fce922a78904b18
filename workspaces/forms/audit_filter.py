"""The filter of the audit log."""

from typing import Any

from django import forms

from workspaces.audit import sentences
from workspaces.audit.activity import Filters


class ActivityForm(forms.Form):
    """What to look for, all optional, as it stands in the URL."""

    person = forms.CharField(
        required=False, max_length=254, label="Person", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(
        required=False,
        label="Kind",
        choices=lambda: [("", "Anything"), *sentences.kinds().items()],
        error_messages={"invalid_choice": "Choose one of the kinds."},
    )
    object = forms.CharField(
        required=False, max_length=200, label="Object", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    object_id = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    since = forms.DateField(required=False, label="From (UTC)", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To (UTC)", widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "The range ends before it begins. Choose a later day.")
        return cleaned

    @property
    def filters(self) -> Filters:
        """The filters that are valid; what is not is said beside its field and left out."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if name != "before" and value}
        return Filters(**found)

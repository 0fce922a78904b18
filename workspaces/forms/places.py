"""Forms of people and places; they validate, actions write."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from workspaces.handles import PLACE_MAX_LENGTH, TAKEN, next_free, refused, validate_not_reserved, validate_place_handle
from workspaces.web.inputs import AS_TYPED

HANDLE_HELP = "Lower-case letters, digits and dashes, starting with a letter."


class HandleField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=PLACE_MAX_LENGTH,
            label="Handle",
            validators=[validate_place_handle, validate_not_reserved],
            error_messages={"required": "Enter a handle."},
            widget=forms.TextInput(attrs=AS_TYPED),
            **options,
        )


class NamedForm(forms.Form):
    """A handle, besides a name; ``is_taken`` looks the handle up, ``taken`` names the one who has it."""

    handle = HandleField(help_text=HANDLE_HELP)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        is_taken: Callable[[str], bool],
        taken: str,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._is_taken, self._taken = is_taken, taken

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if self._is_taken(handle):
            raise self.taken_error(handle)
        return handle

    def taken_error(self, handle: str) -> ValidationError:
        """Make the error of a taken handle; also when somebody took it between the check and the write."""
        free = next_free(handle, self._is_taken, separator="-", longest=PLACE_MAX_LENGTH)
        return refused(f"“{handle}” is taken by {self._taken}. Choose another handle.", free, code=TAKEN)


class PlaceForm(NamedForm):
    name = forms.CharField(
        max_length=100,
        label="Name",
        help_text="What people read; it can be changed at any time.",
        error_messages={"required": "Enter a name."},
    )


class ProfileForm(NamedForm):
    name = forms.CharField(
        max_length=100,
        required=False,
        label="Name",
        help_text="Shown to the people you work with.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

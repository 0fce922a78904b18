"""Folders and connections made by hand."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connections.retention import GRACE
from workspaces.handles import NODE_MAX_LENGTH, TAKEN, next_free, refused, validate_node_handle
from workspaces.web.inputs import AS_TYPED
from workspaces.wording.durations import duration_in_words


class NodeForm(forms.Form):
    """A handle and a title; ``is_taken`` looks the handle up, ``taken`` says by what.

    ``why_reserved`` says why a handle can be nobody's, if so.
    """

    handle = forms.CharField(
        label="Handle",
        max_length=NODE_MAX_LENGTH,
        validators=[validate_node_handle],
        help_text="Lower-case letters, digits and underscores, starting with a letter.",
        error_messages={"required": "Enter a handle."},
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    title = forms.CharField(
        label="Title", required=False, max_length=128, help_text="What people read; the handle, when it is empty."
    )

    def __init__(
        self,
        data: Any = None,
        *,
        is_taken: Callable[[str], bool],
        taken: str,
        why_reserved: Callable[[str], str],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self._is_taken, self._taken, self._why_reserved = is_taken, taken, why_reserved

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if handle != self.initial.get("handle") and (why := self._why_reserved(handle)):
            raise ValidationError(why)
        if self._is_taken(handle):
            raise self.taken_error(handle)
        return handle

    def taken_error(self, handle: str) -> ValidationError:
        """Make the error of a taken handle; also when somebody took it between the check and the write."""
        return refused(
            f"“{handle}” is taken by {self._taken}, or kept for one that was removed from AWS and may come back"
            f" within {duration_in_words(GRACE)}. Choose another handle.",
            next_free(handle, self._is_taken, separator="_", longest=NODE_MAX_LENGTH),
            code=TAKEN,
        )

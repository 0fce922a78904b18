"""Aggregators and the search path of a workspace."""

import re
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from workspaces.handles import (
    NODE_MAX_LENGTH,
    RESERVED_SCHEMAS,
    TAKEN,
    next_free,
    refused,
    validate_node_handle,
    why_system_owned,
)
from workspaces.web.inputs import AS_TYPED

_PATTERN: Final = re.compile(r"[a-z0-9_*]{1,100}", re.ASCII)
_MOST: Final = 30


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))


class AggregatorForm(forms.Form):
    """A handle and patterns, which may match nothing yet; ``is_taken`` looks the handle up.

    ``seen`` is what the page showed, so that nothing is lost unseen.
    """

    handle = forms.CharField(
        label="Handle",
        max_length=NODE_MAX_LENGTH,
        validators=[validate_node_handle],
        help_text="Its schema name: lower-case letters, digits and underscores, starting with a letter.",
        error_messages={"required": "Enter a handle."},
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    patterns = forms.CharField(
        label="Connections",
        max_length=5000,
        help_text="Names of connections, one a line, with * for any characters, such as prod_*.",
        error_messages={"required": "Enter at least one name or pattern; * stands for all connections."},
        widget=forms.Textarea(attrs=AS_TYPED | {"rows": 4}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, is_taken: Callable[[str], bool], initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self._is_taken = is_taken

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if handle in RESERVED_SCHEMAS:
            raise ValidationError(f"“{handle}” is a schema that every workspace has by itself. Choose another handle.")
        if handle != self.initial.get("handle") and (why := why_system_owned(handle)):
            raise ValidationError(f"{why} Choose another handle.")
        if self._is_taken(handle):
            raise self.taken_error(handle)
        return handle

    def taken_error(self, handle: str) -> ValidationError:
        """Make the error of a taken handle; also when somebody took it between the check and the write."""
        free = next_free(handle, self._is_taken, separator="_", longest=NODE_MAX_LENGTH)
        return refused(
            f"“{handle}” is taken by another aggregator of this workspace. Choose another handle.", free, code=TAKEN
        )

    def clean_patterns(self) -> list[str]:
        patterns = _parts(self.cleaned_data["patterns"])
        wrong = [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]
        if wrong:
            listed = ", ".join(f"“{part[:100]}”" for part in wrong[:5])
            raise ValidationError(
                f"{listed} cannot match a handle: use lower-case letters, digits, underscores, and * for any."
            )
        if len(patterns) > _MOST:
            raise ValidationError(f"These are {len(patterns)} patterns; use {_MOST} at most.")
        return patterns


class SearchPathForm(forms.Form):
    """The names that are looked up first; ``seen`` is what the page showed, so that nothing is lost unseen."""

    names = forms.CharField(
        label="Search path prefix",
        required=False,
        max_length=5000,
        help_text="Schema names, one a line, in the order in which they are looked up.",
        widget=forms.Textarea(attrs=AS_TYPED | {"rows": 4}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_names(self) -> list[str]:
        names = _parts(self.cleaned_data["names"])
        for name in names:
            try:
                validate_node_handle(name)
            except ValidationError as error:
                raise ValidationError(f"“{name[:100]}” is no schema name. {error.messages[0]}") from error
        if len(names) > _MOST:
            raise ValidationError(f"These are {len(names)} names; use {_MOST} at most.")
        return names

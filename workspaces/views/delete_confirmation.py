"""Deleting asks for the handle: the form, and the page that the dialog shows too."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workspaces.places.deletion import Going
from workspaces.web.inputs import AS_TYPED


class ConfirmForm(forms.Form):
    """The handle of what is to be deleted, typed by hand."""

    handle = forms.CharField(label="Handle", widget=forms.TextInput(attrs=AS_TYPED | {"data-confirm-input": True}))

    def __init__(self, wanted: str, data: Any = None) -> None:
        # The page below the dialog may have a handle too.
        super().__init__(data, auto_id="id_confirm_%s", label_suffix="")
        self.wanted = wanted
        self.fields["handle"].label = f"Enter {wanted} to confirm"
        self.fields["handle"].error_messages = {"required": f"Enter {wanted} to delete it."}

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if handle != self.wanted:
            raise ValidationError(f"This is not {self.wanted}. Enter {self.wanted} to delete it, or cancel.")
        return handle


def show_delete(
    request: HttpRequest,
    form: ConfirmForm,
    *,
    what: str,
    warning: str,
    going: Sequence[Going],
    cancel_url: str,
    below: str = "",
    **shown_below: object,
) -> HttpResponse:
    """Show the question; ``below`` is a template of what else there is to know, with what it shows."""
    context = {
        "form": form,
        "what": what,
        "warning": warning,
        "going": [one for one in going if one.number],
        "cancel_url": cancel_url,
        "below": below,
        **shown_below,
    }
    return render(request, "workspaces/delete.html", context)

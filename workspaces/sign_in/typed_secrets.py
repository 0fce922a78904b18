"""What is typed into forms and shown by no page again, by the fields of all forms."""

from collections.abc import Iterator

from django import forms
from django.forms.utils import pretty_name
from django.http import QueryDict


class SecretInput(forms.TextInput):
    """A line for what is typed in sight and kept like a secret all the same, such as a URL that lets one in."""


def is_secret(field: forms.Field) -> bool:
    """Return whether what is typed there is a secret: it is typed unseen, counts once, or its form says so."""
    widget = field.widget
    return isinstance(widget, forms.PasswordInput | SecretInput) or widget.attrs.get("autocomplete") == "one-time-code"


def labels_in(posted: QueryDict) -> dict[str, str]:
    """Give the names of secrets that were posted, with what a form calls each.

    What has the name of a secret in any form counts as one: which form it was that somebody sent is not known. Where
    several call it differently, that one's word is taken which has most of what was posted, and least besides.
    """
    likeliest_last = sorted(
        all_forms(), key=lambda form: (len(form.base_fields.keys() & posted.keys()), -len(form.base_fields))
    )
    labels = {
        name: str(field.label or pretty_name(name))
        for form in likeliest_last
        for name, field in form.base_fields.items()
        if is_secret(field)
    }
    return {name: labels[name] for name in posted if name in labels and any(posted.getlist(name))}


def all_forms(below: type[forms.Form] = forms.Form) -> Iterator[type[forms.Form]]:
    """Give every form, of libraries too, that some page may have shown: by then it is imported."""
    for form in below.__subclasses__():
        yield form
        yield from all_forms(form)

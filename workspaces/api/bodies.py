"""What programs send, held against the same forms as what people type."""

from typing import Any

from django import forms
from pydantic import BaseModel

from workspaces.api.problems import ProblemError
from workspaces.handles import TAKEN


class Body(BaseModel):
    """What is sent to make or change something; what it does not know it ignores, as clients of other versions send it.

    In a text that need not be there an empty one is none: clients send it for what was not set.
    """

    def given(self, **names: str) -> dict[str, Any]:
        """Give what was sent, by the names that it has here; nothing for what is absent or empty."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {ours: sent[theirs] for ours, theirs in names.items() if sent.get(theirs) not in (None, "")}


def checked(form: forms.Form, **locations: str) -> dict[str, Any]:
    """Give what a form makes of its data; raises ProblemError with its sentences: 409 for a handle that is taken.

    ``locations`` are fields that programs call otherwise.
    """
    if form.is_valid():
        return form.cleaned_data
    found = [
        (locations.get(name, name), str(message), error.code)
        for name, errors in form.errors.as_data().items()
        for error in errors
        for message in error.messages
    ]
    status = 409 if all(code == TAKEN for _, _, code in found) else 400
    raise ProblemError(status, " ".join(text for _, text, _ in found), fields=[(at, text) for at, text, _ in found])

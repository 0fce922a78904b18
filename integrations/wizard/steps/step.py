"""What the forms of all steps have in common."""

from typing import Any

from django import forms

from integrations.models import Draft


class StepForm(forms.Form):
    """A step of the wizard: starts from what the draft has, and puts what is valid back onto it."""

    use_required_attribute = False  # a field of the mode that is not chosen must not stop the browser
    draft: Draft

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(data, initial=self.stored(draft), label_suffix="")
        self.draft = draft

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give the fields' values as the draft has them; never a secret."""
        return {}

    def keep(self) -> None:
        """Put each valid value onto the draft, also when others are not; nothing is saved here."""

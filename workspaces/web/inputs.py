"""What inputs have in common."""

from typing import Any, Final

from django import forms

# Of an input in which each character counts: the browser does not correct it, and does not complete it either.
PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false"}
AS_TYPED: Final = PLAIN | {"autocomplete": "off"}


class NumberField(forms.IntegerField):
    """A number of something: the page shows what of, behind the input."""

    def __init__(self, *, unit: str, **options: Any) -> None:
        super().__init__(**options)
        self.unit = unit

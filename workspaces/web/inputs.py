"""What inputs have in common."""

from typing import Any, Final

from django import forms

# Of an input in which each character counts: the browser does not correct it, and does not complete it either.
PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false"}
AS_TYPED: Final = PLAIN | {"autocomplete": "off"}


_LARGEST_KEY: Final = 2**63 - 1


def key_in(text: str | None) -> int | None:
    """Read the key of a row from a URL or a form; None for whatever is no key."""
    key = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return key if 0 < key <= _LARGEST_KEY else None


class NumberField(forms.IntegerField):
    """A number of something: the page shows what of, behind the input."""

    def __init__(self, *, unit: str, **options: Any) -> None:
        super().__init__(**options)
        self.unit = unit

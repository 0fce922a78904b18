"""What inputs have in common."""

from typing import Final

# Of an input in which each character counts: the browser neither completes nor corrects it.
AS_TYPED: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

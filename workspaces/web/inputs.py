"""What inputs have in common."""

from typing import Final

# Of an input in which each character counts: the browser does not correct it, and does not complete it either.
PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false"}
AS_TYPED: Final = PLAIN | {"autocomplete": "off"}

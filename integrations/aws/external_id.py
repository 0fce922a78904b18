"""External IDs: what proves to a customer's role that it is us who ask, and for whom.

Always made here and never taken from a request, or one customer could name another's (the confused deputy).
"""

import base64
import secrets
from typing import Final

RANDOM_BITS: Final = 130
_CHARACTERS: Final = RANDOM_BITS // 5  # base32 writes five bits in a character


def new_external_id(scope_public_id: str) -> str:
    """A fresh external ID for a scope (``t_…`` or ``o_…``): ``{scope}:{26 of a-z2-7}``.

    AWS allows 2 to 1,224 of ``[\\w+=,.@:/-]`` in ``sts:ExternalId``; it is not a secret but must not be guessable.
    """
    letters = base64.b32encode(secrets.token_bytes(-(-RANDOM_BITS // 8))).decode("ascii").lower()
    return f"{scope_public_id}:{letters[:_CHARACTERS]}"

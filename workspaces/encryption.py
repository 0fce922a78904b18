"""Secrets at rest: AES-256-GCM under a ring of keys, bound to the row and field they belong to.

Stored as ``key id . base64(nonce + ciphertext)``. The first key of PIPES_ENCRYPTION_KEYS encrypts, all of them decrypt,
so a key is rotated by putting a new one in front and, after ``manage.py reencrypt_secrets``, dropping the old.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE = 12  # bytes: what AES-GCM is made for


class SecretUnreadableError(Exception):
    """The stored secret does not belong to this row, was tampered with, or its key is gone from the ring."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"A stored secret cannot be decrypted: {why}. {remedy}".strip())


def encrypt(plain: str, *, owner: str) -> str:
    """Encrypt for one owner (row and field, such as ``integration:7:secret_key``); an empty secret stays empty."""
    if not plain:
        return ""
    key_id = _first_key_id()
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(settings.ENCRYPTION_KEYS[key_id]).encrypt(nonce, plain.encode(), owner.encode())
    return f"{key_id}.{base64.b64encode(sealed).decode()}"


def decrypt(stored: str, *, owner: str, remedy: str = "") -> str:
    """Decrypt what ``encrypt`` made for the same owner; ``remedy`` is a sentence on what to do where that fails.

    Raises SecretUnreadableError when it was made for another row, was changed, or its key is not configured any more.
    """
    if not stored:
        return ""
    key_id, _, encoded = stored.partition(".")
    if key_id not in settings.ENCRYPTION_KEYS:
        raise SecretUnreadableError(f"PIPES_ENCRYPTION_KEYS has no key {key_id!r}", remedy)
    try:
        sealed = base64.b64decode(encoded, validate=True)
        key = AESGCM(settings.ENCRYPTION_KEYS[key_id])
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError):  # ValueError: too short to hold a nonce
        raise SecretUnreadableError("it was changed, or belongs to something else", remedy) from None


def is_current(stored: str) -> bool:
    """Return whether nothing has to be done before the other keys are dropped: empty, or under the first key."""
    return not stored or stored.partition(".")[0] == _first_key_id()


def _first_key_id() -> str:
    return next(iter(settings.ENCRYPTION_KEYS))

"""Secrets at rest: AES-256-GCM under a ring of keys, bound to the row and field they belong to.

Stored as ``key id . base64(nonce + ciphertext)``. The first key of PIPES_ENCRYPTION_KEYS encrypts, all of them decrypt,
so a key is rotated by putting a new one in front and, after ``manage.py reencrypt_secrets``, dropping the old.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class SecretUnreadableError(Exception):
    """The stored secret does not belong to this row, was tampered with, or its key is gone from the ring."""


def encrypt(plain: str, *, owner: str) -> str:
    """Encrypt for one owner (row and field, such as ``integration:7:secret_key``); an empty secret stays empty."""
    if not plain:
        return ""
    key_id, key = next(iter(settings.ENCRYPTION_KEYS.items()))
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, plain.encode(), owner.encode())
    return f"{key_id}.{base64.b64encode(sealed).decode()}"


def decrypt(stored: str, *, owner: str) -> str:
    """Decrypt what ``encrypt`` made for the same owner.

    Raises SecretUnreadableError when it was made for another row, was changed, or its key is not configured any more.
    """
    if not stored:
        return ""
    key_id, _, encoded = stored.partition(".")
    if key_id not in settings.ENCRYPTION_KEYS:
        raise SecretUnreadableError(f"No key {key_id!r} in PIPES_ENCRYPTION_KEYS.")
    sealed = base64.b64decode(encoded)
    try:
        return AESGCM(settings.ENCRYPTION_KEYS[key_id]).decrypt(sealed[:12], sealed[12:], owner.encode()).decode()
    except InvalidTag as error:
        raise SecretUnreadableError(f"The secret of {owner} was not encrypted for it.") from error

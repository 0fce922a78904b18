"""Credentials of assumed roles, kept nowhere: the token itself says whose it is and until when, under a seal.

So a session outlives a restart of the stand-in, as it outlives everything in AWS, and no AssumeRole writes a file.
"""

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an assumed role; times are in seconds since 1970."""

    key_id: str
    role_arn: str
    name: str
    issued_at: float
    expires_at: float


@dataclass(slots=True)
class Sessions:
    """Issues sessions and opens their tokens with one sealing key."""

    key: str
    none_before: float = 0.0  # sessions issued before this are expired, whatever they say

    def issue(self, role_arn: str, name: str, seconds: int, now: float) -> Session:
        """Begin a session."""
        key_id = "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()
        return Session(key_id, role_arn, name, now, now + seconds)

    def secret(self, key_id: str) -> str:
        """Return the secret access key that belongs to a session's key id."""
        return base64.b64encode(self._seal(f"secret {key_id}")[:30]).decode()

    def token(self, session: Session) -> str:
        """Return the session token."""
        claims = base64.urlsafe_b64encode(json.dumps(asdict(session)).encode()).decode()
        return f"{claims}.{self._seal(claims).hex()}"

    def open(self, token: str) -> Session | None:
        """Return the session of a token, or None for one that was not issued here or was tampered with."""
        claims, _, seal = token.partition(".")
        if not hmac.compare_digest(self._seal(claims).hex().encode(), seal.encode()):
            return None
        try:
            return Session(**json.loads(base64.urlsafe_b64decode(claims)))
        except (binascii.Error, ValueError, TypeError):
            return None

    def is_over(self, session: Session, now: float) -> bool:
        """Tell whether a session has expired."""
        return now >= session.expires_at or session.issued_at < self.none_before

    def _seal(self, text: str) -> bytes:
        return hmac.digest(bytes.fromhex(self.key), text.encode(), "sha256")

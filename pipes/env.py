"""Readers for the settings that need more than a plain type."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

from pipes.database.pool import go_on_looking

env = environ.Env()

# A server that is gone without a word is noticed within seconds.
_PATIENCE: Final = {"connect_timeout": 3, "keepalives_idle": 5, "keepalives_interval": 2, "tcp_user_timeout": 10_000}
_ROLE_OR_USER_ARN = re.compile(r"arn:(aws[a-z-]*):iam::\d{12}:(role|user)/[\w+=,.@/-]{1,512}")


def is_debugged() -> bool:
    """Return whether this is a developer's own Pipes."""
    return bool(env.bool("PIPES_DEBUG", default=False))


def database() -> dict[str, Any]:
    """Read DATABASE_URL, whose own options, such as ``?sslmode=`` or ``?host=/a/socket``, stay; say how we connect.

    Programs that run for long set PIPES_DATABASE_POOL: they borrow what they need, and no more than there is.
    """
    url = env.db_url("DATABASE_URL")
    pool = {
        "min_size": 1,
        "max_size": env.int("PIPES_DATABASE_POOL_SIZE", default=4),
        "timeout": env.float("PIPES_DATABASE_POOL_WAIT", default=0.8),  # seconds
        "reconnect_timeout": 1,  # seconds; until then its waits double, so that what is back would be noticed late
        "reconnect_failed": go_on_looking,
    }
    pooled = {"pool": pool} if env.bool("PIPES_DATABASE_POOL", default=False) else {}
    ours = {
        "ENGINE": "pipes.database",
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # with PgBouncer they may be another's
        "OPTIONS": _PATIENCE | url.get("OPTIONS", {}) | pooled,
    }
    return dict(url) | ours


def encryption_keys(text: str) -> Mapping[str, bytes]:
    """Read ``id:base64,id:base64`` into key id → 32-byte key, in order; the first one encrypts, all decrypt.

    Raises ImproperlyConfigured when a key is malformed, has another length than 32 bytes, or an id comes twice.
    """
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = item.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"PIPES_ENCRYPTION_KEYS: the key {key_id!r} is not base64.") from error
        if len(key) != 32 or not key_id or key_id in keys:
            raise ImproperlyConfigured(
                f"PIPES_ENCRYPTION_KEYS: {key_id!r} must be a unique id with a key of 32 bytes in base64."
            )
        keys[key_id] = key
    if not keys:
        raise ImproperlyConfigured("PIPES_ENCRYPTION_KEYS is empty: give at least one 'id:base64 of 32 bytes'.")
    return keys


def aws_principals(arns: Iterable[str]) -> Mapping[str, str]:
    """Map each partition to the IAM principal that we call AWS as there.

    Raises ImproperlyConfigured when an ARN is not that of an IAM role or user, or a partition comes twice.
    """
    principals: dict[str, str] = {}
    for arn in filter(None, (arn.strip() for arn in arns)):
        match = _ROLE_OR_USER_ARN.fullmatch(arn)
        if match is None or match[1] in principals:
            raise ImproperlyConfigured(
                f"PIPES_AWS_PRINCIPAL_ARN: {arn!r} must be the ARN of an IAM role or user, one for each partition."
            )
        principals[match[1]] = arn
    return principals


def templates_url(url: str) -> str:
    """Read where the CloudFormation templates lie, as ``manage.py publish_templates`` prints it; empty is nowhere.

    Raises ImproperlyConfigured for anything else than a folder of an S3 bucket that is named by a version of them.
    """
    if url and not re.fullmatch(
        r"https://[a-z0-9-]+\.s3\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/([\w.-]+/)*[0-9a-f]{16}/", url, re.ASCII
    ):
        raise ImproperlyConfigured(f"PIPES_TEMPLATES_URL: {url!r} is not what `manage.py publish_templates` prints.")
    return url


def redis_url(url: str) -> str:
    """Give the address of Redis, with everything said that its two clients would else take differently.

    With ``rediss://`` certificates are verified, and that they are the host's, unless the URL says otherwise. Raises
    ImproperlyConfigured for what only one of the two could use.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("redis", "rediss", "unix"):
        raise ImproperlyConfigured(
            f"REDIS_URL begins with {scheme}://, which is not supported: give redis://, rediss:// or unix://, and put a"
            " proxy, or a name that follows the primary, before servers that Sentinel or a cluster manages."
        )
    if scheme == "rediss":
        for name, value in (("ssl_cert_reqs", "required"), ("ssl_check_hostname", "true")):
            if f"{name}=" not in rest:
                rest += f"{'&' if '?' in rest else '?'}{name}={value}"
    return f"{scheme}://{rest}"


def port_ranges(texts: Iterable[str]) -> tuple[range, ...]:
    """Read ports, such as ``8443``, and ranges (``9000-9010``); raises ImproperlyConfigured for anything else."""
    matches = [(text, re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)) for text in map(str.strip, texts)]
    for text, match in matches:
        if match is None or not 1 <= int(match[1]) <= int(match[2] or match[1]) <= 65535:
            raise ImproperlyConfigured(f"PIPES_WEBHOOK_PORTS: {text!r} is no port and no range such as 9000-9010.")
    return tuple(range(int(match[1]), int(match[2] or match[1]) + 1) for _, match in matches if match)

"""Whose a claim is: those of a process that has ended are free at once, and need not expire.

The claims of one process begin alike. It holds a lock on a file of that name, which the kernel takes from it when it
ends, however that happens: whoever gets the lock knows that nobody works on these claims any more. What another host
has left in a folder that hosts share is not looked at.
"""

import fcntl
import secrets
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path
from typing import Final

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

# When a claim expired whose process is known to have ended.
FREED: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_BYTES: Final = 8  # of a claim's sixteen

_FREE: Final = "UPDATE integrations_syncschedule SET claim_expires_at = %s WHERE claim BETWEEN %s AND %s"


class _Process:
    """This process: the beginning of its claims, and its lock."""

    prefix = b""
    lock: BufferedWriter | None = None


def begin(folder: Path) -> None:
    """Have the claims of this process be known as its own, until it ends; to be called after it was forked."""
    prefix = secrets.token_bytes(_OWN_BYTES)
    folder.mkdir(parents=True, exist_ok=True)
    unseen = folder / f".{prefix.hex()}"
    lock = unseen.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unseen.rename(folder / f"{_host()}-{prefix.hex()}")
    _Process.prefix, _Process.lock = prefix, lock


def new_claim() -> uuid.UUID:
    """Make the token of a sync that starts in this process."""
    return uuid.UUID(bytes=_Process.prefix + secrets.token_bytes(16 - len(_Process.prefix)))


def free_claims_of_ended(folder: Path) -> None:
    """Have the dispatcher start again, as after a claim that expired, what processes of this host held that ended."""
    for path in folder.glob(f"{_host()}-*"):
        with _has_ended(path) as has_ended:
            if has_ended:
                _free(bytes.fromhex(path.name.removeprefix(f"{_host()}-")))
                path.unlink(missing_ok=True)


@contextmanager
def _has_ended(path: Path) -> Iterator[bool]:
    """Tell whether the process that a file belongs to has ended; until the block ends nobody else is told so."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # somebody else was first
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _free(prefix: bytes) -> None:
    rest = 16 - len(prefix)
    theirs = uuid.UUID(bytes=prefix + bytes(rest)), uuid.UUID(bytes=prefix + b"\xff" * rest)
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [FREED, *theirs])
        if cursor.rowcount:
            log.warning("claims_freed", process=prefix.hex(), number=cursor.rowcount)


def _host() -> str:
    return socket.gethostname().replace("/", "_")

"""Leases: a row of work is one worker's for a time, and free again when that is over or its process has ended.

To take one is a conditional UPDATE, or a write to a row that is locked, with a token of the taker's and an expiry. Who
works on for longer pushes the expiry. Whatever is written at the end asks for the token: where another one has the row
by now, no row is found, and nothing is to be written. Rows are those of models that are ``Leased``.

So do syncs (``sync.schedule``), the health tests of a tenant (``health.batches``) and deliveries, many of which are
taken in one statement that shares them out among tenants (``notifications.delivery``). Tests by hand, trials and
previews do not: each is run once and by nobody else, so there is nothing to take over. Their rows go from *queued* to
*running*, and one that reports nothing for long is given up (``jobs.slots``).

The claims of one process begin alike. It holds a lock on a file of that name, which the kernel takes from it when it
ends, however that happens: who gets the lock knows that nobody works on these claims any more. What another host
has left in a folder that hosts share is not looked at. Only syncs, which may take long, are freed so.
"""

import fcntl
import secrets
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from django.db import connection
from django.db.models import Q, QuerySet

if TYPE_CHECKING:  # a process has claims before it has loaded models
    from integrations.models.lease import Leased

Row = TypeVar("Row", bound="Leased")

log = structlog.get_logger(__name__)

# When a claim expired whose process is known to have ended.
FREED: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_BYTES: Final = 8  # of a claim's sixteen

_FREE: Final = "UPDATE integrations_syncschedule SET claim_expires_at = %s WHERE claim BETWEEN %s AND %s"


def free(now: datetime) -> Q:
    """Make the condition that nobody works on a row."""
    return Q(claim=None) | Q(claim_expires_at__lt=now)


def taken(now: datetime) -> Q:
    """Make the condition that somebody works on a row."""
    return Q(claim__isnull=False, claim_expires_at__gte=now)


def take(rows: QuerySet[Row], *, now: datetime, lifetime: timedelta, **values: object) -> uuid.UUID | None:
    """Take the row, writing these values too, and give the token; None when there is none that is free."""
    claim = new_claim()
    free_rows = rows.filter(free(now))
    return claim if free_rows.update(claim=claim, claim_expires_at=now + lifetime, **values) else None


def ours(rows: QuerySet[Row], claim: uuid.UUID | None) -> QuerySet[Row]:
    """Keep the rows that are still the holder's of this token, whether or not its time is over."""
    return rows.filter(claim=claim)


def push(rows: QuerySet[Row], claim: uuid.UUID | None, *, until: datetime) -> bool:
    """Have the claim expire later; returns whether it is still ours."""
    return bool(ours(rows, claim).update(claim_expires_at=until))


def release(rows: QuerySet[Row], claim: uuid.UUID | None, **values: Any) -> bool:
    """Give the claim back, writing these values too; returns whether it was still ours."""
    return bool(ours(rows, claim).update(claim=None, claim_expires_at=None, **values))


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
    """Make a token of this process."""
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
    """Whether the process that a file belongs to has ended; until the block ends nobody else finds that too."""
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

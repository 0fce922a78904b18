"""Sending for a worker: people never wait for the broker, and are told when it does not take what they ask for."""

from collections.abc import Callable
from typing import Any, Final

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_FAULTS: Final = (OperationalError, RedisError, OSError)
# For what has to be asked for again.
NOT_TAKEN: Final = (
    "The queue of background work does not answer at the moment, so this was not begun. Nothing was changed. Try again"
    " in a minute; if it stays so, tell whoever runs this installation."
)
# For what begins by itself.
TAKEN_LATER: Final = (
    "The queue of background work does not answer at the moment. This starts by itself within seconds once it does."
)


def send(task: Any, *ids: int) -> bool:
    """Send for a worker; tell whether the broker took the message."""
    try:
        task.apply_async(ids)
    except _FAULTS as error:
        log.warning("message_not_sent", task=task.name, error=type(error).__name__)
        return False
    return True


def send_on_commit(task: Any, *ids: int, otherwise: Callable[[], object]) -> None:
    """Send for a worker once the transaction is committed; call ``otherwise`` when that cannot be done."""
    transaction.on_commit(lambda: send(task, *ids) or otherwise(), robust=True)

"""Sending for a worker: people never wait for the broker, and see when it does not take what they ask for.

Tasks are sent by name. ``integrations.tasks`` stands above all that asks for one, and only Celery imports it.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Final

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

Key = tuple[int, int]  # tenant id, integration id

# What the broker holds behind what people ask for; 0 goes first, and is what tasks have that say nothing.
LOW_PRIORITY: Final = 9

log = structlog.get_logger(__name__)

_FAULTS: Final = (OperationalError, RedisError, OSError)
# For what has to be asked for again.
NOT_TAKEN: Final = (
    "The queue of background work does not answer at the moment, so this was not begun. Nothing was changed. Try again"
    " in a minute; if it stays so, tell the operator of this installation."
)
# For what begins by itself.
TAKEN_LATER: Final = (
    "The queue of background work does not answer at the moment. This starts by itself within seconds once it does."
)


class Task(StrEnum):
    """What somebody sends for, by the name that it is registered with; it takes ids."""

    SYNC = "integrations.tasks.sync_integration"
    ACCESS_TEST = "integrations.tasks.run_access_test"
    SETTINGS_TRIAL = "integrations.tasks.run_settings_trial"
    REMOVAL = "integrations.tasks.remove_integration"


def send(task: Task, *ids: int, after: timedelta = timedelta(), priority: int = 0) -> bool:
    """Send for a worker, who begins no sooner than so long from now; returns whether the broker took the message."""
    try:
        current_app.tasks[task].apply_async(ids, countdown=after.total_seconds() or None, priority=priority)
    except _FAULTS as error:
        log.warning("message_not_sent", task=task.value, error=type(error).__name__)
        return False
    return True


def run_here(task: Task, *ids: int) -> None:
    """Do in this process what no worker can be sent for."""
    current_app.tasks[task](*ids)


def send_on_commit(task: Task, *ids: int, otherwise: Callable[[], object]) -> None:
    """Send for a worker once the transaction is committed; call ``otherwise`` when that cannot be done."""
    transaction.on_commit(lambda: send(task, *ids) or otherwise(), robust=True)

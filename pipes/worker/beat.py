"""Beat, which says that it is alive, and keeps nothing: its whole schedule is code, and comes round within the hour."""

import time
from typing import Any

import structlog
from celery.beat import Scheduler as MemoryScheduler
from django.db import DatabaseError, close_old_connections

from pipes.monitoring import installation, metrics

log = structlog.get_logger(__name__)
_TICK_SECONDS = 5.0


class Scheduler(MemoryScheduler):
    """Celery's, without its file, and with a sign every few seconds that it goes on."""

    _ticked_at = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        untyped: Any = super()
        wait = untyped.tick(*args, **kwargs)
        if time.monotonic() - self._ticked_at >= _TICK_SECONDS:
            self._ticked_at = time.monotonic()
            _note()
        return min(wait, _TICK_SECONDS)


def _note() -> None:
    try:
        installation.tick("beat")
    except DatabaseError:
        log.warning("tick_not_recorded")  # neither the cache nor what stands in for it; the next one is
    finally:
        close_old_connections()
    metrics.flush()

"""The sign of life of a running sync, which keeps its claim."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from integrations.jobs import lease
from integrations.models import SyncRun, SyncSchedule
from integrations.sync.schedule import claim_lifetime

log = structlog.get_logger(__name__)

# The parts of a sync have limits of their own, which add up to less: beyond this, it hangs and another may take over.
LONGEST_RUN = timedelta(hours=2)


@contextmanager
def heartbeat(run: SyncRun, *, longest: timedelta = LONGEST_RUN) -> Iterator[None]:
    """Keep pushing the claim's expiry from a thread of its own while the block runs; it ends with the process.

    After ``longest`` it stops: a run that hangs must not keep others out for ever.
    """
    over = threading.Event()

    def beat() -> None:
        ends_at = time.monotonic() + longest.total_seconds()
        while not over.wait(settings.PIPES_SYNC_CLAIM_SECONDS / 6) and time.monotonic() < ends_at:
            expires = timezone.now() + claim_lifetime()
            try:
                lease.push(SyncSchedule.objects.filter(pk=run.integration_id), run.claim, until=expires)
            except OperationalError as error:  # the database is gone for a moment; the next beat tries again
                log.warning("claim_not_pushed", run=run.pk, error=str(error))
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"claim of {run}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

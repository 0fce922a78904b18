"""What waits in its row while its message is gone, as with a broker that was emptied; the dispatcher sends it again.

Tests, trials and previews that nobody runs, and deletions. One that is sent twice finds nothing to do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from integrations.jobs.sending import Key

# How long a message that waits in no queue may stay unanswered: less than two ticks of the dispatcher, so that the
# second one sends again.
PATIENCE_WITHOUT_QUEUE: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tenants with tests, trials or previews that wait, longest first, and the integrations to be deleted."""

    tenants: list[int]
    deletions: list[Key]


def waiting(*, now: datetime) -> Waiting:
    """Look over all tenants, in one statement; of many, those come first that have waited longest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, deleting_id FROM waiting_work(%s)", [now - PATIENCE_WITHOUT_QUEUE])
        rows = cursor.fetchall()
    return Waiting(
        [tenant_id for tenant_id, deleting_id in rows if deleting_id is None],
        [(tenant_id, deleting_id) for tenant_id, deleting_id in rows if deleting_id is not None],
    )

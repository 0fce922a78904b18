"""What waits in its row while its message is gone, as with a broker that was emptied; the dispatcher sends it again.

Tests, trials and previews that nobody runs, and deletions. One that is sent twice finds nothing to do.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

# How long a message that waits in no queue may stay unanswered: less than two ticks of the dispatcher, so that the
# second one sends again.
PATIENCE_WITHOUT_QUEUE: Final = timedelta(seconds=3)


def waiting(*, now: datetime) -> list[tuple[int, int | None]]:
    """List, of all tenants in one statement, what has waited longest first: the tenant, and what is to be deleted.

    That is the id of an integration, and None for the tests, trials and previews of the tenant.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, deleting_id FROM waiting_work(%s)", [now - PATIENCE_WITHOUT_QUEUE])
        rows: list[tuple[int, int | None]] = cursor.fetchall()
    return rows

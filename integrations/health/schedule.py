"""When each connection is tested: once a day, at a time of day of its own, so that any number are spread evenly.

What fails is tested again soon, and then less and less often. Pure; how tenants take turns is in ``batches``.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
# A role works up to a minute after it was made, and the StackSet takes its time to make it.
YOUNG: Final = timedelta(minutes=3)
YOUNG_RETRY: Final = timedelta(minutes=1)
FIRST_RETRY: Final = timedelta(minutes=5)
LONGEST_RETRY: Final = timedelta(hours=4)
# After what says nothing about the connection: a throttle, a lost connection, trouble of our own.
UNKNOWN_RETRY: Final = timedelta(minutes=15)

_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_GOLDEN: Final = (math.sqrt(5) - 1) / 2  # its multiples, taken modulo 1, lie as evenly as can be


def next_daily(connection_id: int, now: datetime) -> datetime:
    """Give the next time at which the connection's own time of day comes round."""
    time_of_day = DAY * (connection_id * _GOLDEN % 1.0)
    return now + ((time_of_day - (now - _EPOCH)) % DAY or DAY)


def after_failure(since: datetime, now: datetime) -> datetime:
    """Give the next time at which a connection is tested that has failed ``since``: as long again as it has so far."""
    return now + min(max(now - since, FIRST_RETRY), LONGEST_RETRY)

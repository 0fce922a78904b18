"""How long an integration's things are kept: the one table of it. ``clean_up`` deletes by it once an hour.

For folders and connections, with their 30 days of grace, see ``connections.retention``; for invitations and an
operator's support access ``workspaces.retention``. What is not named stays until somebody deletes it.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings

DRAFT: Final = timedelta(days=7)  # since somebody last worked on it
UNATTENDED_TRIAL: Final = timedelta(days=7)  # of settings that a program has sent, since it did
TRIAL: Final = timedelta(hours=1)  # of settings, a choice of accounts or a preview that nobody saves or discards
ACCESS_TEST: Final = timedelta(days=7)  # since it was asked for
# Since an AWS organization was read: so long a sync may apply what something else has read, and not read it again.
KNOWN_SNAPSHOT: Final = timedelta(minutes=10)
DELIVERY: Final = timedelta(days=30)  # since a notification was queued, if it was sent or given up
# The secret before a rotation signs too, so that a receiver can change over without losing anything.
FORMER_SECRET: Final = timedelta(hours=24)
CONFIRMATION_LINK: Final = timedelta(days=7)  # in an email; one that stops emails works for good
# Of the syncs in a row that changed nothing one record a day is left, once the day is over for this time.
QUIET_RUN: Final = timedelta(days=1)
# Of each integration so many records are kept whatever their age, so that one that seldom runs has a history too.
LAST_RUNS = 20


def run() -> timedelta:
    """Say how long the record of a sync is kept, since it was queued."""
    return timedelta(days=settings.PIPES_RUNS_KEPT_DAYS)

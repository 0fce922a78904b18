"""Where Django keeps sessions: in the database as by its own store, read by a statement that is written once."""

from datetime import UTC, datetime
from typing import Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from workspaces.database import WrittenOnce

_LIVE: Final = WrittenOnce(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now),
    "key",
    datetime(1970, 1, 1, tzinfo=UTC),
)


class SessionStore(db.SessionStore):
    """The session of a request: it is read with each page."""

    def _get_session_from_db(self) -> Session | None:
        found = _LIVE.ask(self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None

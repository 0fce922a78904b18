"""What people see when a request fails: that the database is away is said as such."""

import sys
from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error as answer_of_a_bug

# No connection, one that broke, a server that stops or starts or has no place: not what a statement did.
_AWAY_CLASSES: Final = ("08", "53", "57P")
_RETRY_AFTER_SECONDS: Final = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 when the database is away, and 500 for anything else; asks nothing of either."""
    if not is_database_away(sys.exception()):
        return answer_of_a_bug(request)
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=503, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})


def is_database_away(error: BaseException | None) -> bool:
    """Whether an error says that the database could not be reached, or went away in the middle."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = error.__cause__.sqlstate if isinstance(error.__cause__, psycopg.Error) else None
    return state is None or state.startswith(_AWAY_CLASSES)

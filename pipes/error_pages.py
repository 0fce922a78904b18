"""What people see when a request fails: that the database is away is said as such."""

import sys
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error as answer_of_a_bug

from workspaces.database import is_away

_RETRY_AFTER_SECONDS: Final = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 when the database is away, and 500 for anything else; asks nothing of either."""
    if not is_away(sys.exception()):
        return answer_of_a_bug(request)
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=503, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})

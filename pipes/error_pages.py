"""What people see when a request fails: that the database is away is said as such."""

import sys
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error as answer_of_a_bug

from workspaces.api.problems import ProblemError, answer, is_for_programs
from workspaces.database import is_away

_RETRY_AFTER_SECONDS: Final = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 when the database is away, and 500 for anything else; asks nothing of either."""
    if is_for_programs(request):
        return _for_programs()
    if not is_away(sys.exception()):
        return answer_of_a_bug(request)
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=503, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})


def _for_programs() -> HttpResponse:
    if is_away(sys.exception()):
        said = "The database cannot be reached at the moment. Nothing was changed; try again."
        return answer(ProblemError(503, said, retry_after=_RETRY_AFTER_SECONDS))
    return answer(ProblemError(500, "Something went wrong here. It was logged under this instance."))

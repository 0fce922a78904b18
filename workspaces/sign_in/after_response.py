"""What is done once the answer is on its way: nobody waits for it, and its duration shows nobody anything."""

import logging
from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


class AfterResponseMiddleware:
    """Do what the request has put off, unless it failed: then what it was about has been rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the server do it when it has sent the answer and closes it."""
        put_off: list[Callable[[], object]] = []
        request.put_off = put_off  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code < 500:
            response._resource_closers.extend(partial(_do, act) for act in put_off)  # type: ignore[attr-defined]
        return response


def put_off(request: HttpRequest, act: Callable[[], object]) -> None:
    request.put_off.append(act)  # type: ignore[attr-defined]


def _do(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:  # there is no page to show it on any more: it is for the operator
        logger.exception("What was to be done after an answer failed.")

"""Where EventBridge sends events: no session, no page, and one answer to everybody who may not."""

from typing import Final
from uuid import UUID

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.events import receiving
from integrations.events.inlets import KEY_HEADER
from workspaces.rate_limit import LimitReachedError
from workspaces.scoping import public_view

# EventBridge sends no event that is larger.
_MOST_BYTES: Final = 256 * 1024


@csrf_exempt
@never_cache
@public_view
@require_POST
def receive(request: HttpRequest, inlet: UUID) -> HttpResponse:
    """Take an event: 202 when a sync starts soon, 404 for whatever does not fit, 429 and 503 to have it sent again."""
    if _length(request) > _MOST_BYTES:
        return _answer(413, "This is larger than any event.")
    try:
        is_taken = receiving.receive(inlet, request.headers.get(KEY_HEADER, ""), request.body, now=timezone.now())
    except LimitReachedError:
        return _answer(429, "These are too many events.", retry_after=60)
    except OperationalError:
        return _answer(503, "The integration is being changed.", retry_after=5)
    return _answer(202, "A sync starts soon.") if is_taken else _answer(404, "There is nothing here.")


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def _answer(status: int, sentence: str, *, retry_after: int | None = None) -> HttpResponse:
    response = HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response

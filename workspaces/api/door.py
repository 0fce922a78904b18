"""The door of the API: every request comes through here, whatever it asks for.

It is signed in by its token and nothing else, works in one transaction that is bound to the token's person and tenant,
and what it has written is undone when it is refused.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from workspaces import database, isolation, rate_limit
from workspaces.api.problems import ProblemError, answer
from workspaces.models import Token
from workspaces.people import tokens
from workspaces.rate_limit import LimitReachedError, Window

# In a minute. A plan of Terraform's makes ten requests at once, each after the answer to the one before.
PER_TOKEN, PER_TENANT = 1200, 30_000  # so that nobody takes all of a tenant's with the tokens that one may have

View = Callable[..., HttpResponseBase]


class _RefusedError(Exception):
    """Takes an answer out of the transaction, which is undone by it."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


def signed_in_only(view: View) -> View:
    """Let a view be reached with a token only; ``request.signed_in`` says by whom."""

    @csrf_exempt  # a cookie signs nobody in here
    @wraps(view)
    def inner(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        try:
            token = _token(request)
            _count(token)
            _refuse_unreadable(request)
            tokens.note_use(token, now=timezone.now())
            with isolation.bound(user_id=token.user_id, tenant_id=token.tenant_id):
                request.signed_in = _sign_in(token)  # type: ignore[attr-defined]
                response = view(request, *arguments, **named)
                if response.status_code >= 400:
                    raise _RefusedError(_in_json(response))
        except ProblemError as problem:
            return answer(problem)
        except _RefusedError as refused:
            return refused.response
        return response

    inner.scope = "api"  # type: ignore[attr-defined]  # each route says which places it is in, and for whom
    return inner


@signed_in_only
def unknown(request: HttpRequest, **_path: str) -> HttpResponse:
    """Answer for a path at which there is nothing."""
    return nothing_there(request)


def nothing_there(request: HttpRequest) -> HttpResponse:
    """Say that there is nothing at a path."""
    return answer(ProblemError(404, f"There is nothing at {request.path}. The paths are in docs/openapi.json."))


def _token(request: HttpRequest) -> Token:
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        raise ProblemError(403, "Tokens are taken by https only. This one was sent in the clear: make another one.")
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    found = tokens.find(text.strip(), now=timezone.now()) if scheme.lower() == "bearer" else None
    database.release()
    if found is None:
        raise ProblemError(401, tokens.REFUSED if text else "Send a token, as “Authorization: Bearer tpt_…”.")
    structlog.contextvars.bind_contextvars(user_id=found.user_id, tenant=found.tenant_id, token=found.public_id)
    return found


def _sign_in(token: Token) -> tokens.SignedIn:
    found = tokens.whom(token)
    if found is None:
        raise ProblemError(401, tokens.REFUSED)
    return found


def _count(token: Token) -> None:
    """Count a request, in no transaction: while Redis is away the database counts, one after the other."""
    now = timezone.now()
    try:
        for name, key, limit in (("token", token.pk, PER_TOKEN), ("tenant", token.tenant_id, PER_TENANT)):
            rate_limit.count(f"api-{name}", key, limit=limit, window=Window.MINUTE, now=now)
    except LimitReachedError as error:
        detail = f"More than {error.limit:,} requests in a minute. Wait until the next one begins."
        raise ProblemError(429, detail, retry_after=60 - now.second) from None
    finally:
        database.release()


def _refuse_unreadable(request: HttpRequest) -> None:
    """Refuse characters that no text of the database can hold, wherever they stand: NUL, and halves of pairs."""
    query, body = request.META.get("QUERY_STRING", ""), request.body
    has_half = b"\\ud" in body.lower() and _is_half(body)
    if "\0" in request.path or "%00" in query or b"\0" in body or b"\\u0000" in body or has_half:
        raise ProblemError(400, "There is a character in what was sent that no text can hold.")


def _is_half(body: bytes) -> bool:
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False  # whoever reads it says what is wrong
    return False


def _in_json(response: HttpResponseBase) -> HttpResponseBase:
    """Give a refusal as JSON, that of a method too, which the framework answers with an empty page."""
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    made = answer(ProblemError(response.status_code, "There is no such method at this path."))
    if "Allow" in response.headers:
        made["Allow"] = response["Allow"]
    return made

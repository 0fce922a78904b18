"""What a program is answered when something is refused: always JSON, with a sentence for a person."""

from collections.abc import Sequence
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel
from structlog.contextvars import get_contextvars

PREFIX = "/api/"


class FieldError(BaseModel):
    """What is wrong with one field: of the body, or of the query."""

    location: str
    message: str


class Problem(BaseModel):
    """What was refused and why; ``instance`` is the id under which the log has it."""

    type: str = "about:blank"
    title: str
    status: int
    instance: str
    detail: str
    validation_errors: list[FieldError] | None = None


class ProblemError(Exception):
    """A refusal: its status, and a sentence that says what is wrong and what to do."""

    def __init__(
        self, status: int, detail: str, *, fields: Sequence[tuple[str, str]] = (), retry_after: int = 0
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.fields, self.retry_after = status, detail, fields, retry_after


def invalid(field: str, message: str) -> ProblemError:
    """Refuse one field."""
    return ProblemError(400, message, fields=[(field, message)])


def is_for_programs(request: HttpRequest) -> bool:
    """Whether a request is to the API, where no answer may be a page."""
    return request.path.startswith(PREFIX)


def answer(problem: ProblemError) -> HttpResponse:
    """Make the answer; its content type is the one that the published clients decode."""
    body = Problem(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        instance=str(get_contextvars().get("request_id", "")),
        detail=problem.detail,
        validation_errors=[FieldError(location=at, message=message) for at, message in problem.fields] or None,
    )
    response = HttpResponse(
        body.model_dump_json(exclude_none=True), content_type="application/json", status=problem.status
    )
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response

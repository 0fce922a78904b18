"""The two protocols: JSON 1.1 for Organizations, query and XML for STS, and the words of each for the same refusal."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from tests.fakes.aws.callers import NotAuthenticated, Refusal
from tests.fakes.aws.errors import ApiError

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"

# One fault, two names: Organizations (HTTP 400) and STS (HTTP 403).
_REFUSALS = {
    Refusal.UNSIGNED: ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
    Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", "InvalidClientTokenId"),
    Refusal.WRONG_SIGNATURE: ("InvalidSignatureException", "SignatureDoesNotMatch"),
    Refusal.STALE: ("InvalidSignatureException", "SignatureDoesNotMatch"),
    Refusal.EXPIRED: ("ExpiredTokenException", "ExpiredToken"),
}
_SENTENCES = {
    Refusal.UNSIGNED: "Request is missing Authentication Token",
    Refusal.UNKNOWN_KEY: "The security token included in the request is invalid.",
    Refusal.WRONG_SIGNATURE: "The request signature we calculated does not match the signature you provided.",
    Refusal.EXPIRED: "The security token included in the request is expired",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    # "cut-off": half of the body; "drop": not even the status; "hang-up": all of it; then the connection is closed.
    # "hang": nothing, and it is the caller who has to close it.
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How one service words its answers and errors."""

    service: str
    refusal: Callable[[NotAuthenticated], ApiError]
    answer: Callable[[str, Mapping[str, Any]], Response]
    error: Callable[[ApiError], Response]
    throttled: tuple[str, str]  # code and message


def without(members: Any, name: str) -> Any:
    """Return the members of an answer without those of that name, at any depth."""
    if isinstance(members, dict):
        return {key: without(value, name) for key, value in members.items() if key != name}
    return [without(member, name) for member in members] if isinstance(members, list) else members


def _json_refusal(error: NotAuthenticated) -> ApiError:
    return ApiError(_REFUSALS[error.refusal][0], error.message or _SENTENCES[error.refusal])


def _query_refusal(error: NotAuthenticated) -> ApiError:
    return ApiError(_REFUSALS[error.refusal][1], error.message or _SENTENCES[error.refusal], 403)


def _json_answer(_operation: str, members: Mapping[str, Any]) -> Response:
    return _json(200, members)


def _json_error(error: ApiError) -> Response:
    return _json(error.status, {"__type": error.code, "Message": error.message, **error.members})


def _json(status: int, members: Mapping[str, Any]) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}
    return Response(status, json.dumps(members).encode(), headers)


def _query_answer(operation: str, members: Mapping[str, Any]) -> Response:
    result = f"<{operation}Result>{_elements(members)}</{operation}Result>"
    metadata = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
    return _xml(200, f'<{operation}Response xmlns="{STS_NAMESPACE}">{result}{metadata}</{operation}Response>')


def _query_error(error: ApiError) -> Response:
    kind = "Receiver" if error.status >= 500 else "Sender"
    body = _elements({"Error": {"Type": kind, "Code": error.code, "Message": error.message}, "RequestId": uuid.uuid4()})
    return _xml(error.status, f'<ErrorResponse xmlns="{STS_NAMESPACE}">{body}</ErrorResponse>')


def _elements(members: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
        for name, value in members.items()
    )


def _xml(status: int, text: str) -> Response:
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": str(uuid.uuid4())}
    return Response(status, text.encode(), headers)


ORGANIZATIONS = Protocol(
    "organizations",
    _json_refusal,
    _json_answer,
    _json_error,
    ("TooManyRequestsException", "You have sent too many requests in too short a period of time."),
)
STS = Protocol("sts", _query_refusal, _query_answer, _query_error, ("Throttling", "Rate exceeded"))

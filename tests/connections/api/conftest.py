"""Answers are what the document of the API says, and have what the published clients want."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipes.api import api
from tests.programs import Program, program

__all__ = ["program"]
Told = Callable[..., Any]


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="")))
    return found


@pytest.fixture
def told(document: dict[str, Any]) -> Told:
    """A function that sends a request and gives the answer, once it is what the document says of the path."""

    def send(by: Program, method: str, path: str, body: Any = None, *, status: int = 0) -> Any:
        answer = by(method, path, body)
        wanted = status or {"POST": 201}.get(method, 200)
        assert answer.status_code == wanted, answer.content
        operation = _operation(document, method, path.partition("?")[0])
        content = operation["responses"][str(wanted)]["content"]["application/json"]["schema"]
        said = answer.json()
        problems = list(Draft202012Validator(content | {"components": document["components"]}).iter_errors(said))
        assert not problems, problems[0]
        return said

    return send


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Find what the document says of a path; of several that match the one with the fewest names in it."""
    parts = path.split("/")
    found = [
        (known.count("{"), operations[method.lower()])
        for known, operations in document["paths"].items()
        if method.lower() in operations and _fits(known.split("/"), parts)
    ]
    assert found, f"{method} {path} is not in the document"
    operation: dict[str, Any] = min(found, key=lambda one: one[0])[1]
    return operation


def _fits(known: list[str], parts: list[str]) -> bool:
    return len(known) == len(parts) and all(
        one == other or one.startswith("{") for one, other in zip(known, parts, strict=True)
    )

"""How these tests read an answer."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """Make a call that is refused, and return the error code."""
    return str(error_of(call, **parameters)["Code"])


def error_of(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Make a call that is refused, and return its code, message and HTTP status."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return {**answer["Error"], "Status": answer["ResponseMetadata"]["HTTPStatusCode"]}


def pages_of(call: Callable[..., Any], key: str, **parameters: Any) -> list[list[Any]]:
    """Follow NextToken to the end, and return the items of each page."""
    page = call(**parameters)
    pages = [page[key]]
    while "NextToken" in page:
        page = call(**parameters, NextToken=page["NextToken"])
        pages.append(page[key])
    return pages


def ids_of(call: Callable[..., Any], key: str, **parameters: Any) -> list[str]:
    """Return the ids of all items on all pages."""
    return [item["Id"] for page in pages_of(call, key, **parameters) for item in page]

"""The error that an operation answers with, before a protocol has worded it."""

from dataclasses import dataclass, field


@dataclass
class ApiError(Exception):
    """An AWS error: its code, its message, the HTTP status, and members beside them (such as ``Reason``)."""

    code: str
    message: str
    status: int = 400
    members: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def invalid_input(reason: str, name: str) -> ApiError:
    """Return the InvalidInputException of Organizations; ``reason`` is one of InvalidInputExceptionReason."""
    message = f"You provided a value that does not match the required pattern or limit for {name}."
    return ApiError("InvalidInputException", message, members={"Reason": reason})

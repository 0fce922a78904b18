"""The one place that turns botocore's errors into our family, with sentences.

It decides on codes: the HTTP statuses that AWS sends with them differ from its documentation.
"""

import re
from collections.abc import Callable
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from integrations.aws import errors
from integrations.aws.errors import AwsError, call_name, incomplete
from integrations.aws.regions import home_region, partition_of_arn

# What a call may raise and we expect. The last five come from botocore's parsers when an answer has the wrong shape.
EXPECTED: Final = (
    ClientError,
    HTTPClientError,
    ConnectionError,
    ResponseParserError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)

# Organizations and STS name the same fault differently.
_KINDS: Final[dict[str, type[AwsError]]] = {
    "AccessDenied": errors.AccessDenied,
    "AccessDeniedException": errors.AccessDenied,
    "InvalidClientTokenId": errors.InvalidCredentials,
    "UnrecognizedClientException": errors.InvalidCredentials,
    "SignatureDoesNotMatch": errors.InvalidCredentials,
    "InvalidSignatureException": errors.InvalidCredentials,
    "ExpiredToken": errors.ExpiredCredentials,
    "ExpiredTokenException": errors.ExpiredCredentials,
    "RequestExpired": errors.ClockWrong,
    "RequestTimeTooSkewed": errors.ClockWrong,
    "RequestInTheFuture": errors.ClockWrong,
    "AWSOrganizationsNotInUseException": errors.NotInOrganization,
    "AccountNotFoundException": errors.Gone,
    "OrganizationalUnitNotFoundException": errors.Gone,
    "ParentNotFoundException": errors.Gone,
    "ChildNotFoundException": errors.Gone,
    "TooManyRequestsException": errors.Throttled,
    "Throttling": errors.Throttled,
    "ThrottlingException": errors.Throttled,
    "RequestLimitExceeded": errors.Throttled,
    "ServiceException": errors.ServiceFault,
    "ConcurrentModificationException": errors.ServiceFault,
    "InternalFailure": errors.ServiceFault,
    "InternalError": errors.ServiceFault,
    "InternalServerException": errors.ServiceFault,
    "ServiceUnavailable": errors.ServiceFault,
    "ServiceUnavailableException": errors.ServiceFault,
    "RequestTimeout": errors.ServiceFault,
    "InvalidInputException": errors.Refused,
    "ValidationError": errors.Refused,
    "RegionDisabledException": errors.Refused,
    "OptInRequired": errors.Refused,
    "SubscriptionRequiredException": errors.Refused,
}

_OF_CREDENTIALS: Final = (errors.InvalidCredentials, errors.ExpiredCredentials)

# STS and Organizations have no code of their own for a wrong time: it is that of a wrong secret.
_OF_TIME: Final = re.compile(r"Signature (?:expired|not yet current)", re.IGNORECASE)

# The half of AWS's own text that says which policy decided; the rest of it repeats what the caller knows.
_POLICY: Final = re.compile(r"(?:with an explicit deny in an? |because no )([a-z -]+ policy)")


def translate(error: BaseException, *, operation: str, subject: str) -> AwsError:
    """The error of our family for one of EXPECTED; ``subject`` is what the call was about ('' for everything)."""
    if isinstance(error, ClientError):
        return _from_code(error, operation, subject)
    call = call_name(operation, subject)
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return _unreachable(f"AWS did not answer {call} in time", error, operation)
    if isinstance(error, BotoCoreError):
        return _unreachable(f"The connection to AWS failed in {call}", error, operation)
    return incomplete(operation, subject, "the answer cannot be read")


def is_about_credentials(error: ClientError) -> bool:
    """Whether AWS does not take what the call was signed with."""
    return _kind_of(error) in _OF_CREDENTIALS


def is_about_clock(error: ClientError) -> bool:
    """Whether AWS does not take the time at which the call was signed."""
    return _kind_of(error) is errors.ClockWrong


def _kind_of(error: ClientError) -> type[AwsError]:
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "Unknown")
    # Without a code of AWS's own, botocore gives the HTTP status: a proxy or a load balancer answered.
    unknown = errors.ServiceFault if re.fullmatch(r"5\d\d", code) else errors.UnexpectedAnswer
    kind = _KINDS.get(code, unknown)
    if kind is errors.InvalidCredentials and _OF_TIME.match(str(details.get("Message", ""))):
        return errors.ClockWrong
    return kind


def _unreachable(what: str, error: BotoCoreError, operation: str) -> AwsError:
    return errors.Unreachable(
        f"{what} ({type(error).__name__}). Try again in a few minutes.", operation=operation, code=type(error).__name__
    )


def _from_code(error: ClientError, operation: str, subject: str) -> AwsError:
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "Unknown")
    kind = _kind_of(error)
    sentence = _SENTENCES[kind](call_name(operation, subject), code)
    if code == "RegionDisabledException":
        sentence = _region_disabled(operation, subject, code)
    elif kind is errors.AccessDenied:
        sentence = _denied(operation, subject, code, str(details.get("Message", "")))
    elif kind in _OF_CREDENTIALS and operation == "AssumeRole":  # which we sign ourselves
        kind = errors.OwnFault
        sentence = (
            "AWS does not accept the credentials of this installation itself"
            f" ({call_name(operation, subject)}: {code}). Nothing is wrong with the role."
            " The operator of this installation must renew them; it is tried again by itself."
        )
    return kind(sentence, operation=operation, code=code)


def _region_disabled(operation: str, subject: str, code: str) -> str:
    partition = partition_of_arn(subject) if subject.startswith("arn:") else "aws"
    return (
        f"The account switched AWS STS off for the Region {home_region(partition)}, where Pipes asks"
        f" ({call_name(operation, subject)}: {code}). Sign in to that account, open IAM, Account settings, and activate"
        " the STS endpoint of that Region."
    )


def _denied(operation: str, subject: str, code: str, message: str) -> str:
    if operation == "AssumeRole":
        return (
            f"AWS refused AssumeRole for {subject} ({code}). It gives the same answer to all of these: the role"
            " does not exist; its trust policy names another principal or another external ID than ours; a service"
            " control policy forbids it; the account is suspended; our own identity may not assume roles, or was"
            " deleted and made again under the same name (IAM takes the trust policy to mean the old one until it is"
            f" saved again); the role is less than a minute old.{errors.COMPARE_ROLE}"
        )
    match = _POLICY.search(message)
    reason = f"; AWS names this: {match[1]}" if match else ""
    return (
        f"AWS refused {call_name(operation, subject)} ({code}{reason}). Allow organizations:{operation} to these"
        " credentials, on every resource, and take them from the management account or a delegated administrator:"
        " AWS answers nobody else."
    )


_SENTENCES: Final[dict[type[AwsError], Callable[[str, str], str]]] = {
    errors.AccessDenied: lambda call, code: f"AWS refused {call} ({code}).",
    errors.InvalidCredentials: lambda call, code: (
        f"AWS does not accept this access key ({call}: {code}). Check the access key and the secret key: the key may"
        " have been deleted or switched off, or the secret does not belong to it."
    ),
    errors.ClockWrong: lambda call, code: (
        f"The clock of this installation is wrong: AWS does not take the time at which {call} was signed ({code})."
        " Nothing is wrong with your credentials. The operator of this installation must set the clock of its machine;"
        " it is tried again by itself."
    ),
    errors.ExpiredCredentials: lambda call, code: (
        f"The credentials have expired ({call}: {code}). Try again; if it stays so, enter new credentials."
    ),
    errors.NotInOrganization: lambda call, code: (
        f"This account is in no AWS organization ({call}: {code}). Use credentials of the management account of the"
        " AWS organization that you want to import."
    ),
    errors.Gone: lambda call, code: (
        f"What {call} asked about does not exist any more ({code}). The AWS organization has just changed; try again."
    ),
    errors.Throttled: lambda call, code: (
        f"AWS throttles {call} ({code}), and went on doing so after several attempts. Other programs that use the same"
        " account share its limit; try again in a few minutes."
    ),
    errors.ServiceFault: lambda call, code: (
        f"AWS had a fault of its own in {call} ({code}). Try again in a few minutes."
    ),
    errors.Refused: lambda call, code: (
        f"AWS does not take {call} as it was asked ({code}). Check that the account is fully set up and that the role"
        " or key belongs to the right AWS partition."
    ),
    errors.UnexpectedAnswer: lambda call, code: (
        f"Something answered {call} in a way that AWS does not ({code}). Check what stands between this installation"
        " and AWS, for instance a proxy."
        if code.isdigit()
        else f"AWS refused {call} for a reason that we do not know ({code}). Look that code up in AWS's documentation."
    ),
}

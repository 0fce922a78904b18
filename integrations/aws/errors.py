"""Everything that can go wrong between AWS and us, as one family.

``calls.error_sentences`` makes them from botocore's errors; this module comes without AWS's library, so that requests
may use it.

``str(error)`` is a whole sentence for people: what happened, in which call, with which code, and what to do. No message
holds a secret, a token or an access key.
"""

# ruff: noqa: N818 - they are named for what happened, and are all of one family

from typing import ClassVar, Final


class AwsError(Exception):
    """AWS could not be read or did not let us in."""

    is_transient: ClassVar[bool] = False
    is_about_access: ClassVar[bool] = False

    def __init__(self, sentence: str, *, operation: str, code: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.operation = operation
        self.code = code


class TransientError(AwsError):
    """The same call may well succeed later."""

    is_transient = True


class AccessError(AwsError):
    """It lies in the credentials, the role, or what they may do: other settings of access may mend it."""

    is_about_access = True


class AccessDenied(AccessError):
    """AWS knows who asks, and refuses."""


class InvalidCredentials(AccessError):
    """AWS does not know the key, or the secret does not belong to it."""


class ExpiredCredentials(AccessError):
    """The credentials were good once; those of a role are renewed by asking for it again."""


class NoPrincipal(AwsError):
    """This installation has no AWS identity of its own in the partition concerned."""


class OwnFault(TransientError):
    """The credentials of this installation itself are missing, expired or not accepted: no customer can mend that."""


class ClockWrong(OwnFault):
    """AWS does not take our signatures because of the time in them: the clock of this installation is off."""


class NotInOrganization(AccessError):
    """The account does not belong to an AWS organization."""


class AnotherOrganization(AccessError):
    """The credentials lead elsewhere: what AWS answers is whole, but is not what is mirrored."""


class RoleTooOpen(AccessError):
    """A role can be assumed without our external ID, so it must not be stored."""


class Gone(AwsError):
    """What the call named does not exist (any more)."""


class Refused(AwsError):
    """AWS refuses the request itself, for a reason that asking again does not change."""


class OursNotTheirs(Refused):
    """What was given as a customer's belongs to this installation itself; nobody was asked."""


class UnexpectedAnswer(AwsError):
    """AWS answered something that its documentation rules out."""


class Throttled(TransientError):
    """AWS refuses because too many calls came in a short time."""


class Unreachable(TransientError):
    """No answer came: no connection, a dropped one, or none in time."""


class ServiceFault(TransientError):
    """AWS had a fault of its own, or something between it and us had."""


class IncompleteAnswer(TransientError):
    """An answer came cut off, or without a part that it must have."""


class ChangedWhileReading(TransientError):
    """The AWS organization changed under the read in a way that leaves its tree unsure."""


class TimedOut(TransientError):
    """The time that the caller gave for the whole was used up."""


class Stopped(TransientError):
    """The process that asks is to stop, as for an upgrade."""


# How a refused role ends its sentence, where nothing better is known about its setup.
COMPARE_ROLE: Final = " Compare the role's ARN and its trust policy with the setup that Pipes shows, then try again."


def incomplete(operation: str, subject: str, what: str) -> IncompleteAnswer:
    """The error for an answer that came cut off or without a part; ``what`` says which."""
    return IncompleteAnswer(
        f"AWS answered {call_name(operation, subject)} incompletely: {what} (IncompleteAnswer)."
        " Nothing was taken from it; try again in a few minutes.",
        operation=operation,
        code="IncompleteAnswer",
    )


def unexpected(operation: str, subject: str, what: str) -> UnexpectedAnswer:
    """The error for an answer that AWS's documentation rules out; ``what`` says which rule it breaks."""
    return UnexpectedAnswer(
        f"AWS answered {call_name(operation, subject)} with something impossible: {what} (UnexpectedAnswer)."
        " Nothing was taken from it. If it stays so, tell us.",
        operation=operation,
        code="UnexpectedAnswer",
    )


def call_name(operation: str, subject: str) -> str:
    """How sentences name a call and what it was about."""
    return f"{operation} for {subject}" if subject else operation

"""One call to AWS: sent at the rate that AWS allows, checked, and tried again where that helps.

botocore's own retries are off, so that each call counts once.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from integrations.aws.calls import counters
from integrations.aws.calls.rate_limit import Budget, Pacer
from integrations.aws.errors import AwsError, OwnFault, Throttled, incomplete


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of AWS: what its answer must hold, and how many calls a second (and at once) AWS allows it."""

    name: str
    method: str
    result: str
    rate: float
    burst: float


# Rates and bursts are those of AWS's published throttling table as far as they are known; those of the Describe
# operations are assumed to be no worse than those of the lists. Missing a result means that the answer was cut off:
# botocore turns half an answer into an empty one without a word.
OPERATIONS: Final = {
    operation.name: operation
    for operation in (
        Operation("GetCallerIdentity", "get_caller_identity", "Account", 100, 100),
        Operation("AssumeRole", "assume_role", "Credentials", 100, 100),
        Operation("DescribeOrganization", "describe_organization", "Organization", 5, 8),
        Operation("ListRoots", "list_roots", "Roots", 1, 2),
        Operation("ListAccounts", "list_accounts", "Accounts", 8, 12),
        Operation(
            "ListOrganizationalUnitsForParent", "list_organizational_units_for_parent", "OrganizationalUnits", 5, 8
        ),
        Operation("ListChildren", "list_children", "Children", 6, 10),
        Operation("ListAccountsForParent", "list_accounts_for_parent", "Accounts", 5, 8),
        Operation("DescribeAccount", "describe_account", "Account", 5, 8),
        Operation("DescribeOrganizationalUnit", "describe_organizational_unit", "OrganizationalUnit", 5, 8),
    )
}


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is tried in all, and how long one waits in between (doubling, with jitter; in seconds).

    ``answer_within`` is how long one waits for an answer to come before that counts as a fault.
    """

    faults: int = 4
    throttles: int = 10
    first_wait: float = 0.5
    longest_wait: float = 20.0
    answer_within: float = 20.0

    def allows_another(self, failure: AwsError, attempt: int) -> bool:
        """Whether to try again after that failure of the attempt number ``attempt``, counted from 1.

        Our own credentials are not mended within seconds.
        """
        most = self.throttles if isinstance(failure, Throttled) else self.faults
        return failure.is_transient and attempt < most and not isinstance(failure, OwnFault)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the attempt number ``attempt``: anywhere up to the doubled wait before."""
        return random.uniform(0, min(self.longest_wait, self.first_wait * 2 ** (attempt - 1)))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Call:
    """One question to AWS. ``send`` asks it once; ``subject`` is what it is about, for messages ('' for everything)."""

    operation: Operation
    subject: str
    send: Callable[[], dict[str, Any]]


def perform(
    call: Call, *, pacer: Pacer, budget: Budget, retries: Retries, on_call: Callable[[], None]
) -> dict[str, Any]:
    """The whole answer to a call; raises AwsError when it cannot be had within the budget."""
    attempt = 0
    while True:
        attempt += 1
        budget.wait(pacer.reserve(), call.operation.name)
        on_call()
        sent_at = time.monotonic()
        answer, failure = _attempt(call)
        throttled = isinstance(failure, Throttled)
        counters.count(call.operation.name, "throttled" if throttled else "failed" if failure else "answered")
        if failure is None:
            pacer.speed_up()
            return answer
        if throttled:
            pacer.slow_down(sent_at)
        if not retries.allows_another(failure, attempt):
            raise failure
        budget.wait(retries.wait(attempt), call.operation.name)


def _attempt(call: Call) -> tuple[dict[str, Any], AwsError | None]:
    from integrations.aws.calls.error_sentences import EXPECTED, translate  # AWS's library is slow to import

    name = call.operation.name
    try:
        answer = call.send()
    except EXPECTED as error:
        # Not chained: botocore's texts may hold signatures, tokens and whole answers, and tracebacks are logged.
        return {}, translate(error, operation=name, subject=call.subject)
    if call.operation.result not in answer:
        return {}, incomplete(name, call.subject, f"{call.operation.result} is missing")
    return answer, None

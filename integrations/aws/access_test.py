"""Tests of roles: that we may assume them, and that nobody can without the right external ID.

AWS tells vendors not to store a role ARN that can be assumed without the external ID, for another customer of the
vendor could then name it as theirs. It takes two negative probes: without an external ID, which a condition of
``StringLike "*"`` passes, and with a random one, which ``StringEqualsIfExists`` passes.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Final

from integrations.aws.calling import Retries
from integrations.aws.errors import AccessDenied, AwsError, RoleTooOpen
from integrations.aws.identifiers import check_role_arn
from integrations.aws.pacing import Budget
from integrations.aws.session import RoleCredentials, assume_role

_PROBE_SECONDS: Final = 60.0
_MEMBER_SECONDS: Final = 10.0
_MOST_AT_ONCE: Final = 5


@dataclass(frozen=True, slots=True)
class MemberResult:
    """Whether the role of one account works; ``sentence`` says so, or what is wrong and what to do."""

    account_id: str
    role_arn: str
    is_green: bool
    sentence: str


def refuse_open_role(
    credentials: RoleCredentials,
    *,
    on_call: Callable[[], None] = lambda: None,
    retries: Retries | None = None,
    budget: Budget | None = None,
) -> None:
    """Raise RoleTooOpen when the role can also be assumed without our external ID; call it after it was assumed with.

    Only AccessDenied counts as refused. Any other AwsError is raised as it is: unknown is not safe.
    """
    budget = budget or Budget(_PROBE_SECONDS)
    for wrong_id, how in ((None, "without any external ID"), (secrets.token_hex(16), "with any external ID")):
        try:
            assume_role(
                check_role_arn(credentials.role_arn),
                replace(credentials, external_id=wrong_id),
                retries=retries or Retries(),
                on_call=on_call,
                budget=budget,
            )
        except AccessDenied:
            continue
        raise RoleTooOpen(
            f"{credentials.role_arn} can be assumed {how}, so anybody could name it as theirs (AssumeRole:"
            " RoleTooOpen)."
            " Add this condition to each statement of its trust policy that lets us in, then test again:"
            f' "Condition": {{"StringEquals": {{"sts:ExternalId": "{credentials.external_id}"}}}}',
            operation="AssumeRole",
            code="RoleTooOpen",
        )


def try_member_role(
    role_arn: str, external_id: str, session_name: str, *, retries: Retries | None = None, budget: Budget | None = None
) -> MemberResult:
    """Assume the role of one account as a connection would, and probe it too; the result tells of any AwsError."""
    role = check_role_arn(role_arn)
    credentials = RoleCredentials(role_arn, external_id, session_name)
    budget, retries = budget or Budget(_MEMBER_SECONDS), retries or Retries()
    try:
        assume_role(role, credentials, retries=retries, budget=budget)
        refuse_open_role(credentials, retries=retries, budget=budget)
    except AwsError as error:
        return MemberResult(role.account_id, role_arn, False, error.sentence)
    return MemberResult(role.account_id, role_arn, True, f"The role {role.name} in {role.account_id} works.")


def try_member_roles(
    role_arns: Iterable[str], external_id: str, session_name: str, *, within_seconds: float = _MEMBER_SECONDS
) -> Iterator[MemberResult]:
    """Try the roles side by side and give each result as it comes; those that are slower than the time say so."""
    started_at = time.monotonic()
    budget = Budget(within_seconds)
    pool = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="aws-member")
    waiting: dict[Future[MemberResult], str] = {
        pool.submit(try_member_role, role_arn, external_id, session_name, budget=budget): role_arn
        for role_arn in role_arns
    }
    try:
        for done in as_completed(list(waiting), timeout=started_at + within_seconds - time.monotonic()):
            del waiting[done]
            yield done.result()
    except TimeoutError:
        for role_arn in waiting.values():
            sentence = f"AWS gave no answer within {within_seconds:g} s (AssumeRole for {role_arn}). Try again."
            yield MemberResult(check_role_arn(role_arn).account_id, role_arn, False, sentence)
    finally:
        budget.cancel()
        pool.shutdown(wait=False, cancel_futures=True)

"""Tests of roles: that we may assume them, and that nobody can without the right external ID.

AWS tells vendors not to store a role ARN that can be assumed without the external ID, for another customer of the
vendor could then name it as theirs. It takes two negative probes: without an external ID, which a condition of
``StringLike "*"`` passes, and with a random one, which ``StringEqualsIfExists`` passes.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from integrations.aws.calls.rate_limit import Budget, Pacer
from integrations.aws.calls.retry import Retries
from integrations.aws.errors import AccessDenied, AwsError, RoleTooOpen, TimedOut
from integrations.aws.identifiers import check_role_arn
from integrations.aws.session import KeyCredentials, RoleCredentials, assume_role, open_session

_PROBE_SECONDS: Final = 60.0
_MEMBER_SECONDS: Final = 10.0
_MOST_AT_ONCE: Final = 5

Credentials = RoleCredentials | KeyCredentials
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class MemberResult:
    """Whether the role of one account works: ``error`` is what was wrong, if anything."""

    role_arn: str
    error: AwsError | None

    @property
    def account_id(self) -> str:
        """The account that the role is in."""
        return check_role_arn(self.role_arn).account_id

    @property
    def is_green(self) -> bool:
        """Whether the role works."""
        return self.error is None

    @property
    def sentence(self) -> str:
        """Say that it works, or what is wrong and what to do."""
        if self.error:
            return self.error.sentence
        return f"The role {check_role_arn(self.role_arn).name} in {self.account_id} works."


def refuse_open_role(
    credentials: RoleCredentials,
    *,
    on_call: Callable[[], None] = lambda: None,
    retries: Retries | None = None,
    budget: Budget | None = None,
    pacer: Pacer | None = None,
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
                pacer=pacer,
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


def check_access(
    credentials: Credentials, *, retries: Retries, budget: Budget | None = None, pacer: Pacer | None = None
) -> None:
    """Sign in as a connection would, and make sure that nobody else can assume the role. Raises AwsError."""
    if isinstance(credentials, KeyCredentials):
        open_session(credentials, retries=retries)
        return
    role = check_role_arn(credentials.role_arn)
    budget = budget or Budget(_MEMBER_SECONDS)
    assume_role(role, credentials, retries=retries, budget=budget, pacer=pacer)
    refuse_open_role(credentials, retries=retries, budget=budget, pacer=pacer)


def check_side_by_side(
    wanted: Mapping[Key, Credentials],
    *,
    within_seconds: float,
    retries: Mapping[Key, Retries],
    pacer: Pacer | None = None,
) -> Iterator[tuple[Key, AwsError | None]]:
    """Check a few at once, each as patiently as it is said for it, and give its error, None for none, as it comes.

    What is under way when the time is over comes as TimedOut; what was not begun by then does not come at all.
    """
    ends_at = time.monotonic() + within_seconds
    budget = Budget(within_seconds)
    pool = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="aws-member")

    def check(key: Key) -> AwsError | None:
        try:
            check_access(wanted[key], retries=retries[key], budget=budget, pacer=pacer)
        except AwsError as error:
            return error
        return None

    waiting: dict[Future[AwsError | None], Key] = {pool.submit(check, key): key for key in wanted}
    try:
        for done in as_completed(list(waiting), timeout=max(0.0, ends_at - time.monotonic())):
            yield waiting.pop(done), done.result()
    except TimeoutError:
        for future, key in waiting.items():
            if not future.cancel():
                yield key, _no_answer(wanted[key], within_seconds)
    finally:
        budget.cancel()
        pool.shutdown(wait=False, cancel_futures=True)


def _no_answer(credentials: Credentials, within_seconds: float) -> TimedOut:
    call = "GetCallerIdentity"
    if isinstance(credentials, RoleCredentials):
        call = f"AssumeRole for {credentials.role_arn}"
    return TimedOut(
        f"AWS gave no answer within {within_seconds:g} s ({call}). Try again.",
        operation=call.split()[0],
        code="TimedOut",
    )


def try_member_roles(
    role_arns: Iterable[str],
    external_id: str,
    session_name: str,
    *,
    within_seconds: float = _MEMBER_SECONDS,
    retries: Retries | None = None,
) -> Iterator[MemberResult]:
    """Try the roles of some accounts and give each result as it comes; those slower than the time say so."""
    wanted: dict[str, Credentials] = {arn: RoleCredentials(arn, external_id, session_name) for arn in role_arns}
    missing = dict(wanted)
    each = dict.fromkeys(wanted, retries or Retries())
    for role_arn, error in check_side_by_side(wanted, within_seconds=within_seconds, retries=each):
        del missing[role_arn]
        yield MemberResult(role_arn, error)
    for role_arn, credentials in missing.items():
        yield MemberResult(role_arn, _no_answer(credentials, within_seconds))

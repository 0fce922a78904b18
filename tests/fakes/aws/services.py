"""The two services, from an authenticated caller to the answer or the ``ApiError``: who may ask, and what they get."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.fakes.aws.callers import Caller
from tests.fakes.aws.errors import ApiError
from tests.fakes.aws.faults import Faults
from tests.fakes.aws.iam import Role
from tests.fakes.aws.operations import OPERATIONS, Members, Question, answer, resource_of
from tests.fakes.aws.policy import Context, Verdict, as_list, conditions_hold, decide, like, principals
from tests.fakes.aws.sessions import Sessions
from tests.fakes.aws.world import World

LONGEST_CHAINED_SESSION = 3600  # seconds; role chaining caps there whatever the role allows


def organizations(
    world: World, faults: Faults, caller: Caller, operation: str, parameters: Mapping[str, Any]
) -> Members:
    """Answer an Organizations call: IAM first, then membership, then who may call, then the input."""
    if operation not in OPERATIONS:
        raise ApiError("UnknownOperationException", "")
    organization = world.organization_of(caller.account_id)
    resource = resource_of(operation, parameters, organization)
    _refuse_unless_allowed(world, caller, f"organizations:{operation}", resource)
    if organization is None or organization.partition != caller.partition:
        raise ApiError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    reads_all = {organization.management_account_id, *organization.delegated_administrators}
    if operation != "DescribeOrganization" and caller.account_id not in reads_all:
        raise ApiError("AccessDeniedException", "You don't have permissions to access this resource.")
    seen = faults.seen(organization, operation, parameters)
    return answer(operation, Question(seen, parameters, world.wire))


def _refuse_unless_allowed(world: World, caller: Caller, action: str, resource: str) -> None:
    verdict = decide(caller.policies, action, resource, context_of(world, caller))
    if verdict is Verdict.ALLOWED:
        return
    reason = f"because no identity-based policy allows the {action} action"
    if verdict is Verdict.DENIED:
        reason = "with an explicit deny in an identity-based policy"
    sentence = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    raise ApiError("AccessDeniedException", sentence)


def context_of(world: World, caller: Caller) -> dict[str, str | None]:
    """Return the condition keys that every request of a caller carries."""
    organization = world.organization_of(caller.account_id)
    return {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account_id,
        "aws:principalorgid": organization.id if organization else None,
    }


def get_caller_identity(caller: Caller) -> Members:
    """Answer GetCallerIdentity, which needs no permission and cannot be denied."""
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}


def assume_role(world: World, sessions: Sessions, caller: Caller, parameters: Mapping[str, str]) -> Members:
    """Answer AssumeRole. Whatever the reason for a refusal is, the answer is the same AccessDenied, as in AWS."""
    _refuse_bad_parameters(parameters)
    role = world.role(parameters["RoleArn"])
    if role is None or not _may_assume(world, caller, role, parameters):
        sentence = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole"
        raise ApiError("AccessDenied", f"{sentence} on resource: {parameters['RoleArn']}", 403)
    name, now = parameters["RoleSessionName"], time.time()
    session = sessions.issue(role.arn, name, _duration(caller, role, parameters), now)
    return {
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROA{session.key_id[4:]}:{name}",
            "Arn": f"arn:{role.partition}:sts::{role.account_id}:assumed-role/{role.name}/{name}",
        },
        "Credentials": {
            "AccessKeyId": session.key_id,
            "SecretAccessKey": sessions.secret(session.key_id),
            "SessionToken": sessions.token(session),
            "Expiration": datetime.fromtimestamp(session.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def _refuse_bad_parameters(parameters: Mapping[str, str]) -> None:
    for name, pattern, least, most in (
        ("RoleArn", r"[\s\S]*", 20, 2048),
        ("RoleSessionName", r"[\w+=,.@-]*", 2, 64),
        ("ExternalId", r"[\w+=,.@:\/-]*", 2, 1224),
    ):
        value = parameters.get(name)
        if value is None and name == "ExternalId":
            continue
        if value is None or not least <= len(value) <= most or not re.fullmatch(pattern, value, re.ASCII):
            sentence = (
                f"1 validation error detected: Value at '{name[0].lower() + name[1:]}' failed to satisfy constraint"
            )
            raise ApiError("ValidationError", f"{sentence}: {least} to {most} characters that match {pattern}")
    if not re.fullmatch(r"arn:[a-z-]+:iam::\d{12}:role/.+", parameters["RoleArn"]):
        raise ApiError("ValidationError", f"{parameters['RoleArn']} is invalid")
    unknown = {"Policy", "Tags.member.1.Key", "PolicyArns.member.1.arn", "SourceIdentity", "TokenCode"} & set(
        parameters
    )
    if unknown:
        raise ApiError("ValidationError", f"The stand-in does not know the parameter {unknown.pop()}.")


def _duration(caller: Caller, role: Role, parameters: Mapping[str, str]) -> int:
    asked = parameters.get("DurationSeconds", "3600")
    seconds = int(asked) if asked.isdigit() else 0
    if not 900 <= seconds <= 43200:
        raise ApiError("ValidationError", "Value at 'durationSeconds' must be between 900 and 43200")
    if caller.is_role and seconds > LONGEST_CHAINED_SESSION:
        sentence = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise ApiError("ValidationError", sentence)
    if seconds > role.max_session_seconds:
        raise ApiError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration of this role")
    return seconds


def _may_assume(world: World, caller: Caller, role: Role, parameters: Mapping[str, str]) -> bool:
    organization = world.organization_of(role.account_id)
    is_usable = organization is None or organization.accounts[role.account_id].state == "ACTIVE"
    if not is_usable or role.partition != caller.partition:
        return False
    context = {
        **context_of(world, caller),
        "sts:externalid": parameters.get("ExternalId"),
        "sts:rolesessionname": parameters["RoleSessionName"],
    }
    is_trusted, by_name = _trust(role, caller, context, world.iam.unique_id(caller.principal_arn))
    verdict = decide(caller.policies, "sts:AssumeRole", role.arn, context)
    needs_no_permission = by_name and caller.account_id == role.account_id and verdict is not Verdict.DENIED
    return is_trusted and (verdict is Verdict.ALLOWED or needs_no_permission)


def _trust(role: Role, caller: Caller, context: Context, unique_id: str) -> tuple[bool, bool]:
    """Return whether the role trusts the caller, and whether it names the very principal (not its whole account).

    A principal is named by what it was when the policy was set: ``unique_id`` is what it is now.
    """
    root = f"arn:{caller.partition}:iam::{caller.account_id}:root"
    is_trusted = by_name = False
    for statement in as_list(role.trust_policy["Statement"]):
        named = principals(statement)
        names_it = bool({caller.principal_arn, caller.arn} & set(named))
        names_it = names_it and role.trusted_ids.get(caller.principal_arn, unique_id) == unique_id
        names_account = bool({"*", root, caller.account_id} & set(named))
        is_about_this = any(like(action, "sts:AssumeRole") for action in as_list(statement.get("Action", [])))
        if not (is_about_this and (names_it or names_account) and conditions_hold(statement, context)):
            continue
        if statement["Effect"] == "Deny":
            return False, False
        is_trusted, by_name = True, by_name or names_it
    return is_trusted, by_name

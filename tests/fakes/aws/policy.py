"""IAM policy documents: reading them and deciding by them.

Only what trust and permission policies of this product can hold is understood; anything else is refused when the
policy is stored, so that no test passes because a condition was skipped.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from tests.fakes.aws.organization import StandInError

Policy = dict[str, Any]
Context = Mapping[str, str | None]  # lower-case condition keys; None where the request does not carry it

CONDITION_KEYS = {
    "sts:externalid",
    "sts:rolesessionname",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceaccount",
}


class Verdict(Enum):
    """What a set of policies says of one action."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed"
    DENIED = "denied"


def as_list(value: Any) -> list[Any]:
    """Return the value as a list: policies write single items without one."""
    return value if isinstance(value, list) else [value]


def like(pattern: str, value: str) -> bool:
    """Match with IAM's wildcards: ``*`` for any text, ``?`` for one character."""
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)  # each call is held to the same few patterns
def _expression(pattern: str) -> re.Pattern[str]:
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile(expression, re.DOTALL)


def decide(policies: Iterable[Policy], action: str, resource: str, context: Context) -> Verdict:
    """Say what permission policies decide for one action on one resource; a Deny wins."""
    verdict = Verdict.NOT_ALLOWED
    for policy in policies:
        for statement in as_list(policy["Statement"]):
            if not _covers(statement, action, resource) or not conditions_hold(statement, context):
                continue
            if statement["Effect"] == "Deny":
                return Verdict.DENIED
            verdict = Verdict.ALLOWED
    return verdict


def _covers(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    names_action = any(like(pattern.lower(), action.lower()) for pattern in as_list(statement.get("Action", [])))
    if "NotAction" in statement:
        names_action = not any(like(pattern.lower(), action.lower()) for pattern in as_list(statement["NotAction"]))
    return names_action and any(like(pattern, resource) for pattern in as_list(statement.get("Resource", [])))


def conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    """Tell whether every condition of a statement holds for this request."""
    return all(
        _holds(operator.lower(), [str(value) for value in as_list(wanted)], context.get(key.lower()))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: list[str], value: str | None) -> bool:
    if operator == "null":
        return (value is None) == (wanted[0].lower() == "true")
    if value is None:
        return operator.endswith("ifexists") or operator.startswith(("stringnot", "arnnot"))
    return _OPERATORS[operator.removesuffix("ifexists")](wanted, value)


def _equals(wanted: list[str], value: str) -> bool:
    return value in wanted


def _equals_ignoring_case(wanted: list[str], value: str) -> bool:
    return value.lower() in [item.lower() for item in wanted]


def _likes(wanted: list[str], value: str) -> bool:
    return any(like(pattern, value) for pattern in wanted)


_OPERATORS: dict[str, Callable[[list[str], str], bool]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _likes,
    "arnequals": _likes,
    "arnlike": _likes,
    "stringnotequals": lambda wanted, value: not _equals(wanted, value),
    "stringnotlike": lambda wanted, value: not _likes(wanted, value),
    "arnnotlike": lambda wanted, value: not _likes(wanted, value),
}


def principals(statement: Mapping[str, Any]) -> list[str]:
    """Return the AWS principals that a trust statement names."""
    principal = statement.get("Principal", {})
    return ["*"] if principal == "*" else [str(item) for item in as_list(principal.get("AWS", []))]


def refuse_malformed(policy: Any, *, is_trust: bool) -> None:
    """Raise ``StandInError`` for a document that AWS would call malformed, or that the stand-in does not understand."""
    if not isinstance(policy, dict) or policy.get("Version") != "2012-10-17" or not policy.get("Statement"):
        raise StandInError("The policy needs Version 2012-10-17 and at least one Statement (MalformedPolicyDocument).")
    for statement in as_list(policy["Statement"]):
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise StandInError("The Effect of a statement is Allow or Deny (MalformedPolicyDocument).")
        if is_trust and ("Principal" not in statement or "Resource" in statement):
            raise StandInError("A trust policy names a Principal and no Resource (MalformedPolicyDocument).")
        if not is_trust and ("Principal" in statement or "Resource" not in statement):
            raise StandInError("A permission policy names a Resource and no Principal (MalformedPolicyDocument).")
        _refuse_unknown_conditions(statement.get("Condition", {}))


def _refuse_unknown_conditions(condition: Mapping[str, Mapping[str, Any]]) -> None:
    for operator, keys in condition.items():
        if operator.lower() != "null" and operator.lower().removesuffix("ifexists") not in _OPERATORS:
            raise StandInError(f"The stand-in does not know the condition operator {operator}.")
        unknown = [key for key in keys if key.lower() not in CONDITION_KEYS]
        if unknown:
            raise StandInError(f"The stand-in does not know the condition key {unknown[0]}.")


# Ready-made documents

ORGANIZATIONS_ACTIONS = (
    "DescribeOrganization",
    "ListRoots",
    "ListAccounts",
    "ListOrganizationalUnitsForParent",
    "ListAccountsForParent",
    "ListChildren",
    "DescribeOrganizationalUnit",
    "DescribeAccount",
)


def allowing(*actions: str, resource: str | list[str] = "*") -> Policy:
    """Return a permission policy that allows these actions."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}],
    }


def denying(*actions: str, resource: str | list[str] = "*") -> Policy:
    """Return a permission policy that denies these actions."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": resource}],
    }


def reading_organizations() -> Policy:
    """Return the permission policy that a discovery needs."""
    return allowing(*(f"organizations:{name}" for name in ORGANIZATIONS_ACTIONS))


def trusting(principal_arn: str, external_id: str | None = None, *, operator: str = "StringEquals") -> Policy:
    """Return a trust policy for one principal, asking for an external id unless it is None."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal_arn},
        "Action": "sts:AssumeRole",
    }
    if external_id is not None:
        statement["Condition"] = {operator: {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


# Of AWS's managed policies, what they say of Organizations; ViewOnlyAccess really lacks Describe.
MANAGED_POLICIES = {
    "policy/AdministratorAccess": allowing("*"),
    "policy/ReadOnlyAccess": allowing("organizations:Describe*", "organizations:List*"),
    "policy/SecurityAudit": allowing("organizations:Describe*", "organizations:List*"),
    "policy/AWSOrganizationsReadOnlyAccess": allowing("organizations:Describe*", "organizations:List*"),
    "policy/job-function/ViewOnlyAccess": allowing("organizations:List*"),
}


def managed_policy(arn: str) -> Policy:
    """Return the document of one of AWS's managed policies; ``StandInError`` for one that is not kept here."""
    name = arn.split(":")[-1]
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::aws:policy/.+", arn) or name not in MANAGED_POLICIES:
        raise StandInError(f"The stand-in does not know the managed policy {arn}.")
    return MANAGED_POLICIES[name]

"""The operations of AWS Organizations that the stand-in answers, from parameters to the members of the answer."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.aws.errors import ApiError, invalid_input
from tests.fakes.aws.organization import Account, AwsOrganization, Unit, page_after
from tests.fakes.aws.world import Wire

PAGE_SIZE = 20  # the largest that every list operation of Organizations allows, and its default
PARENT_ID = r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
UNIT_ID = r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
ACCOUNT_ID = r"\d{12}"

# What Status said of each State, while there was a Status.
STATUS_OF_STATE = {
    "ACTIVE": "ACTIVE",
    "SUSPENDED": "SUSPENDED",
    "PENDING_CLOSURE": "PENDING_CLOSURE",
    "CLOSED": "SUSPENDED",
    "PENDING_ACTIVATION": "ACTIVE",
}

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One call: what is asked, of which AWS organization, and how the answer is to be worded."""

    organization: AwsOrganization
    parameters: Mapping[str, Any]
    wire: Wire

    def needed(self, name: str, pattern: str) -> str:
        """Return a parameter that must be there and match; raises InvalidInputException."""
        value = self.parameters.get(name)
        if not isinstance(value, str):
            raise invalid_input("INPUT_REQUIRED", name)
        if not re.fullmatch(pattern, value):
            raise invalid_input("INVALID_PATTERN_TARGET_ID" if name == "TargetId" else "INVALID_PATTERN", name)
        return value


def answer(operation: str, question: Question) -> Members:
    """Answer one operation; raises ``ApiError``, also for an operation that does not exist."""
    with question.organization.lock:
        return OPERATIONS[operation](question)


# Wording


def arn(organization: AwsOrganization, kind: str, node_id: str = "") -> str:
    """Return the ARN of the AWS organization itself or, with ``node_id``, of something in it."""
    start = f"arn:{organization.partition}:organizations::{organization.management_account_id}"
    return f"{start}:{kind}/{organization.id}" + (f"/{node_id}" if node_id else "")


def _account(question: Question, account: Account) -> Members:
    organization, wire = question.organization, question.wire
    members: Members = {
        "Id": account.id,
        "Arn": arn(organization, "account", account.id),
        "Email": account.email,
        "Name": account.name,
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": account.joined_at,
    }
    if wire.states != "state":
        members["Status"] = STATUS_OF_STATE[account.state]
    if wire.states != "status":
        members["State"] = account.state
    if wire.has_paths:
        members["Paths"] = [organization.path(account.id)]
    return members


def _unit(question: Question, unit: Unit) -> Members:
    members: Members = {"Id": unit.id, "Arn": arn(question.organization, "ou", unit.id), "Name": unit.name}
    if question.wire.has_paths:
        members["Path"] = question.organization.path(unit.id)
    return members


# Pages


def _page(question: Question, key: str, ids: list[str], word: Callable[[str], Members], of: str = "") -> Members:
    """Return one page; the cursor is the last id seen, so that it survives every change between two pages.

    ``of`` names the list: a token of one list is invalid for another.
    """
    size = question.parameters.get("MaxResults", PAGE_SIZE)
    if not isinstance(size, int) or size < 1:
        raise invalid_input("MIN_VALUE_EXCEEDED", "MaxResults")
    if size > PAGE_SIZE:
        raise invalid_input("MAX_VALUE_EXCEEDED", "MaxResults")
    cursor: Members = {"list": key + of, "after": "", "page": 1, "was_empty": False}
    if question.parameters.get("NextToken") is not None:
        cursor = _read_token(question.parameters["NextToken"], key + of)
    if cursor["page"] > question.wire.empty_after > 0:
        return {key: [], "NextToken": _token({**cursor, "page": cursor["page"] + 1})}
    every = question.wire.empty_page_every
    if every and cursor["page"] % every == 0 and not cursor["was_empty"]:
        return {key: [], "NextToken": _token({**cursor, "was_empty": True})}
    found, more = page_after(ids, cursor["after"], min(size, question.wire.page_size))
    members: Members = {key: [word(item) for item in found]}
    if more:
        following = {"after": found[-1], "page": cursor["page"] + 1, "was_empty": False}
        members["NextToken"] = _token({**cursor, **following})
    return members


def _token(cursor: Members) -> str:
    return base64.b64encode(json.dumps(cursor).encode()).decode()


def _read_token(token: Any, of: str) -> Members:
    try:
        cursor = json.loads(base64.b64decode(token, validate=True))
        if cursor["list"] == of:
            return dict(cursor)
    except (binascii.Error, ValueError, TypeError, KeyError):
        pass
    raise invalid_input("INVALID_NEXT_TOKEN", "NextToken")


# Operations


def _describe_organization(question: Question) -> Members:
    organization = question.organization
    management = organization.accounts[organization.management_account_id]
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": arn(organization, "organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": arn(organization, "account", management.id),
            "MasterAccountId": management.id,
            "MasterAccountEmail": management.email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def _list_roots(question: Question) -> Members:
    organization = question.organization
    root = {"Id": organization.root_id, "Arn": arn(organization, "root", organization.root_id), "Name": "Root"}
    return _page(question, "Roots", [organization.root_id], lambda _: {**root, "PolicyTypes": []})


def _list_accounts(question: Question) -> Members:
    accounts = question.organization.accounts
    return _page(
        question, "Accounts", question.organization.account_ids, lambda item: _account(question, accounts[item])
    )


def _parent(question: Question) -> str:
    parent_id = question.needed("ParentId", PARENT_ID)
    if not question.organization.is_parent(parent_id):
        raise ApiError("ParentNotFoundException", "You specified a root or OU that doesn't exist.")
    return parent_id


def _list_accounts_for_parent(question: Question) -> Members:
    parent_id, accounts = _parent(question), question.organization.accounts
    ids = question.organization.accounts_in(parent_id)
    return _page(question, "Accounts", ids, lambda item: _account(question, accounts[item]), parent_id)


def _list_units_for_parent(question: Question) -> Members:
    parent_id, units = _parent(question), question.organization.units
    ids = question.organization.units_in(parent_id)
    return _page(question, "OrganizationalUnits", ids, lambda item: _unit(question, units[item]), parent_id)


def _list_children(question: Question) -> Members:
    parent_id, kind = _parent(question), question.needed("ChildType", ".*")
    if kind not in ("ACCOUNT", "ORGANIZATIONAL_UNIT"):
        raise invalid_input("INVALID_ENUM", "ChildType")
    organization = question.organization
    ids = organization.accounts_in(parent_id) if kind == "ACCOUNT" else organization.units_in(parent_id)
    return _page(question, "Children", ids, lambda item: {"Id": item, "Type": kind}, parent_id + kind)


def _list_parents(question: Question) -> Members:
    child_id, organization = question.needed("ChildId", f"{ACCOUNT_ID}|{UNIT_ID}"), question.organization
    if child_id not in organization.accounts and child_id not in organization.units:
        raise ApiError("ChildNotFoundException", "You specified an account or OU that doesn't exist.")
    parent_id = organization.parent_of(child_id)
    kind = "ROOT" if parent_id == organization.root_id else "ORGANIZATIONAL_UNIT"
    return _page(question, "Parents", [parent_id], lambda item: {"Id": item, "Type": kind}, child_id)


def _describe_account(question: Question) -> Members:
    account = question.organization.accounts.get(question.needed("AccountId", ACCOUNT_ID))
    if account is None:
        raise ApiError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(question, account)}


def _describe_unit(question: Question) -> Members:
    unit = question.organization.units.get(question.needed("OrganizationalUnitId", UNIT_ID))
    if unit is None:
        raise ApiError("OrganizationalUnitNotFoundException", "You specified an OU that doesn't exist.")
    return {"OrganizationalUnit": _unit(question, unit)}


def _list_delegated_administrators(question: Question) -> Members:
    organization = question.organization

    def word(account_id: str) -> Members:
        members = _account(question, organization.accounts[account_id])
        members.pop("Paths", None)
        return {**members, "DelegationEnabledDate": organization.delegated_administrators[account_id]}

    return _page(question, "DelegatedAdministrators", sorted(organization.delegated_administrators), word)


OPERATIONS: dict[str, Callable[[Question], Members]] = {
    "DescribeOrganization": _describe_organization,
    "ListRoots": _list_roots,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListOrganizationalUnitsForParent": _list_units_for_parent,
    "ListChildren": _list_children,
    "ListParents": _list_parents,
    "DescribeAccount": _describe_account,
    "DescribeOrganizationalUnit": _describe_unit,
    "ListDelegatedAdministrators": _list_delegated_administrators,
}


def resource_of(operation: str, parameters: Mapping[str, Any], organization: AwsOrganization | None) -> str:
    """Return the ARN that IAM decides on: "*" for the operations that have no resource type."""
    node_id = next(
        (
            parameters[name]
            for name in ("ParentId", "ChildId", "AccountId", "OrganizationalUnitId")
            if name in parameters
        ),
        None,
    )
    if organization is None or not isinstance(node_id, str) or operation not in OPERATIONS:
        return "*"
    kind = "root" if node_id.startswith("r-") else "ou" if node_id.startswith("ou-") else "account"
    return arn(organization, kind, node_id)

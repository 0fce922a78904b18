"""Whatever AWS may do to a call (``FAULTS``) and whichever calls a sync makes (``CALLS``), for the matrix of both."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone

from integrations.aws.calls.retry import OPERATIONS, Retries
from integrations.models import Integration
from tests.fakes.aws import RunningAws, operations, wire
from tests.fakes.aws.operations import Question
from tests.fakes.aws.world import Wire
from tests.integrations.conftest import QUICK, Synced
from workspaces import isolation

LIST_ACCOUNTS, LIST_UNITS, LIST_CHILDREN = "ListAccounts", "ListOrganizationalUnitsForParent", "ListChildren"
# What AWS does not answer is given up soon; what a busy machine answers late is asked again.
HASTY = Retries(faults=3, first_wait=0.001, answer_within=0.25)
# Each connection that is kept may turn out to be closed: one more try than there can be of them.
PATIENT = Retries(faults=20, first_wait=0.001)
# New credentials are asked for ten times, and each wait may be twice the one before.
AT_ONCE = replace(QUICK, first_wait=0.001)
OF_STS = ("AssumeRole", "GetCallerIdentity")

Plan = Callable[[RunningAws, str, int], object]  # what goes wrong, in which operation, after how many calls


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that AWS may do to a call. ``heals``: asking again helps, so the sync must not fail for it."""

    plan: Plan
    heals: bool = False
    retries: Retries = QUICK


def _error(in_sts: str, in_organizations: str, times: int | None = None) -> Plan:
    def plan(aws: RunningAws, operation: str, after: int) -> None:
        aws.faults.fail(operation, in_sts if operation in OF_STS else in_organizations, times=times, after=after)

    return plan


def _repeat_token(aws: RunningAws, operation: str, after: int) -> None:
    body = json.dumps({OPERATIONS[operation].result: [], "NextToken": "again"})
    aws.faults.answer(operation, body, after=after)


def _drop_a_part(aws: RunningAws, operation: str, after: int) -> None:
    part = {"AssumeRole": "SessionToken", "GetCallerIdentity": "Account"}.get(operation, "Id")
    aws.faults.strip(operation, part, after=after)


def _lead_elsewhere(times: int | None) -> Plan:
    def plan(aws: RunningAws, operation: str, after: int) -> None:
        if operation != "AssumeRole":
            aws.faults.lead_elsewhere(operation, times=times, after=after)
            return
        (role,) = (role for role in aws.iam.roles.values() if role.name == "elsewhere")
        sessions = aws.stand_in.sessions
        session = sessions.issue(role.arn, "pipes", 3600, time.time())
        keys = {
            "AccessKeyId": session.key_id,
            "SecretAccessKey": sessions.secret(session.key_id),
            "SessionToken": sessions.token(session),
            "Expiration": "2100-01-01T00:00:00Z",
        }
        body = wire.STS.answer(operation, {"Credentials": keys}).body.decode()
        aws.faults.answer(operation, body, times=times, after=after)

    return plan


FAULTS: dict[str, Fault] = {
    "throttled once": Fault(_error("Throttling", "TooManyRequestsException", 1), heals=True),
    "throttled": Fault(_error("Throttling", "TooManyRequestsException")),
    "fault of AWS once": Fault(_error("InternalFailure", "ServiceException", 1), heals=True),
    "fault of AWS": Fault(_error("InternalFailure", "ServiceException")),
    "denied": Fault(_error("AccessDenied", "AccessDeniedException")),
    "code that nobody knows": Fault(_error("Novelty", "NoveltyException")),
    "expired once": Fault(_error("ExpiredToken", "ExpiredTokenException", 1)),
    "expired": Fault(_error("ExpiredToken", "ExpiredTokenException"), retries=AT_ONCE),
    "cut off once": Fault(lambda aws, name, after: aws.faults.cut_off(name, times=1, after=after), heals=True),
    "cut off": Fault(lambda aws, name, after: aws.faults.cut_off(name, after=after)),
    "empty JSON": Fault(lambda aws, name, after: aws.faults.answer(name, "{}", after=after)),
    "not JSON": Fault(lambda aws, name, after: aws.faults.answer(name, after=after)),
    "without its result": Fault(lambda aws, name, after: aws.faults.strip(name, OPERATIONS[name].result, after=after)),
    "without a part": Fault(_drop_a_part),
    "page token twice": Fault(_repeat_token),
    "dropped once": Fault(lambda aws, name, after: aws.faults.drop(name, times=1, after=after), heals=True),
    "dropped": Fault(lambda aws, name, after: aws.faults.drop(name, after=after)),
    "hung up after the answer": Fault(
        lambda aws, name, after: aws.faults.hang_up(name, after=after), heals=True, retries=PATIENT
    ),
    "hangs": Fault(lambda aws, name, after: aws.faults.hang(name, after=after), retries=HASTY),
    "elsewhere once": Fault(_lead_elsewhere(1)),
    "elsewhere": Fault(_lead_elsewhere(None)),
}


@dataclass(frozen=True, slots=True)
class Calls:
    """How often a sync calls an operation at least, and what has to be so that it does."""

    least: int
    arrange: Callable[[Synced], object] = lambda _: None


def _prove_the_role_and_expire(mirror: Synced) -> None:
    """The role is asked for, probed twice, and asked for once more while deletions are confirmed."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        long_ago = timezone.now() - timedelta(days=2)
        Integration.objects.filter(pk=mirror.integration.pk).update(role_proved_at=long_ago)
    mirror.aws.faults.after_call("DescribeAccount", 1, mirror.aws.expire_sessions)


def _without_paths(mirror: Synced) -> None:
    mirror.aws.wire.has_paths = False


def _list_one_twice(mirror: Synced) -> None:
    """An account is on two pages with two paths, as one that moves in between; AWS is asked where it is."""
    organization = mirror.aws.organization
    rows = operations.answer(LIST_ACCOUNTS, Question(organization, {}, Wire()))["Accounts"]
    moved = next(row for row in rows if row["Name"] == "Dev")
    rows.append({**moved, "Paths": [f"{organization.id}/{organization.root_id}/{moved['Id']}/"]})
    mirror.aws.faults.answer(LIST_ACCOUNTS, json.dumps({"Accounts": rows}))


def _hide_a_unit_from_the_list(mirror: Synced) -> None:
    """A unit was made after its parent was asked: only the path of an account in it names it."""
    work = mirror.aws.organization.find("Work").id
    mirror.aws.faults.answer(LIST_UNITS, '{"OrganizationalUnits": []}', on=work)


# Every operation that our client knows; the first, the middle and the last of its calls are the moments.
CALLS: dict[str, Calls] = {
    "AssumeRole": Calls(4, _prove_the_role_and_expire),
    "GetCallerIdentity": Calls(1),
    "DescribeOrganization": Calls(1),
    "ListRoots": Calls(1),
    LIST_ACCOUNTS: Calls(3),
    LIST_UNITS: Calls(4),
    LIST_CHILDREN: Calls(1),
    "ListAccountsForParent": Calls(4, _without_paths),
    "DescribeAccount": Calls(4, _list_one_twice),
    "DescribeOrganizationalUnit": Calls(4, _hide_a_unit_from_the_list),
}


def moments(operation: str) -> list[int]:
    """How many calls go well before the fault: none, half of them, all but the last."""
    calls = CALLS[operation].least
    return sorted({0, calls // 2, calls - 1})

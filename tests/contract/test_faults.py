"""AWS is slow, throttles, breaks off or talks nonsense: the read is retried, and then whole or an error."""

import time

import pytest
from pytest_django.fixtures import Settings

from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import confirm_gone, identify, read_snapshot
from integrations.aws.errors import (
    IncompleteAnswer,
    Refused,
    ServiceFault,
    Throttled,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from integrations.aws.session import AwsSession, RoleCredentials, open_session
from tests.contract.conftest import QUICK
from tests.fakes.aws import RunningAws

READS = ["DescribeOrganization", "ListRoots", "ListAccounts", "ListOrganizationalUnitsForParent"]
BROKEN = [
    *(("cut_off", operation) for operation in ("AssumeRole", "GetCallerIdentity", *READS)),
    *((fault, operation) for fault in ("drop", "answer") for operation in ("AssumeRole", "ListAccounts")),
]


def build(aws: RunningAws) -> None:
    for number in range(9):
        unit = aws.organization.create_unit(f"Unit {number}")
        aws.organization.create_account(f"Account {number}", parent=unit.id)


@pytest.mark.parametrize(("fault", "operation"), BROKEN)
def test_one_broken_answer_to_any_call_is_asked_for_again(
    aws: RunningAws, role: RoleCredentials, fault: str, operation: str
) -> None:
    build(aws)
    getattr(aws.faults, fault)(operation, times=1)
    snapshot = read_snapshot(open_session(role, retries=QUICK))
    assert (len(snapshot.folders), len(snapshot.accounts)) == (10, 10)
    assert aws.calls.count(operation, code=fault.replace("_", "-")) == 1


@pytest.mark.parametrize(("fault", "operation"), BROKEN)
def test_answers_that_stay_broken_fail_the_read_with_the_call(
    aws: RunningAws, role: RoleCredentials, fault: str, operation: str
) -> None:
    getattr(aws.faults, fault)(operation)
    with pytest.raises(Unreachable if fault == "drop" else IncompleteAnswer) as failed:
        read_snapshot(open_session(role, retries=QUICK))
    assert failed.value.operation == operation
    assert operation in failed.value.sentence
    assert failed.value.is_transient
    assert aws.calls.count(operation) == QUICK.faults


def test_a_broken_page_in_the_middle_never_shortens_the_list(aws: RunningAws, role: RoleCredentials) -> None:
    for number in range(90):
        aws.organization.create_account(f"Account {number}")
    aws.faults.cut_off("ListAccounts", after=2)
    with pytest.raises(IncompleteAnswer, match="ListAccounts incompletely: Accounts is missing"):
        read_snapshot(open_session(role, retries=QUICK))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "null",
        '"text"',
        '{"Accounts": null}',
        '{"Accounts": 5}',
        '{"Accounts": "x"}',
        '{"Accounts": {"Id": "x"}}',
        '{"Accounts": [5]}',
        '{"Accounts": [null]}',
        '{"Accounts": [{"JoinedTimestamp": "yesterday"}]}',
        '{"Accounts": [{"Id": 5}]}',
        '{"Accounts": [{"Id": "111122223333", "Paths": 5}]}',
        "\x00\xff",
    ],
)
def test_nonsense_in_an_answer_is_an_error_of_ours(aws: RunningAws, role: RoleCredentials, body: str) -> None:
    aws.faults.answer("ListAccounts", body)
    with pytest.raises((IncompleteAnswer, UnexpectedAnswer)):
        read_snapshot(open_session(role, retries=QUICK))


@pytest.mark.parametrize("operation", ["AssumeRole", "ListAccounts"])
@pytest.mark.parametrize("status", [500, 503])
def test_a_gateway_that_is_down_is_a_passing_fault(
    aws: RunningAws, role: RoleCredentials, operation: str, status: int
) -> None:
    aws.faults.answer(operation, "<html>Bad gateway</html>", status=status)
    with pytest.raises((ServiceFault, IncompleteAnswer)) as failed:
        read_snapshot(open_session(role, retries=QUICK))
    assert failed.value.is_transient


@pytest.mark.parametrize("operation", ["AssumeRole", "ListAccounts"])
def test_a_proxy_that_refuses_is_named_as_what_stands_in_between(
    aws: RunningAws, role: RoleCredentials, operation: str
) -> None:
    aws.faults.answer(operation, "<html>Forbidden</html>", status=403)
    with pytest.raises((UnexpectedAnswer, IncompleteAnswer)):
        read_snapshot(open_session(role, retries=QUICK))


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("code", ["ServiceException", "TooManyRequestsException"])
def test_a_passing_fault_of_aws_is_tried_again(
    aws: RunningAws, role: RoleCredentials, operation: str, code: str
) -> None:
    build(aws)
    aws.faults.fail(operation, code, times=2)
    assert len(read_snapshot(open_session(role, retries=QUICK)).accounts) == 10
    assert aws.calls.count(operation, code=code) == 2


def test_throttling_that_does_not_end_fails_the_read(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.fail("ListAccounts", "TooManyRequestsException")
    with pytest.raises(Throttled, match="AWS throttles ListAccounts") as failed:
        read_snapshot(open_session(role, retries=QUICK))
    assert failed.value.is_transient
    assert aws.calls.count("ListAccounts") == QUICK.throttles


def test_a_throttled_assume_role_is_tried_again(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.fail("AssumeRole", "Throttling", times=2)
    open_session(role, retries=QUICK)
    assert aws.calls.count("AssumeRole") == 3


def test_under_published_limits_the_pace_avoids_most_throttles(
    aws: RunningAws, role: RoleCredentials, settings: Settings
) -> None:
    share = 5.0  # the limits and our pace are both five times faster than life
    settings.PIPES_AWS_QUOTA_SHARE = share
    for number in range(100):
        unit = aws.organization.create_unit(f"Unit {number}")
        aws.organization.create_account(f"Account {number}", parent=unit.id)
    aws.faults.throttle_as_published(share)
    assert len(read_snapshot(open_session(role)).folders) == 101
    assert aws.calls.count(code="TooManyRequestsException") <= 3
    assert aws.calls.count("ListChildren") > 0


def test_a_read_slows_down_where_limits_are_lower_than_published(
    aws: RunningAws, role: RoleCredentials, settings: Settings
) -> None:
    settings.PIPES_AWS_QUOTA_SHARE = 20.0
    build(aws)
    aws.faults.throttle("ListOrganizationalUnitsForParent", 40.0, 2)
    assert len(read_snapshot(open_session(role)).folders) == 10


def test_each_call_that_was_sent_is_counted_once(aws: RunningAws, role: RoleCredentials) -> None:
    build(aws)
    aws.faults.drop("ListAccounts", times=2)
    aws.faults.fail("ListOrganizationalUnitsForParent", "TooManyRequestsException", times=3, after=3)
    aws.faults.cut_off("AssumeRole", times=1)
    calls: list[None] = []
    session = open_session(role, retries=QUICK, on_call=lambda: calls.append(None))
    read_snapshot(session)
    assert len(calls) == session.calls == len(aws.calls)


def test_a_read_ends_when_its_time_is_up(aws: RunningAws, role: RoleCredentials) -> None:
    build(aws)
    session = open_session(role)
    identity = identify(session)
    aws.calls.clear()
    aws.faults.latency = 0.5
    with pytest.raises(TimedOut, match=r"within 0\.3 seconds") as failed:
        read_snapshot(session, identity=identity, within_seconds=0.3)
    assert len(aws.calls) <= 2  # those that were under way then
    assert failed.value.is_transient


def test_credentials_that_may_not_probe_leaves_list_all_units_instead(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether the pace allows no more lists is decided by how fast this machine asks for them.
    monkeypatch.setattr(AwsSession, "is_dry", lambda _, of: of == "ListOrganizationalUnitsForParent")
    for number in range(60):
        aws.organization.create_unit(f"Unit {number}")
    aws.faults.fail("ListChildren", "AccessDeniedException")
    assert len(read_snapshot(open_session(role)).folders) == 61
    assert 0 < aws.calls.count("ListChildren") <= 2


def test_a_failure_does_not_wait_for_threads_that_wait_for_their_turn(
    aws: RunningAws, role: RoleCredentials, settings: Settings
) -> None:
    settings.PIPES_AWS_QUOTA_SHARE = 0.001  # two threads wait 200 and 400 seconds when the probe of a third fails
    build(aws)
    session = open_session(role)
    aws.faults.fail("ListChildren", "InvalidInputException")
    started_at = time.monotonic()
    with pytest.raises(Refused, match="ListChildren"):
        read_snapshot(session)
    assert time.monotonic() - started_at < 150


def test_nobody_at_the_endpoint_is_unreachable(aws: RunningAws, role: RoleCredentials, settings: Settings) -> None:
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match=r"AssumeRole for .+ \(EndpointConnectionError\)"):
        open_session(role, retries=QUICK)


def test_an_endpoint_in_the_environment_is_not_honoured(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ORGANIZATIONS"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(read_snapshot(open_session(role)).accounts) == 1


def test_an_account_is_not_gone_because_aws_fails_to_answer(aws: RunningAws, role: RoleCredentials) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.fail("DescribeAccount", "ServiceException")
    with pytest.raises(ServiceFault):
        confirm_gone(session, accounts=["111122223333"])


@pytest.mark.parametrize("code", ["ParentNotFoundException", "OrganizationalUnitNotFoundException"])
def test_an_account_is_not_gone_because_aws_says_so_of_something_else(
    aws: RunningAws, role: RoleCredentials, code: str
) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.fail("DescribeAccount", code)
    with pytest.raises(UnexpectedAnswer, match=f"about something else .{code}"):
        confirm_gone(session, accounts=["111122223333"])


def test_waits_double_up_to_a_limit_and_are_jittered() -> None:
    retries = Retries(first_wait=1, longest_wait=4)
    waits = [[retries.wait(attempt) for _ in range(50)] for attempt in (1, 2, 3, 4)]
    assert [max(drawn) <= most for drawn, most in zip(waits, (1, 2, 4, 4), strict=True)] == [True] * 4
    assert all(len(set(drawn)) > 40 for drawn in waits)

"""What can go wrong, goes wrong on demand and no longer than asked."""

import time
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.fakes.aws import AwsOrganization, RunningAws, new_organization
from tests.fakes_aws.asking import code_of, error_of, ids_of, pages_of
from tests.fakes_aws.conftest import EXTERNAL_ID, Connect


def test_a_planned_error_comes_as_often_as_planned(aws: RunningAws, reader: Any) -> None:
    aws.faults.fail("ListAccounts", "TooManyRequestsException", times=2, after=1)
    assert reader.list_accounts()
    assert code_of(reader.list_accounts) == "TooManyRequestsException"
    assert code_of(reader.list_accounts) == "TooManyRequestsException"
    assert reader.list_accounts()
    assert aws.calls.count("ListAccounts", "TooManyRequestsException") == 2


def test_an_error_on_one_ou_spares_the_others(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    prod = organization.find_parent("Prod")
    aws.faults.fail("ListAccountsForParent", "ServiceException", on=prod)
    assert reader.list_accounts_for_parent(ParentId=organization.root_id)
    refusal = error_of(reader.list_accounts_for_parent, ParentId=prod)
    assert (refusal["Code"], refusal["Status"]) == ("ServiceException", 500)


def test_a_cut_off_answer_reads_as_nothing_and_raises_nothing(aws: RunningAws, reader: Any) -> None:
    aws.faults.cut_off("ListAccounts", times=1)
    page = reader.list_accounts()
    assert page["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "Accounts" not in page
    assert reader.list_accounts()["Accounts"]


def test_an_answer_that_is_not_json_reads_as_nothing(aws: RunningAws, reader: Any) -> None:
    aws.faults.answer("ListAccounts", times=1)
    assert "Accounts" not in reader.list_accounts()


def test_an_answer_may_lack_a_member(aws: RunningAws, reader: Any) -> None:
    aws.faults.answer("ListAccounts", '{"NextToken": null}', times=1)
    assert "Accounts" not in reader.list_accounts()


def test_a_dropped_connection_is_an_error_of_the_connection(aws: RunningAws, reader: Any) -> None:
    aws.faults.drop("ListRoots", times=1)
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        reader.list_roots()
    assert reader.list_roots()


def test_a_call_that_hangs_is_given_up_by_the_caller(aws: RunningAws, connect: Connect) -> None:
    aws.faults.hang("GetCallerIdentity", times=1)
    with pytest.raises(ReadTimeoutError):
        connect("sts", aws.vendor_key, read_timeout=0.05).get_caller_identity()
    assert connect("sts", aws.vendor_key).get_caller_identity()


def test_a_connection_that_is_hung_up_after_the_answer_shows_in_the_next_call_at_most(
    aws: RunningAws, reader: Any
) -> None:
    aws.faults.hang_up("ListRoots", times=1)
    assert reader.list_roots()["Roots"]
    # Whether the end of the connection is seen before the next call is sent, is a matter of moments.
    with suppress(ConnectionClosedError, HTTPClientError):
        reader.list_roots()
    assert reader.list_roots()["Roots"]
    assert aws.calls.count("ListRoots", code="hang-up") == 1


def test_a_member_may_be_missing_wherever_it_would_be(aws: RunningAws, reader: Any, sts: Any) -> None:
    aws.faults.strip("ListAccounts", "State", times=1)
    assert all("State" not in account and account["Id"] for account in reader.list_accounts()["Accounts"])
    aws.faults.strip("GetCallerIdentity", "Account", times=1)
    assert "Account" not in sts.get_caller_identity()


def test_an_answer_may_come_from_another_aws_organization(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    aws.world.organizations.append(new_organization("other"))
    aws.faults.lead_elsewhere("DescribeOrganization", times=1)
    ids = [reader.describe_organization()["Organization"]["Id"] for _ in range(2)]
    assert ids == [aws.world.organizations[-1].id, organization.id]


def test_a_fault_knows_how_often_it_was_met(aws: RunningAws, reader: Any) -> None:
    aws.faults.cut_off("ListRoots", after=1)
    for _ in range(3):
        reader.list_roots()
    assert [fault.met for fault in aws.faults.planned] == [2]


def test_sts_has_faults_too(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create_discovery(EXTERNAL_ID)
    aws.faults.fail("AssumeRole", "RegionDisabledException", on=arn, times=1)
    asked = {"RoleArn": arn, "RoleSessionName": "pipes-test", "ExternalId": EXTERNAL_ID}
    assert code_of(sts.assume_role, **asked) == "RegionDisabledException"
    aws.faults.cut_off("AssumeRole", times=1)
    with pytest.raises(ResponseParserError):
        sts.assume_role(**asked)
    assert sts.assume_role(**asked)


def test_each_operation_has_a_bucket_of_its_own(aws: RunningAws, reader: Any) -> None:
    aws.faults.throttle("ListRoots", rate=0.001, burst=2)
    assert reader.list_roots()
    assert reader.list_roots()
    assert code_of(reader.list_roots) == "TooManyRequestsException"
    assert reader.list_accounts()


def test_a_bucket_fills_again(aws: RunningAws, reader: Any) -> None:
    aws.faults.clock = lambda: 100.0
    aws.faults.throttle("ListRoots", rate=50, burst=1)
    assert reader.list_roots()
    assert code_of(reader.list_roots) == "TooManyRequestsException"
    aws.faults.clock = lambda: 101.0
    assert reader.list_roots()
    assert code_of(reader.list_roots) == "TooManyRequestsException"


def test_sts_throttles_in_its_own_words(aws: RunningAws, sts: Any) -> None:
    aws.faults.throttle("GetCallerIdentity", rate=0.001, burst=0)
    refusal = error_of(sts.get_caller_identity)
    assert (refusal["Code"], refusal["Message"]) == ("Throttling", "Rate exceeded")


def test_nothing_is_throttled_until_asked(aws: RunningAws, reader: Any) -> None:
    for _ in range(10):
        assert reader.list_roots()
    aws.faults.clock = lambda: 100.0
    aws.faults.throttle_as_published()
    codes = [reader.list_roots() and "", reader.list_roots() and "", code_of(reader.list_roots)]
    assert codes == ["", "", "TooManyRequestsException"]


def test_latency_is_waited(aws: RunningAws, reader: Any) -> None:
    aws.faults.latency = 0.05
    began = time.monotonic()
    reader.list_roots()
    assert time.monotonic() - began >= 0.05


def test_an_answer_may_come_too_late(aws: RunningAws, connect: Connect) -> None:
    hasty = connect("sts", aws.vendor_key, read_timeout=0.05)
    aws.faults.latency = 1
    with pytest.raises(ReadTimeoutError):
        hasty.get_caller_identity()


def test_an_account_moved_between_two_pages_is_missed_by_a_walk(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    prod, workloads = organization.find_parent("Prod"), organization.find_parent("Workloads")
    aws.faults.after_call("ListAccountsForParent", 1, lambda: organization.move("web", workloads))
    seen = ids_of(reader.list_accounts_for_parent, "Accounts", ParentId=workloads)
    seen += ids_of(reader.list_accounts_for_parent, "Accounts", ParentId=prod)
    assert organization.find_account("web").id not in seen
    assert organization.find_account("web").id in ids_of(reader.list_accounts, "Accounts")


def test_a_change_between_pages_of_one_list_takes_effect(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    last = organization.account_ids[-1]
    if last == organization.management_account_id:
        last = organization.account_ids[-2]
    aws.faults.after_call("ListAccounts", 1, lambda: organization.remove(last))
    seen = [account["Id"] for page in pages_of(reader.list_accounts, "Accounts", MaxResults=1) for account in page]
    assert len(seen) == len(organization.accounts)
    assert last not in seen


def test_clearing_ends_every_fault(aws: RunningAws, reader: Any) -> None:
    aws.faults.fail("*", "ServiceException")
    aws.faults.throttle("ListRoots", 0.001, 0)
    aws.faults.latency = 5
    aws.faults.clear()
    assert reader.list_roots()


def test_calls_are_logged_with_who_asked_what(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    aws.calls.clear()
    reader.list_accounts_for_parent(ParentId=organization.root_id)
    (call,) = aws.calls
    assert (call.operation, call.parameters["ParentId"]) == ("ListAccountsForParent", organization.root_id)
    assert (call.account_id, call.code) == (organization.management_account_id, "")

"""How AWS is asked: with which parameters, how often, and how its codes are understood, whatever their HTTP status."""

import json
import re

import pytest
from pytest_django.fixtures import Settings

from integrations.aws import errors
from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import identify, read_snapshot
from integrations.aws.errors import AwsError, IncompleteAnswer, NoPrincipal
from integrations.aws.session import KeyCredentials, RoleCredentials, open_session
from tests.contract.conftest import QUICK
from tests.contract.plain import EXTERNAL_ID, SESSION_NAME
from tests.fakes.aws import RunningAws, new_organization, reading_organizations, running_aws, trusting
from tests.fakes.aws.iam import VENDOR_ACCOUNT_ID
from tests.fakes.aws.world import add_vendor

PATIENT = Retries(first_wait=0.001, longest_wait=0.002)  # in all else as in life

# One fault, two names: Organizations' and that of STS; and what is of one of them only.
CODES = [
    ("AccessDeniedException", "AccessDenied", errors.AccessDenied),
    ("UnrecognizedClientException", "InvalidClientTokenId", errors.InvalidCredentials),
    ("InvalidSignatureException", "SignatureDoesNotMatch", errors.InvalidCredentials),
    ("ExpiredTokenException", "ExpiredToken", errors.ExpiredCredentials),
    ("TooManyRequestsException", "Throttling", errors.Throttled),
    ("ServiceException", "InternalFailure", errors.ServiceFault),
    ("ConcurrentModificationException", "ServiceUnavailable", errors.ServiceFault),
    ("InvalidInputException", "ValidationError", errors.Refused),
    ("AWSOrganizationsNotInUseException", "RegionDisabledException", None),
    ("NoveltyException", "Novelty", errors.UnexpectedAnswer),
]


@pytest.mark.parametrize(("in_organizations", "in_sts", "kind"), CODES)
def test_the_two_services_name_the_same_fault_differently(
    aws: RunningAws, role: RoleCredentials, in_organizations: str, in_sts: str, kind: type[AwsError] | None
) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.fail("DescribeOrganization", in_organizations)
    aws.faults.fail("ListRoots", in_organizations)
    with pytest.raises(kind or errors.NotInOrganization) as failed:
        identify(session)
    assert in_organizations in str(failed.value)
    aws.faults.fail("AssumeRole", in_sts)
    ours = (errors.InvalidCredentials, errors.ExpiredCredentials)  # we sign what we ask STS for
    with pytest.raises(errors.OwnFault if kind in ours else kind or errors.Refused) as refused:
        open_session(role, retries=QUICK)
    assert in_sts in str(refused.value)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("in_organizations", ["AccessDeniedException", "TooManyRequestsException"])
def test_the_code_decides_whatever_the_status_is(
    aws: RunningAws, role: RoleCredentials, in_organizations: str, status: int
) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.answer("ListRoots", json.dumps({"__type": in_organizations, "Message": "No."}), status=status)
    kind = {code: kind for code, _, kind in CODES}[in_organizations]
    assert kind is not None
    with pytest.raises(kind, match=in_organizations):
        read_snapshot(session)


def test_without_being_told_a_throttle_is_waited_out_ten_times_and_a_fault_four(
    aws: RunningAws, role: RoleCredentials
) -> None:
    session = open_session(role, retries=PATIENT)
    aws.faults.fail("ListAccounts", "TooManyRequestsException", times=9)
    aws.faults.fail("ListRoots", "ServiceException", times=3)
    assert len(read_snapshot(session).accounts) == 1
    aws.calls.clear()
    aws.faults.fail("ListAccounts", "TooManyRequestsException")
    with pytest.raises(errors.Throttled):
        read_snapshot(session)
    assert aws.calls.count("ListAccounts") == 10
    aws.faults.fail("ListRoots", "ServiceException")
    with pytest.raises(errors.ServiceFault):
        read_snapshot(session)
    assert aws.calls.count("ListRoots") == 1 + 4


def test_a_call_that_hangs_once_is_asked_again(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.hang("ListAccounts", times=1)
    hasty = Retries(faults=5, first_wait=0.001, answer_within=1)
    assert len(read_snapshot(open_session(role, retries=hasty)).accounts) == 1
    assert aws.calls.count("ListAccounts") >= 2


def test_a_role_is_asked_for_an_hour_with_our_external_id_and_a_name_that_says_who_asks(
    aws: RunningAws, role: RoleCredentials
) -> None:
    identify(open_session(role))
    assert aws.calls.operations() == ["AssumeRole", "GetCallerIdentity", "DescribeOrganization"]
    asked = next(iter(aws.calls)).parameters
    assert (asked["RoleArn"], asked["RoleSessionName"]) == (role.role_arn, SESSION_NAME)
    # Less than an hour would be renewed before it ends; a role that is itself assumed may not ask for more.
    assert (asked["ExternalId"], asked["DurationSeconds"]) == (EXTERNAL_ID, "3600")


def test_every_list_is_asked_for_in_pages_of_twenty(aws: RunningAws, role: RoleCredentials) -> None:
    aws.wire.has_paths = False
    aws.organization.create_unit("Unit")
    read_snapshot(open_session(role))
    lists = [call for call in aws.calls if call.operation.startswith("List")]
    assert {call.operation for call in lists} > {"ListRoots", "ListAccounts", "ListAccountsForParent"}
    assert {call.parameters["MaxResults"] for call in lists} == {20}


@pytest.mark.parametrize("part", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
def test_half_the_keys_of_a_role_never_fall_back_to_our_own(aws: RunningAws, role: RoleCredentials, part: str) -> None:
    aws.faults.strip("AssumeRole", part)
    with pytest.raises(IncompleteAnswer, match="AssumeRole"):
        open_session(role, retries=QUICK)
    assert set(aws.calls.operations()) == {"AssumeRole"}


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn"])
def test_a_role_and_a_key_of_another_partition_are_used_where_we_have_an_identity_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, partition: str
) -> None:
    ours = f"arn:{partition}:iam::{VENDOR_ACCOUNT_ID}:role/pipes"
    with running_aws(new_organization("acme", partition=partition)) as aws:
        own_key = add_vendor(aws.world, partition=partition)
        arn = aws.roles.create("pipes", trusting(ours, EXTERNAL_ID), reading_organizations())
        key = aws.roles.create_key("pipes", reading_organizations())
        aws.organization.create_account("Alpha", parent=aws.organization.create_unit("Unit").id)
        settings.AWS_ENDPOINT_URL = aws.endpoint_url
        settings.PIPES_AWS_PRINCIPALS = {partition: ours}
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", own_key.id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own_key.secret)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        assert re.match(f"arn:{partition}:iam::", arn)
        by_role = read_snapshot(open_session(RoleCredentials(arn, EXTERNAL_ID, SESSION_NAME)))
        assert by_role == read_snapshot(open_session(KeyCredentials(key.id, key.secret)))
        assert by_role.organization_id == aws.organization.id
        assert (len(by_role.folders), len(by_role.accounts)) == (2, 2)
        settings.PIPES_AWS_PRINCIPALS = {}
        with pytest.raises(NoPrincipal, match=f"in the AWS partition {partition}"):
            open_session(RoleCredentials(arn, EXTERNAL_ID, SESSION_NAME))

"""The tests of roles: two negative probes for discovery, and all member roles within ten seconds."""

from threading import Barrier, Event

import pytest

from integrations.aws.calls.retry import Retries
from integrations.aws.errors import RoleTooOpen, Throttled, Unreachable
from integrations.aws.role_checks import MemberResult, refuse_open_role, try_member_roles
from integrations.aws.session import RoleCredentials, open_session
from tests.contract.conftest import QUICK, credentials_for
from tests.contract.plain import EXTERNAL_ID, SESSION_NAME
from tests.fakes.aws import RunningAws, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN


def test_a_role_that_asks_for_our_external_id_passes_both_probes(aws: RunningAws, role: RoleCredentials) -> None:
    refuse_open_role(role)
    asked = [call.parameters.get("ExternalId") for call in aws.calls]
    assert asked[0] is None
    assert asked[1] not in (None, EXTERNAL_ID)


@pytest.mark.parametrize(
    ("external_id", "operator", "how"),
    [
        (None, "StringEquals", "without any external ID"),
        (EXTERNAL_ID, "StringEqualsIfExists", "without any external ID"),
        ("*", "StringLike", "with any external ID"),
        ("*", "StringLikeIfExists", "without any external ID"),
    ],
)
def test_an_open_trust_policy_is_refused_with_the_condition_that_mends_it(
    aws: RunningAws, external_id: str | None, operator: str, how: str
) -> None:
    trust = trusting(VENDOR_ROLE_ARN, external_id, operator=operator)
    credentials = credentials_for(aws.roles.create("open", trust, reading_organizations()))
    open_session(credentials)
    with pytest.raises(RoleTooOpen, match=how) as refused:
        refuse_open_role(credentials)
    assert f'{{"StringEquals": {{"sts:ExternalId": "{EXTERNAL_ID}"}}}}' in refused.value.sentence


@pytest.mark.parametrize("after", [0, 1])
def test_a_probe_that_gets_no_clear_answer_does_not_pass(aws: RunningAws, role: RoleCredentials, after: int) -> None:
    aws.faults.fail("AssumeRole", "Throttling", after=after)
    with pytest.raises(Throttled):
        refuse_open_role(role, retries=QUICK)
    aws.faults.clear()
    aws.faults.drop("AssumeRole", after=after)
    with pytest.raises(Unreachable):
        refuse_open_role(role, retries=QUICK)


def member_role(aws: RunningAws, name: str, external_id: str | None = EXTERNAL_ID) -> str:
    account = aws.organization.create_account(name)
    return aws.roles.create("pipes-member", trusting(VENDOR_ROLE_ARN, external_id), account=account.id)


def try_member_role(role_arn: str) -> MemberResult:
    (result,) = try_member_roles([role_arn], EXTERNAL_ID, SESSION_NAME)
    return result


def test_a_member_role_that_works_is_green(aws: RunningAws) -> None:
    arn = member_role(aws, "Alpha")
    result = try_member_role(arn)
    assert result.is_green
    assert (result.role_arn, result.account_id) == (arn, arn.split(":")[4])
    assert result.sentence == f"The role pipes-member in {result.account_id} works."


def test_a_missing_member_role_is_not_green_and_says_why(aws: RunningAws) -> None:
    result = try_member_role("arn:aws:iam::111122223333:role/nobody")
    assert not result.is_green
    assert "the role does not exist" in result.sentence


def test_a_member_role_that_is_open_is_not_green(aws: RunningAws) -> None:
    result = try_member_role(member_role(aws, "Alpha", None))
    assert not result.is_green
    assert "can be assumed without any external ID" in result.sentence


def test_a_member_role_in_a_partition_without_a_principal_is_not_green(aws: RunningAws) -> None:
    result = try_member_role("arn:aws-cn:iam::111122223333:role/pipes")
    assert "aws-cn, where this installation has no identity" in result.sentence


def test_several_member_roles_are_tried_side_by_side(aws: RunningAws) -> None:
    arns = [member_role(aws, name) for name in ("Alpha", "Beta", "Gamma", "Delta")]
    missing = "arn:aws:iam::111122223333:role/nobody"
    list(try_member_roles(arns[:1], EXTERNAL_ID, SESSION_NAME))
    under_way = Barrier(5)  # one by one, the first would wait here for ever
    for number in range(1, 6):
        aws.faults.after_call("AssumeRole", number, lambda: under_way.wait(30))
    results = {
        result.role_arn: result.is_green
        for result in try_member_roles([*arns, missing], EXTERNAL_ID, "pipes-t", within_seconds=60)
    }
    assert results == dict.fromkeys(arns, True) | {missing: False}
    assert not under_way.broken


def test_a_member_role_without_an_answer_in_time_says_so_and_the_others_stand(aws: RunningAws) -> None:
    quick, slow = member_role(aws, "Quick"), member_role(aws, "Slow")
    aws.faults.fail("AssumeRole", "Throttling", on=slow)
    patient = Retries(throttles=99, first_wait=1e9, longest_wait=1e9)
    results = {
        result.role_arn: result
        for result in try_member_roles([quick, slow], EXTERNAL_ID, SESSION_NAME, within_seconds=40, retries=patient)
    }
    assert results[quick].is_green
    assert not results[slow].is_green
    assert "within 40 s" in results[slow].sentence


def test_slow_answers_do_not_hold_the_test_up_beyond_its_time(aws: RunningAws) -> None:
    arns = [member_role(aws, name) for name in ("Alpha", "Beta")]
    list(try_member_roles(arns[:1], EXTERNAL_ID, SESSION_NAME))
    are_told = Event()  # no answer comes before the results are there
    for number in range(1, 3):
        aws.faults.after_call("AssumeRole", number, lambda: are_told.wait(30))
    results = list(try_member_roles(arns, EXTERNAL_ID, SESSION_NAME, within_seconds=0.2))
    are_told.set()
    assert {result.role_arn for result in results} == set(arns)
    assert all("AWS gave no answer within 0.2 s (AssumeRole for" in result.sentence for result in results)

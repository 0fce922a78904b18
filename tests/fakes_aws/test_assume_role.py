"""AssumeRole lets in whom the trust policy names, under its conditions, and says no in one way only."""

from typing import Any

import pytest

from tests.fakes.aws import RunningAws, StandInError, allowing, denying, new_organization, trusting
from tests.fakes.aws.iam import VENDOR_ACCOUNT_ID, VENDOR_ROLE_ARN
from tests.fakes.aws.world import add_vendor
from tests.fakes_aws.asking import code_of, error_of
from tests.fakes_aws.conftest import EXTERNAL_ID, Connect

NAME = {"RoleSessionName": "pipes-test"}


def can_assume(sts: Any, arn: str, external_id: str | None = None) -> bool:
    given = {} if external_id is None else {"ExternalId": external_id}
    try:
        sts.assume_role(RoleArn=arn, **NAME, **given)
    except sts.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return False
        raise
    return True


def test_the_right_external_id_opens_the_role(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create_discovery(EXTERNAL_ID)
    assert can_assume(sts, arn, EXTERNAL_ID)
    assert not can_assume(sts, arn)
    assert not can_assume(sts, arn, EXTERNAL_ID.upper())


def test_a_role_without_a_condition_lets_in_any_external_id(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create("open", trusting(VENDOR_ROLE_ARN))
    assert can_assume(sts, arn)
    assert can_assume(sts, arn, "anything")


def test_a_wildcard_lets_in_any_id_but_not_none(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create("wide", trusting(VENDOR_ROLE_ARN, "*", operator="StringLike"))
    assert can_assume(sts, arn, "anything")
    assert not can_assume(sts, arn)


def test_if_exists_lets_in_whoever_sends_none(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create("lax", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID, operator="StringEqualsIfExists"))
    assert can_assume(sts, arn)
    assert can_assume(sts, arn, EXTERNAL_ID)
    assert not can_assume(sts, arn, "another")


def test_a_principal_that_was_made_again_under_the_same_name_is_not_trusted(aws: RunningAws, connect: Connect) -> None:
    arn = aws.roles.create_discovery(EXTERNAL_ID)
    assert can_assume(connect("sts", aws.vendor_key), arn, EXTERNAL_ID)
    aws.roles.delete(VENDOR_ROLE_ARN)
    again = connect("sts", add_vendor(aws.world))
    assert not can_assume(again, arn, EXTERNAL_ID)
    aws.roles.create_discovery(EXTERNAL_ID)
    assert can_assume(again, arn, EXTERNAL_ID)


def test_a_deny_statement_wins(aws: RunningAws, sts: Any) -> None:
    policy = trusting(VENDOR_ROLE_ARN)
    policy["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRole",
            "Condition": {"StringNotEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
    )
    arn = aws.roles.create("guarded", policy)
    assert can_assume(sts, arn, EXTERNAL_ID)
    assert not can_assume(sts, arn, "another")
    assert not can_assume(sts, arn)


@pytest.mark.parametrize(
    "principal", [VENDOR_ACCOUNT_ID, f"arn:aws:iam::{VENDOR_ACCOUNT_ID}:root", VENDOR_ROLE_ARN, "*"]
)
def test_a_principal_is_an_account_or_a_role(aws: RunningAws, sts: Any, principal: str) -> None:
    assert can_assume(sts, aws.roles.create("trusting", trusting(principal)))


def test_another_account_is_not_trusted(aws: RunningAws, sts: Any) -> None:
    assert not can_assume(sts, aws.roles.create("foreign", trusting("arn:aws:iam::123456789012:root")))


def test_every_refusal_reads_the_same(aws: RunningAws, sts: Any) -> None:
    account = aws.organization.management_account_id
    wrong_id, missing = aws.roles.create_discovery(EXTERNAL_ID), f"arn:aws:iam::{account}:role/missing"
    refusals = [error_of(sts.assume_role, RoleArn=arn, **NAME) for arn in (wrong_id, missing)]
    assert {refusal["Status"] for refusal in refusals} == {403}
    messages = {
        refusal["Message"].replace(arn, "ROLE") for refusal, arn in zip(refusals, (wrong_id, missing), strict=True)
    }
    caller = "arn:aws:sts::999999999999:assumed-role/pipes/server"
    assert messages == {f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: ROLE"}


def test_the_caller_needs_a_permission_of_its_own(aws: RunningAws, connect: Connect) -> None:
    arn = aws.roles.create("open", trusting("*"))
    aws.iam.create_user(VENDOR_ACCOUNT_ID, "weak", allowing("sts:GetCallerIdentity"))
    weak = connect("sts", aws.iam.create_key(f"arn:aws:iam::{VENDOR_ACCOUNT_ID}:user/weak"))
    assert not can_assume(weak, arn)


def test_in_its_own_account_being_named_is_enough(aws: RunningAws, connect: Connect) -> None:
    key = aws.roles.create_key("named", denying("iam:*"))
    assert can_assume(connect("sts", key), aws.roles.create("own", trusting(key.principal_arn)))
    root = f"arn:aws:iam::{aws.organization.management_account_id}:root"
    assert not can_assume(connect("sts", key), aws.roles.create("by-account", trusting(root)))


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED"])
def test_a_role_of_an_account_that_is_not_active_cannot_be_assumed(aws: RunningAws, sts: Any, state: str) -> None:
    account = aws.organization.find_account("web")
    arn = aws.roles.create("member", trusting(VENDOR_ROLE_ARN), account=account.id)
    assert can_assume(sts, arn)
    aws.organization.set_state(account.id, state)
    assert not can_assume(sts, arn)


def test_a_role_of_another_partition_cannot_be_assumed(aws: RunningAws, sts: Any) -> None:
    gov = new_organization("gov", partition="aws-us-gov")
    aws.world.organizations.append(gov)
    aws.iam.create_role(gov.management_account_id, "open", trusting("*"), partition="aws-us-gov")
    assert not can_assume(sts, f"arn:aws-us-gov:iam::{gov.management_account_id}:role/open")


@pytest.mark.parametrize("name", ["a b", "é" * 3, "n" * 65])
def test_a_session_name_of_another_form_is_refused(aws: RunningAws, sts: Any, name: str) -> None:
    arn = aws.roles.create("open", trusting(VENDOR_ROLE_ARN))
    assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName=name) == "ValidationError"


@pytest.mark.parametrize("external_id", ["a b", "quote'", "x" * 1225, "naïve"])
def test_an_external_id_of_another_form_is_refused(aws: RunningAws, sts: Any, external_id: str) -> None:
    arn = aws.roles.create("open", trusting(VENDOR_ROLE_ARN))
    assert code_of(sts.assume_role, RoleArn=arn, ExternalId=external_id, **NAME) == "ValidationError"


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::12:role/too-short", "not an arn but long enough", "arn:aws:s3:::bucket-long"]
)
def test_what_is_no_role_arn_is_refused_as_such(sts: Any, arn: str) -> None:
    assert code_of(sts.assume_role, RoleArn=arn, **NAME) == "ValidationError"


def test_a_chained_session_lasts_an_hour_at_most(aws: RunningAws, sts: Any) -> None:
    arn = aws.roles.create("long", trusting(VENDOR_ROLE_ARN), max_session_seconds=43200)
    assert sts.assume_role(RoleArn=arn, DurationSeconds=3600, **NAME)
    assert code_of(sts.assume_role, RoleArn=arn, DurationSeconds=3601, **NAME) == "ValidationError"


def test_a_user_may_stay_as_long_as_the_role_says(aws: RunningAws, connect: Connect) -> None:
    user = connect("sts", aws.roles.create_key("admin", allowing("sts:*")))
    root = f"arn:aws:iam::{aws.organization.management_account_id}:root"
    arn = aws.roles.create("long", trusting(root), max_session_seconds=7200)
    assert user.assume_role(RoleArn=arn, DurationSeconds=7200, **NAME)
    assert code_of(user.assume_role, RoleArn=arn, DurationSeconds=7201, **NAME) == "ValidationError"


@pytest.mark.parametrize(
    "policy",
    [
        {"Version": "2012-10-17", "Statement": []},
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]},
        trusting("arn:aws:iam::999999999999:role/mistyped"),
        trusting(VENDOR_ROLE_ARN, EXTERNAL_ID, operator="StringEqual"),
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]},
    ],
)
def test_a_trust_policy_that_aws_would_refuse_is_refused(aws: RunningAws, policy: dict[str, Any]) -> None:
    with pytest.raises(StandInError):
        aws.roles.create("wrong", policy)

"""A wrong clock of this installation is no fault of a customer's, whichever call it is that AWS refuses for it."""

from pathlib import Path

import pytest

from integrations.aws.discovery.read import confirm_gone, identify, read_snapshot
from integrations.aws.errors import AwsError, ClockWrong, ExpiredCredentials, OwnFault
from integrations.aws.role_checks import check_access, try_member_roles
from integrations.aws.session import AwsSession, KeyCredentials, RoleCredentials, open_session
from tests.contract.conftest import QUICK
from tests.contract.plain import EXTERNAL_ID, SESSION_NAME
from tests.fakes.aws import RunningAws, reading_organizations
from tests.fakes.aws.iam import VENDOR_ROLE_ARN

MINUTE = 60.0
AHEAD = [20 * MINUTE, -20 * MINUTE, 3 * 60 * MINUTE, -3 * 60 * MINUTE]


def key_for(aws: RunningAws) -> KeyCredentials:
    """The access key of a user who may discover."""
    key = aws.roles.create_key("reader", reading_organizations())
    return KeyCredentials(key.id, key.secret)


def check_blames_the_clock(error: AwsError, operation: str) -> None:
    """It is ours, passes, names call and clock, and says nothing against the credentials of the customer."""
    assert isinstance(error, OwnFault)
    assert error.is_transient
    assert error.operation == operation
    assert operation in error.sentence
    assert "clock" in error.sentence
    assert "Nothing is wrong with" in error.sentence
    assert "deleted" not in error.sentence


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_wrong_clock_is_ours_with_a_key(aws: RunningAws, ahead: float) -> None:
    key = key_for(aws)
    aws.faults.clock_ahead = ahead
    with pytest.raises(ClockWrong) as fault:
        open_session(key)
    check_blames_the_clock(fault.value, "GetCallerIdentity")
    assert len(aws.calls) == 1  # a clock does not mend itself within seconds, and is the same in each partition


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_wrong_clock_is_ours_with_a_role(aws: RunningAws, role: RoleCredentials, ahead: float) -> None:
    aws.faults.clock_ahead = ahead
    with pytest.raises(ClockWrong) as fault:
        open_session(role)
    check_blames_the_clock(fault.value, "AssumeRole")


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("operation", ["DescribeOrganization", "ListRoots", "ListAccounts", "DescribeAccount"])
def test_a_clock_that_jumps_after_the_role_was_assumed_is_ours_too(
    aws: RunningAws, role: RoleCredentials, operation: str, ahead: float
) -> None:
    session = open_session(role, retries=QUICK)
    earlier = {
        "DescribeOrganization": "GetCallerIdentity",
        "ListRoots": "DescribeOrganization",
        "ListAccounts": "ListRoots",
    }
    before = earlier.get(operation)

    def jump() -> None:
        aws.faults.clock_ahead = ahead

    if before:
        aws.faults.after_call(before, 1, jump)
    else:
        jump()
    with pytest.raises(ClockWrong) as fault:
        ask(session, operation)
    # The lists run side by side, so another one may be the first to be refused.
    check_blames_the_clock(fault.value, fault.value.operation if operation == "ListAccounts" else operation)
    assert aws.calls.count("AssumeRole") == 1  # a clock error is not taken for a session that ran out


def ask(session: AwsSession, operation: str) -> object:
    """Do what makes this call."""
    if operation == "DescribeOrganization":
        return identify(session)
    if operation == "DescribeAccount":
        return confirm_gone(session, accounts=["111122223333"])
    return read_snapshot(session)


CODES = ["RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"]
MESSAGES = [
    "Signature expired: 20261129T161145Z is now earlier than 20261129T161645Z (20261129T163145Z - 15 min.)",
    "Signature not yet current: 20261129T163145Z is still later than 20261129T162645Z (20261129T161145Z + 15 min.)",
]


@pytest.mark.parametrize("operation", ["AssumeRole", "GetCallerIdentity", "DescribeOrganization"])
@pytest.mark.parametrize(
    ("code", "message"),
    [(code, "") for code in CODES]
    + [(code, text) for code in ("SignatureDoesNotMatch", "InvalidSignatureException") for text in MESSAGES],
)
def test_every_way_in_which_aws_speaks_of_the_time_is_understood(
    aws: RunningAws, role: RoleCredentials, operation: str, code: str, message: str
) -> None:
    aws.faults.fail(operation, code, message=message)
    with pytest.raises(ClockWrong, match=code) as fault:
        identify(open_session(role, retries=QUICK))
    check_blames_the_clock(fault.value, operation)
    assert aws.calls.count("AssumeRole") == 1


def test_a_session_that_ran_out_is_not_taken_for_a_wrong_clock(aws: RunningAws, role: RoleCredentials) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.fail("DescribeOrganization", "ExpiredTokenException", message="The security token ... is expired")
    with pytest.raises(ExpiredCredentials):
        identify(session)


@pytest.mark.parametrize("ahead", AHEAD)
def test_the_trial_of_member_roles_and_of_a_connection_blames_the_clock(
    aws: RunningAws, role: RoleCredentials, ahead: float
) -> None:
    key = key_for(aws)
    aws.faults.clock_ahead = ahead
    (tried,) = try_member_roles([role.role_arn], EXTERNAL_ID, SESSION_NAME, retries=QUICK)
    assert tried.error is not None
    check_blames_the_clock(tried.error, "AssumeRole")
    with pytest.raises(ClockWrong) as fault:
        check_access(key, retries=QUICK)
    check_blames_the_clock(fault.value, "GetCallerIdentity")


def test_a_wrong_clock_while_our_own_role_is_fetched_is_named_as_such(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Our own identity may itself be a role that botocore asks AWS for."""
    (tmp_path / "config").write_text(
        f"[profile pipes-aws]\nrole_arn = {VENDOR_ROLE_ARN}\nsource_profile = base\nregion = us-east-1\n"
        f"[profile base]\naws_access_key_id = {aws.vendor_key.id}\naws_secret_access_key = {aws.vendor_key.secret}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    aws.faults.clock_ahead = 20 * MINUTE
    with pytest.raises(ClockWrong) as fault:
        open_session(role, retries=QUICK)
    check_blames_the_clock(fault.value, "AssumeRole")

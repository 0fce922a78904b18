"""What AWS refuses, and what people then read: who may call, trust policies, keys, partitions."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import identify, read_snapshot
from integrations.aws.errors import (
    AccessDenied,
    ExpiredCredentials,
    InvalidCredentials,
    NoPrincipal,
    NotInOrganization,
    OursNotTheirs,
    OwnFault,
    TimedOut,
)
from integrations.aws.role_checks import try_member_roles
from integrations.aws.session import KeyCredentials, RoleCredentials, open_session
from tests.contract.conftest import QUICK, credentials_for
from tests.contract.plain import EXTERNAL_ID
from tests.fakes.aws import RunningAws, allowing, denying, new_organization, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ACCOUNT_ID, VENDOR_ROLE_ARN
from tests.fakes.aws.policy import MANAGED_POLICIES
from tests.fakes.aws.world import add_vendor


def test_a_wrong_external_id_is_refused_with_all_possible_causes_and_no_guess(
    aws: RunningAws, role: RoleCredentials
) -> None:
    with pytest.raises(AccessDenied) as refused:
        open_session(credentials_for(role.role_arn, "o_other:abc"))
    assert refused.value.sentence.startswith(f"AWS refused AssumeRole for {role.role_arn} (AccessDenied).")
    for cause in (
        "does not exist",
        "another external ID",
        "service control policy",
        "suspended",
        "made again under the same name",
        "a minute old",
    ):
        assert cause in refused.value.sentence
    assert (refused.value.operation, refused.value.code) == ("AssumeRole", "AccessDenied")
    assert not refused.value.is_transient


def test_our_identity_made_again_under_the_same_name_is_another_one_until_the_policy_is_saved_anew(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.roles.delete(VENDOR_ROLE_ARN)
    key = add_vendor(aws.world)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    with pytest.raises(AccessDenied, match="was deleted and made again under the same name"):
        open_session(role)
    aws.roles.create_discovery(EXTERNAL_ID)  # the same policy, saved again
    assert identify(open_session(role)).organization_id == aws.organization.id


def test_a_role_that_does_not_exist_gets_the_same_answer_as_a_wrong_external_id(
    aws: RunningAws, role: RoleCredentials
) -> None:
    missing = role.role_arn.replace("pipes-discovery", "nobody")
    with pytest.raises(AccessDenied, match="the role does not exist"):
        open_session(credentials_for(missing))


def test_a_member_account_is_told_to_use_the_management_account(aws: RunningAws) -> None:
    member = aws.organization.create_account("Member")
    arn = aws.roles.create("pipes", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), reading_organizations(), account=member.id)
    session = open_session(credentials_for(arn))
    assert identify(session).organization_id == aws.organization.id
    with pytest.raises(AccessDenied) as refused:
        read_snapshot(session)
    assert f"the account {member.id}, which is only a member" in refused.value.sentence
    assert f"management account {aws.organization.management_account_id}" in refused.value.sentence
    assert "ListRoots (AccessDeniedException)" in refused.value.sentence


def test_a_delegated_administrator_reads_the_whole_aws_organization(aws: RunningAws, role: RoleCredentials) -> None:
    member = aws.organization.create_account("Security tooling")
    aws.organization.delegate(member.id)
    arn = aws.roles.create("pipes", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), reading_organizations(), account=member.id)
    assert read_snapshot(open_session(credentials_for(arn))) == read_snapshot(open_session(role))


def test_an_account_outside_any_aws_organization_is_told_so(aws: RunningAws) -> None:
    lonely = "123456789012"
    arn = aws.roles.create("pipes", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), reading_organizations(), account=lonely)
    with pytest.raises(NotInOrganization, match="in no AWS organization"):
        identify(open_session(credentials_for(arn)))


@pytest.mark.parametrize("operation", ["ListRoots", "ListAccounts", "ListOrganizationalUnitsForParent"])
def test_a_denied_call_is_named_with_the_permission_that_it_needs(aws: RunningAws, operation: str) -> None:
    arn = aws.roles.create(
        "denied",
        trusting(VENDOR_ROLE_ARN, EXTERNAL_ID),
        reading_organizations(),
        denying(f"organizations:{operation}"),
    )
    with pytest.raises(AccessDenied) as refused:
        read_snapshot(open_session(credentials_for(arn)))
    assert refused.value.operation == operation
    assert f"Allow organizations:{operation}" in refused.value.sentence
    assert "AccessDeniedException; AWS names this: identity-based policy" in refused.value.sentence


def test_one_denied_unit_fails_the_whole_read_and_is_named(aws: RunningAws, role: RoleCredentials) -> None:
    secret = aws.organization.create_unit("Secret")
    aws.organization.create_unit("Public")
    aws.faults.fail("ListOrganizationalUnitsForParent", "AccessDeniedException", on=secret.id)
    with pytest.raises(AccessDenied, match=rf"ListOrganizationalUnitsForParent for {secret.id} \(Secret\)"):
        read_snapshot(open_session(role))


def test_a_policy_of_lists_only_still_tells_which_aws_organization_it_is(
    aws: RunningAws, role: RoleCredentials
) -> None:
    view_only = MANAGED_POLICIES["policy/job-function/ViewOnlyAccess"]
    arn = aws.roles.create("viewer", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), view_only)
    session = open_session(credentials_for(arn))
    identity = identify(session)
    assert identity.organization_id == aws.organization.id
    assert identity.management_account_id == aws.organization.management_account_id
    assert read_snapshot(session) == read_snapshot(open_session(role))


def test_credentials_without_any_permission_are_told_about_the_first_one(aws: RunningAws) -> None:
    arn = aws.roles.create("idle", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), allowing("s3:ListBuckets"))
    with pytest.raises(AccessDenied, match="Allow organizations:DescribeOrganization"):
        identify(open_session(credentials_for(arn)))


def test_a_wrong_secret_key_is_refused_without_repeating_it(aws: RunningAws) -> None:
    key = aws.roles.create_key("pipes", reading_organizations())
    with pytest.raises(InvalidCredentials, match="GetCallerIdentity: SignatureDoesNotMatch") as refused:
        open_session(KeyCredentials(key.id, "s" * 40), retries=QUICK)
    assert "ssss" not in str(refused.value)
    assert key.id not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_an_unknown_access_key_is_refused(aws: RunningAws) -> None:
    with pytest.raises(InvalidCredentials, match="GetCallerIdentity: InvalidClientTokenId"):
        open_session(KeyCredentials("AKIAYYYYYYYYYYYYYYYY", "s" * 40))


@pytest.mark.parametrize(("key_id", "secret"), [("", ""), ("AKIAAAAAAAAAAAAAAAAA", ""), ("", "s" * 40)])
def test_half_a_key_pair_never_falls_back_to_our_own_credentials(aws: RunningAws, key_id: str, secret: str) -> None:
    with pytest.raises(InvalidCredentials, match="Half of the key pair"):
        open_session(KeyCredentials(key_id, secret))
    assert len(aws.calls) == 0


def test_a_secret_key_is_not_in_the_text_of_its_credentials() -> None:
    assert "ssss" not in repr(KeyCredentials("AKIAAAAAAAAAAAAAAAAA", "s" * 40))


def test_our_own_unknown_key_is_blamed_on_the_installation(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAZZZZZZZZZZZZZZZZ")
    with pytest.raises(OwnFault, match="credentials of this installation itself") as fault:
        open_session(role)
    assert fault.value.is_transient  # for whoever is told of it: a sync comes back soon
    assert len(aws.calls) == 1  # but nothing is asked again at once


def test_an_installation_without_credentials_says_so(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(OwnFault, match=r"no AWS credentials of its own that work.*NoCredentialsError"):
        open_session(role)


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        ("aws_access_key_id = AKIAAAAAAAAAAAAAAAAA", "PartialCredentialsError"),
        ("credential_process = /bin/false", "CredentialRetrievalError"),
        ("credential_process = /nowhere/at/all", "FileNotFoundError"),
        ("credential_process = /bin/echo nothing", "JSONDecodeError"),
        ("role_arn = arn:aws:iam::999999999999:role/pipes\nsource_profile = nobody", "InvalidConfigError"),
    ],
)
def test_an_installation_whose_credentials_cannot_be_fetched_says_so(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, kind: str
) -> None:
    (tmp_path / "config").write_text(f"[profile pipes-aws]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(OwnFault, match=f"AssumeRole: {kind}"):
        open_session(role)
    assert len(aws.calls) == 0


def test_credentials_of_the_installation_that_were_replaced_are_found_without_a_restart(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAZZZZZZZZZZZZZZZZ")
    with pytest.raises(OwnFault):
        open_session(role)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.vendor_key.id)
    assert identify(open_session(role)).organization_id == aws.organization.id
    aws.iam.keys[aws.vendor_key.id] = replace(aws.vendor_key, is_active=False)  # and another is made
    fresh = replace(aws.vendor_key, id="AKIAFRESHFRESHFRESH0")
    aws.iam.keys[fresh.id] = fresh
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", fresh.id)
    assert identify(open_session(role)).organization_id == aws.organization.id


def test_a_role_in_a_partition_that_we_do_not_serve_is_refused_before_any_call(aws: RunningAws) -> None:
    with pytest.raises(NoPrincipal, match="in the AWS partition aws-cn, where this installation has no identity"):
        open_session(credentials_for("arn:aws-cn:iam::123456789012:role/pipes"))
    assert len(aws.calls) == 0


def test_a_key_of_another_partition_that_we_serve_is_found_there(aws: RunningAws, settings: Settings) -> None:
    settings.PIPES_AWS_PRINCIPALS = {
        "aws-us-gov": "arn:aws-us-gov:iam::999999999999:role/pipes",
        "aws": VENDOR_ROLE_ARN,
    }
    key = aws.roles.create_key("pipes", reading_organizations())
    aws.faults.fail("GetCallerIdentity", "InvalidClientTokenId", times=1)
    session = open_session(KeyCredentials(key.id, key.secret))
    assert session.partition == "aws"
    assert identify(session).organization_id == aws.organization.id


@pytest.mark.parametrize("first", ["aws", "aws-us-gov"])
def test_a_key_that_no_partition_takes_is_told_what_the_one_that_knows_it_said(
    aws: RunningAws, settings: Settings, first: str
) -> None:
    """Where its secret is wrong is where it belongs; that others do not know it says nothing."""
    principals = {"aws": VENDOR_ROLE_ARN, "aws-us-gov": "arn:aws-us-gov:iam::999999999999:role/pipes"}
    settings.PIPES_AWS_PRINCIPALS = dict(sorted(principals.items(), key=lambda item: item[0] != first))
    key = aws.roles.create_key("pipes", reading_organizations())
    with pytest.raises(InvalidCredentials, match="GetCallerIdentity: SignatureDoesNotMatch"):
        open_session(KeyCredentials(key.id, "s" * 40), retries=QUICK)
    assert aws.calls.count("GetCallerIdentity") == 2
    with pytest.raises(InvalidCredentials, match="GetCallerIdentity: InvalidClientTokenId"):
        open_session(KeyCredentials("AKIAYYYYYYYYYYYYYYYY", "s" * 40), retries=QUICK)


def test_a_session_that_runs_out_in_the_middle_is_renewed_once(aws: RunningAws, role: RoleCredentials) -> None:
    for number in range(6):
        aws.organization.create_unit(f"Unit {number}")
    session = open_session(role)
    aws.faults.after_call("ListOrganizationalUnitsForParent", 2, aws.expire_sessions)
    snapshot = read_snapshot(session)
    assert len(snapshot.folders) == 7
    assert aws.calls.count("AssumeRole") == 2
    assert aws.calls.count(code="ExpiredTokenException") > 0


def test_credentials_that_expire_again_at_once_are_given_up(aws: RunningAws, role: RoleCredentials) -> None:
    session = open_session(role, retries=Retries(first_wait=0.001))
    aws.faults.fail("ListRoots", "ExpiredTokenException")
    with pytest.raises(ExpiredCredentials, match="ListRoots: ExpiredTokenException"):
        read_snapshot(session)
    assert aws.calls.count("ListRoots") == aws.calls.count("AssumeRole") == 11


def test_sessions_that_expire_one_after_the_other_are_renewed_each_time(aws: RunningAws, role: RoleCredentials) -> None:
    session = open_session(role, retries=QUICK)
    aws.faults.fail("ListRoots", "ExpiredTokenException", times=3)
    aws.faults.fail("ListAccounts", "ExpiredTokenException", times=2)
    assert read_snapshot(session).organization_id == aws.organization.id
    assert aws.calls.count("AssumeRole") == 1 + 3 + 2


def test_the_time_of_the_whole_bounds_renewing_too(aws: RunningAws, role: RoleCredentials) -> None:
    session = open_session(role, retries=Retries(first_wait=3600.0, longest_wait=3600.0))
    aws.faults.fail("ListRoots", "ExpiredTokenException")
    with pytest.raises(TimedOut):
        read_snapshot(session, within_seconds=1.0)


def test_a_long_lived_key_that_is_called_expired_is_not_asked_for_again(aws: RunningAws) -> None:
    key = aws.roles.create_key("pipes", reading_organizations())
    session = open_session(KeyCredentials(key.id, key.secret), retries=QUICK)
    aws.faults.fail("ListRoots", "ExpiredTokenException")
    with pytest.raises(ExpiredCredentials):
        read_snapshot(session)
    assert aws.calls.count("ListRoots") == 1


def test_a_role_in_our_own_account_is_refused_as_ours_before_any_call(aws: RunningAws) -> None:
    arn = f"arn:aws:iam::{VENDOR_ACCOUNT_ID}:role/other"
    with pytest.raises(OursNotTheirs, match="in the AWS account of this installation itself"):
        open_session(credentials_for(arn))
    (tried,) = try_member_roles([arn], EXTERNAL_ID, "pipes-acme-test")
    assert isinstance(tried.error, OursNotTheirs)
    assert len(aws.calls) == 0


def test_our_own_key_pair_is_refused_as_ours_before_any_call(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(OursNotTheirs, match="that of this installation itself"):
        open_session(KeyCredentials(aws.vendor_key.id, aws.vendor_key.secret))
    assert len(aws.calls) == 0
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    other = aws.iam.create_key(VENDOR_ROLE_ARN)
    (tmp_path / "config").write_text(
        f"[profile pipes-aws]\naws_access_key_id = {other.id}\naws_secret_access_key = {other.secret}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    open_session(role)  # from now on it is known
    aws.calls.clear()
    with pytest.raises(OursNotTheirs):
        open_session(KeyCredentials(other.id, other.secret))
    assert len(aws.calls) == 0


def test_a_role_pointed_at_another_aws_organization_shows_in_its_id(aws: RunningAws, role: RoleCredentials) -> None:
    other = new_organization("globex")
    aws.world.organizations.append(other)
    arn = aws.world.iam.create_role(
        other.management_account_id, "pipes", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), reading_organizations()
    ).arn
    assert identify(open_session(credentials_for(arn))).organization_id == other.id

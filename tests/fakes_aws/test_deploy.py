"""Templates that the product hands out create in the stand-in what they would create in AWS."""

from typing import Any

import pytest

from integrations.aws import iac
from tests.fakes.aws import AwsOrganization, RunningAws, StandInError
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes_aws.asking import code_of, ids_of
from tests.fakes_aws.conftest import Connect

DISCOVERY_ID, MEMBER_ID = f"o_1:{'a' * 26}", f"o_1:{'b' * 26}"
NAMED: dict[str, Any] = {"partition": "aws", "principal_arn": VENDOR_ROLE_ARN}


def member_template(root_id: str | None) -> str:
    return aimed_at(iac.Targets(root_id, (root_id,)) if root_id else None)


def aimed_at(targets: iac.Targets | None) -> str:
    return iac.member_stackset(**NAMED, external_id=MEMBER_ID, role_name="pipes-member", targets=targets)


def assume_member(sts: Any, account_id: str, external_id: str = MEMBER_ID) -> Any:
    return sts.assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/pipes-member", RoleSessionName="pipes-test", ExternalId=external_id
    )


def test_the_discovery_template_lets_us_read_and_nobody_else(aws: RunningAws, sts: Any, connect: Connect) -> None:
    template = iac.discovery_cloudformation(**NAMED, external_id=DISCOVERY_ID, role_name="pipes-discovery")
    arn = aws.roles.deploy(template).outputs["RoleArn"]
    asked = {"RoleArn": arn, "RoleSessionName": "pipes-test"}
    reader = connect("organizations", sts.assume_role(**asked, ExternalId=DISCOVERY_ID)["Credentials"])
    assert set(ids_of(reader.list_accounts, "Accounts")) == set(aws.organization.accounts)
    root = aws.organization.root_id
    assert ids_of(reader.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=root)
    assert reader.describe_organization()
    assert code_of(reader.list_delegated_administrators) == "AccessDeniedException"
    assert code_of(sts.assume_role, **asked) == "AccessDenied"
    assert code_of(sts.assume_role, **asked, ExternalId=MEMBER_ID) == "AccessDenied"


def test_the_stack_set_puts_the_role_into_every_account_now_and_later(
    aws: RunningAws, sts: Any, organization: AwsOrganization
) -> None:
    aws.roles.deploy(member_template(organization.root_id))
    later = organization.create_account("later")
    for account_id in (*organization.accounts, later.id):  # the management account by the template's own role
        assert assume_member(sts, account_id)["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{account_id}:")
    assert code_of(lambda: assume_member(sts, later.id, DISCOVERY_ID)) == "AccessDenied"


def test_an_account_that_leaves_loses_the_role(aws: RunningAws, sts: Any, organization: AwsOrganization) -> None:
    aws.roles.deploy(member_template(organization.root_id))
    web = organization.remove("web").id
    assert code_of(lambda: assume_member(sts, web)) == "AccessDenied"


def test_a_stack_set_reaches_only_below_its_ou(aws: RunningAws, sts: Any, organization: AwsOrganization) -> None:
    aws.roles.deploy(member_template(None), {"OrganizationalUnitIds": organization.find_parent("Prod")})
    assert assume_member(sts, organization.find_account("web").id)
    audit = organization.find_account("audit")
    assert code_of(lambda: assume_member(sts, audit.id)) == "AccessDenied"
    organization.move("audit", "Prod")
    assert assume_member(sts, audit.id)


def test_single_accounts_are_met_alone_and_nothing_follows_them(
    aws: RunningAws, sts: Any, organization: AwsOrganization
) -> None:
    web, audit = organization.find_account("web"), organization.find_account("audit")
    aws.roles.deploy(aimed_at(iac.Targets(organization.root_id, (), (audit.id,), has_management=False)))
    assert assume_member(sts, audit.id)
    later = organization.create_account("later", parent="Workloads")
    for account_id in (web.id, later.id, organization.management_account_id):
        assert code_of(lambda account_id=account_id: assume_member(sts, account_id)) == "AccessDenied"


def test_a_delegated_administrator_makes_stack_sets_as_such_only(
    aws: RunningAws, sts: Any, organization: AwsOrganization
) -> None:
    audit, web = organization.find_account("audit").id, organization.find_account("web").id
    template = member_template(organization.root_id)
    with pytest.raises(StandInError, match="as SELF"):
        aws.roles.deploy(template, account=audit)
    with pytest.raises(StandInError, match="as DELEGATED_ADMIN"):
        aws.roles.deploy(template, {"CallAs": "DELEGATED_ADMIN"}, account=audit, stack_name="other")
    organization.delegate(audit)
    aws.roles.deploy(template, {"CallAs": "DELEGATED_ADMIN"}, account=audit, stack_name="third")
    for account_id in (audit, web):
        assert assume_member(sts, account_id)
    management = organization.management_account_id
    assert code_of(lambda: assume_member(sts, management)) == "AccessDenied"


def test_the_same_stack_again_replaces_its_roles(aws: RunningAws, sts: Any, organization: AwsOrganization) -> None:
    aws.roles.deploy(member_template(organization.root_id))
    aws.roles.deploy(member_template(organization.root_id).replace(MEMBER_ID, DISCOVERY_ID))
    web = organization.find_account("web").id
    assert assume_member(sts, web, DISCOVERY_ID)
    assert code_of(lambda: assume_member(sts, web)) == "AccessDenied"


def test_a_stack_that_would_make_a_role_of_another_one_is_refused_whole(
    aws: RunningAws, sts: Any, organization: AwsOrganization
) -> None:
    aws.roles.deploy(member_template(organization.root_id), stack_name="first")
    second = member_template(organization.root_id).replace(MEMBER_ID, DISCOVERY_ID)
    with pytest.raises(StandInError, match="pipes-member already exists in the account"):
        aws.roles.deploy(second, stack_name="second")
    by_hand = iac.discovery_cloudformation(**NAMED, external_id=DISCOVERY_ID, role_name="reader")
    aws.roles.create_discovery(MEMBER_ID, name="reader")
    with pytest.raises(StandInError, match="reader already exists"):
        aws.roles.deploy(by_hand, stack_name="third")
    for account_id in organization.accounts:
        assert assume_member(sts, account_id)


def test_a_second_stack_set_takes_no_role_away(aws: RunningAws, sts: Any, organization: AwsOrganization) -> None:
    aws.roles.deploy(member_template(organization.root_id), stack_name="first")
    account = organization.management_account_id
    aws.roles.delete(f"arn:aws:iam::{account}:role/pipes-member")  # so that the second stack is not refused for it
    aws.roles.deploy(member_template(organization.root_id).replace(MEMBER_ID, DISCOVERY_ID), stack_name="second")
    web = organization.find_account("web").id
    assert assume_member(sts, web)
    assert code_of(lambda: assume_member(sts, web, DISCOVERY_ID)) == "AccessDenied"


def test_a_parameter_without_a_default_must_be_given(aws: RunningAws) -> None:
    with pytest.raises(StandInError, match="has no default"):
        aws.roles.deploy(member_template(None))


@pytest.mark.parametrize("units", ["Prod", "r-zzzz", "ou-abcd-12345678"])
def test_a_stack_set_aimed_at_nothing_is_refused(aws: RunningAws, units: str) -> None:
    with pytest.raises(StandInError):
        aws.roles.deploy(member_template(None), {"OrganizationalUnitIds": units})


ROLE = """
Parameters:
  Id: {Type: String, Default: one, AllowedPattern: "[a-z]+"}
Conditions:
  IsOne: !Equals [!Ref Id, one]
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Join ["-", [reader, !If [IsOne, first, other]]]
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          Effect: Allow
          Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${Vendor}:root"}
          Action: sts:AssumeRole
Outputs:
  Arn: {Value: !Sub "${Reader.Arn}"}
"""


def test_functions_parameters_and_conditions_are_resolved(aws: RunningAws, sts: Any) -> None:
    template = ROLE.replace("${Vendor}", "999999999999")
    account = aws.organization.management_account_id
    assert aws.roles.deploy(template).outputs == {"Arn": f"arn:aws:iam::{account}:role/reader-first"}
    assert aws.roles.deploy(template, {"Id": "two"}).outputs["Arn"].endswith("role/reader-other")
    web = aws.organization.find_account("web").id
    arn = aws.roles.deploy(template, account=web).outputs["Arn"]
    assert sts.assume_role(RoleArn=arn, RoleSessionName="pipes-test")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("", ""), "refers to Vendor"),
        (("AWS::IAM::Role", "AWS::S3::Bucket"), "cannot deploy Reader: AWS::S3::Bucket"),
        (("Default: one", "Default: '1'"), "does not allow '1'"),
        (("!Join", "!Base64"), "Fn::Base64"),
        (("Resources:", "Nothing:"), "no Resources"),
        (("Parameters:", "\t:"), "not YAML"),
    ],
)
def test_a_template_that_cannot_be_deployed_says_why(aws: RunningAws, change: tuple[str, str], reason: str) -> None:
    with pytest.raises(StandInError, match=reason):
        aws.roles.deploy(ROLE.replace(*change))

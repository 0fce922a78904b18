"""The CloudFormation templates: by their linter, and as what is in the account once moto has deployed them."""

import ast
import json
import re
import secrets
from typing import Any

import boto3
import pytest
from botocore.session import get_session

from integrations.aws import iac
from tests.integrations.aws.cloudformation import load_template, problems_of
from tests.integrations.aws.made_files import (
    DISCOVERY,
    ENDPOINT,
    EVERYTHING,
    MEMBER,
    OWN_POLICY,
    PARTIAL,
    ROOT_ID,
    Values,
    handouts,
)


def member_body() -> str:
    """The template that the StackSet puts into each account."""
    template = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING))
    return str(template["Resources"]["MemberRoles"]["Properties"]["TemplateBody"])


def expected_trust(values: Values) -> dict[str, Any]:
    """The only trust that a role of ours may have."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": values["principal_arn"]},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": values["external_id"]}},
            }
        ],
    }


@pytest.mark.parametrize(
    "name",
    [
        "discovery.yaml",
        "events.yaml",
        "member_stackset.yaml",
        "member_stackset_partial.yaml",
        "member_stackset_without_root.yaml",
        "body",
    ],
)
def test_cloudformation_lint_finds_nothing_in_a_template(name: str) -> None:
    text = member_body() if name == "body" else handouts()[name]
    assert problems_of(text) == []


@pytest.mark.parametrize("name", ["discovery.yaml", "member_stackset.yaml", "member_stackset_partial.yaml"])
def test_the_defaults_of_a_template_are_what_its_own_patterns_allow(name: str) -> None:
    for parameter in load_template(handouts()[name])["Parameters"].values():
        items = parameter["Default"].split(",") if parameter["Type"] == "CommaDelimitedList" else [parameter["Default"]]
        for item in items:
            allowed = parameter.get("AllowedValues", [])
            assert item in allowed or re.fullmatch(parameter["AllowedPattern"], item)


def test_the_deployed_discovery_role_trusts_only_us_and_may_only_read_the_tree() -> None:
    role = deployed_role(iac.discovery_cloudformation(**DISCOVERY), DISCOVERY["role_name"])
    assert role["arn"] == role["output"] == f"arn:aws:iam::123456789012:role/{DISCOVERY['role_name']}"
    assert role["trust"] == expected_trust(DISCOVERY)
    assert role["inline"] == {"read-organization-tree": json.loads(iac.permission_policy())}


def test_the_deployed_role_of_the_management_account_trusts_only_us() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING))
    del template["Resources"]["MemberRoles"]  # moto has no StackSets
    role = deployed_role(json.dumps(template), MEMBER["role_name"])
    assert role["trust"] == expected_trust(MEMBER)
    assert role["inline"] == {}


def test_the_deployed_role_of_a_member_account_trusts_only_us() -> None:
    stackset = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING))["Resources"]["MemberRoles"][
        "Properties"
    ]
    assert [(given["ParameterKey"], given["ParameterValue"]) for given in stackset["Parameters"]] == [
        (name, {"Ref": name}) for name in ("RoleName", "PrincipalArn", "ExternalId", "PolicyName", "PolicyOwner")
    ]
    role = deployed_role(
        member_body(),
        MEMBER["role_name"],
        RoleName=MEMBER["role_name"],
        PrincipalArn=MEMBER["principal_arn"],
        ExternalId=MEMBER["external_id"],
        PolicyName="ReadOnlyAccess",
        PolicyOwner="aws",
    )
    assert role["trust"] == expected_trust(MEMBER)
    assert role["inline"] == {}


def test_the_management_account_gets_the_very_role_of_the_members() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING))
    assert template["Resources"]["MemberRole"].pop("Condition") == "HasManagementAccount"
    assert template["Resources"]["MemberRole"] == load_template(member_body())["Resources"]["MemberRole"]


def test_the_role_reads_by_the_one_policy_that_was_chosen() -> None:
    # moto attaches no managed policies from a template, hence as written.
    for policy, name, owner in (
        (None, "ReadOnlyAccess", "aws"),
        (iac.MemberPolicy("job-function/ViewOnlyAccess"), "job-function/ViewOnlyAccess", "aws"),
        (OWN_POLICY, "team/pipes-read", "account"),
    ):
        template = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING, policy=policy))
        given = template["Parameters"]
        assert (given["PolicyName"]["Default"], given["PolicyOwner"]["Default"]) == (name, owner)
        assert re.fullmatch(given["PolicyName"]["AllowedPattern"], name)
        assert template["Conditions"]["IsOwnPolicy"] == {"Fn::Equals": [{"Ref": "PolicyOwner"}, "account"]}
        role = template["Resources"]["MemberRole"]["Properties"]
        assert role["ManagedPolicyArns"] == [
            {
                "Fn::Sub": [
                    "arn:${AWS::Partition}:iam::${Owner}:policy/${PolicyName}",
                    {"Owner": {"Fn::If": ["IsOwnPolicy", {"Ref": "AWS::AccountId"}, "aws"]}},
                ]
            }
        ]
        assert "Policies" not in role


def test_the_stack_set_follows_the_aws_organization_in_one_region() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=EVERYTHING))
    stackset = template["Resources"]["MemberRoles"]["Properties"]
    assert stackset["PermissionModel"] == "SERVICE_MANAGED"
    assert stackset["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert stackset["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert stackset["OperationPreferences"]["FailureTolerancePercentage"] == 100
    assert stackset["StackInstancesGroup"] == [
        {
            "DeploymentTargets": {"OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"}},
            "Regions": [{"Ref": "AWS::Region"}],
        }
    ]
    assert template["Parameters"]["OrganizationalUnitIds"]["Default"] == ROOT_ID


def test_what_is_chosen_alone_gets_a_stack_set_of_its_own_that_does_not_follow() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=PARTIAL))
    units, singles = (template["Resources"][name]["Properties"] for name in ("MemberRoles", "SingleMemberRoles"))
    assert template["Parameters"]["OrganizationalUnitIds"]["Default"] == "ou-ab12-abcdefgh,ou-ab12-ijklmnop"
    assert units["AutoDeployment"]["Enabled"] is True
    assert singles["AutoDeployment"] == {"Enabled": False}  # AWS takes the other field only where it is enabled
    assert singles["StackInstancesGroup"][0]["DeploymentTargets"] == {
        "OrganizationalUnitIds": [ROOT_ID],
        "AccountFilterType": "INTERSECTION",
        "Accounts": ["111122223333", "444455556666"],
    }
    assert singles["StackSetName"] != units["StackSetName"]
    assert singles["TemplateBody"] == units["TemplateBody"]
    assert template["Parameters"]["ManagementAccount"]["Default"] == "false"
    only = load_template(iac.member_stackset(**MEMBER, targets=iac.Targets(ROOT_ID, (), ("111122223333",))))
    assert "MemberRoles" not in only["Resources"]
    assert "OrganizationalUnitIds" not in only["Parameters"]


@pytest.mark.parametrize(
    "targets",
    [
        iac.Targets("r-x", ("r-ab12",)),
        iac.Targets(ROOT_ID, ("ou-ab12-abcdefgh\n",)),
        iac.Targets(ROOT_ID, (), ("11112222333",)),
        iac.Targets(ROOT_ID, (), ("11112222333x",)),
    ],
)
def test_nothing_but_ids_gets_into_the_targets(targets: iac.Targets) -> None:
    with pytest.raises(ValueError, match="The StackSet goes to"):
        iac.member_stackset(**MEMBER, targets=targets)


def test_the_template_may_be_launched_by_a_delegated_administrator() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=PARTIAL))
    assert template["Parameters"]["CallAs"]["AllowedValues"] == ["SELF", "DELEGATED_ADMIN"]
    for name in ("MemberRoles", "SingleMemberRoles"):
        assert template["Resources"][name]["Properties"]["CallAs"] == {"Ref": "CallAs"}


def test_an_unknown_root_is_asked_for_at_launch() -> None:
    template = load_template(iac.member_stackset(**MEMBER, targets=None))
    target = template["Parameters"]["OrganizationalUnitIds"]
    assert "Default" not in target
    for allowed in (ROOT_ID, "ou-ab12-abcdefgh"):
        assert re.fullmatch(target["AllowedPattern"], allowed)
    for refused in ("", "r-a", "ou-ab12", "123456789012"):
        assert not re.fullmatch(target["AllowedPattern"], refused)


def test_the_template_for_events_may_do_nothing_but_send_them_to_one_address() -> None:
    template = load_template(handouts()["events.yaml"])
    resources = template["Resources"]
    assert {resource["Type"] for resource in resources.values()} == {
        "AWS::Events::Connection",
        "AWS::Events::ApiDestination",
        "AWS::Events::Rule",
        "AWS::IAM::Role",
    }
    (policy,) = resources["SenderRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "events:InvokeApiDestination",
            "Resource": {"Fn::GetAtt": ["Destination", "Arn"]},
        }
    ]
    assert template["Parameters"]["Endpoint"]["Default"] == ENDPOINT
    assert re.fullmatch(template["Parameters"]["Endpoint"]["AllowedPattern"], ENDPOINT)


def test_the_key_of_the_events_is_a_parameter_that_nothing_shows() -> None:
    template = load_template(handouts()["events.yaml"])
    key = template["Parameters"]["Key"]
    assert (key["NoEcho"], "Default" in key) == (True, False)
    assert re.fullmatch(key["AllowedPattern"], secrets.token_urlsafe(32))
    connection = template["Resources"]["Connection"]["Properties"]
    assert connection["AuthParameters"]["ApiKeyAuthParameters"] == {
        "ApiKeyName": "X-Pipes-Key",
        "ApiKeyValue": {"Ref": "Key"},
    }
    assert "Outputs" not in template or "Key" not in json.dumps(template["Outputs"])


def test_the_rule_names_calls_that_aws_has_and_leaves_out_what_was_refused() -> None:
    pattern = load_template(handouts()["events.yaml"])["Resources"]["Rule"]["Properties"]["EventPattern"]
    names = set(pattern["detail"]["eventName"])
    services = [get_session().get_service_model(name).operation_names for name in ("organizations", "account")]
    # AWS itself tells of these when it has finished what was asked for.
    assert names - {"CreateAccountResult", "CloseAccountResult"} <= {call for calls in services for call in calls}
    assert pattern["detail"]["errorCode"] == [{"exists": False}]


def test_a_heartbeat_goes_the_way_of_the_events_and_says_nothing() -> None:
    resources = load_template(handouts()["events.yaml"])["Resources"]
    rule, heartbeat = resources["Rule"]["Properties"], resources["Heartbeat"]["Properties"]
    assert heartbeat["ScheduleExpression"] == "rate(1 hour)"
    assert "EventPattern" not in heartbeat
    assert heartbeat["Targets"] == rule["Targets"]


def deployed_role(template: str, role_name: str, **parameters: str) -> dict[str, Any]:
    """What is in the account after moto has deployed the template: the role with all that it may do."""
    from moto import mock_aws  # which takes a while

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    with mock_aws():
        formation, iam = boto3.client("cloudformation", **keys), boto3.client("iam", **keys)
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        formation.create_stack(
            StackName="pipes", TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        outputs = formation.describe_stacks(StackName="pipes")["Stacks"][0]["Outputs"]
        role = iam.get_role(RoleName=role_name)["Role"]
        names = iam.list_role_policies(RoleName=role_name)["PolicyNames"]
        inline = {name: iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"] for name in names}
    return {
        "arn": role["Arn"],
        "output": next(output["OutputValue"] for output in outputs if output["OutputKey"] == "RoleArn"),
        "trust": role["AssumeRolePolicyDocument"],
        # moto keeps a policy from a template as the text of a Python dictionary.
        "inline": {name: ast.literal_eval(document) for name, document in inline.items()},
    }

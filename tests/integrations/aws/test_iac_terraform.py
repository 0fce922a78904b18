"""The Terraform plan, as python-hcl2 reads it."""

import json
import re
from textwrap import dedent
from typing import Any

import hcl2
import pytest

from integrations.aws import iac
from tests.integrations.aws.made_files import DISCOVERY, EVERYTHING, MEMBER, OWN_POLICY, PARTIAL, ROOT_ID, terraform
from tests.integrations.aws.test_iac_cloudformation import member_body


def parsed_terraform(text: str) -> Any:
    """The plan as data: python-hcl2 leaves the quotes of strings in and marks blocks, both go."""
    return plain(hcl2.loads(text))


def plain(value: Any) -> Any:
    """A value of python-hcl2 without quotes and marks."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == value[-1:] == '"' else value


def merged(blocks: list[dict[str, Any]], kind: str = "") -> dict[str, Any]:
    """Labelled blocks by their last label; ``kind`` picks those whose first label it is."""
    picked = [block[kind] for block in blocks if kind in block] if kind else blocks
    return {name: block for labelled in picked for name, block in labelled.items()}


def listed(value: str | list[str]) -> list[str]:
    """IAM takes one text where a list of one is meant."""
    return [value] if isinstance(value, str) else value


def test_terraform_trusts_our_principal_with_the_external_id_only() -> None:
    plan = parsed_terraform(iac.discovery_terraform(**DISCOVERY))
    defaults = {name: block["default"] for name, block in merged(plan["variable"]).items()}
    assert defaults == {
        "region": "us-east-1",
        "role_name": DISCOVERY["role_name"],
        "principal_arn": DISCOVERY["principal_arn"],
        "external_id": DISCOVERY["external_id"],
    }
    trust = merged(plan["data"], "aws_iam_policy_document")["trust"]
    assert trust["statement"] == [
        {
            "actions": ["sts:AssumeRole"],
            "principals": [{"type": "AWS", "identifiers": ["${var.principal_arn}"]}],
            "condition": [
                {"test": "StringEquals", "variable": "sts:ExternalId", "values": ["${var.external_id}"]},
            ],
        }
    ]


def test_terraform_makes_one_role_with_both_policies_and_outputs_its_arn() -> None:
    plan = parsed_terraform(iac.discovery_terraform(**DISCOVERY))
    assert [list(resource) for resource in plan["resource"]] == [["aws_iam_role"], ["aws_iam_role_policy"]]
    role = merged(plan["resource"], "aws_iam_role")["discovery"]
    assert role["name"] == "${var.role_name}"
    assert role["assume_role_policy"] == "${data.aws_iam_policy_document.trust.json}"
    policy = merged(plan["resource"], "aws_iam_role_policy")["discovery"]
    assert policy["policy"] == "${data.aws_iam_policy_document.permissions.json}"
    assert merged(plan["output"])["role_arn"]["value"] == "${aws_iam_role.discovery.arn}"


def test_the_defaults_of_the_terraform_plan_are_what_its_own_validations_allow() -> None:
    variables = merged(parsed_terraform(iac.discovery_terraform(**DISCOVERY))["variable"])
    for name in ("role_name", "principal_arn", "external_id"):
        condition = variables[name]["validation"][0]["condition"]
        found = re.fullmatch(rf'\$\{{can\(regex\("(.+)", var\.{name}\)\)\}}', condition)
        assert found
        assert re.fullmatch(found[1].replace(r"\\", "\\"), variables[name]["default"])


def test_terraform_allows_the_same_calls_on_the_same_resources_as_manual_setup() -> None:
    by_hand = json.loads(iac.permission_policy())["Statement"]
    plan = parsed_terraform(iac.discovery_terraform(**DISCOVERY))
    by_terraform = merged(plan["data"], "aws_iam_policy_document")["permissions"]["statement"]
    as_by_hand = [
        {"Sid": block["sid"], "Effect": "Allow", "Action": block["actions"], "Resource": block["resources"]}
        for block in by_terraform
    ]
    here = json.loads(json.dumps(as_by_hand).replace("${data.aws_partition.current.partition}", "aws"))
    assert here == [statement | {"Resource": listed(statement["Resource"])} for statement in by_hand]


def test_the_plan_for_the_members_makes_the_stack_set_of_the_template_and_the_role_it_never_covers() -> None:
    plan = parsed_terraform(terraform(EVERYTHING))
    made = merged(plan["resource"], "aws_cloudformation_stack_set")["members"]
    assert (made["permission_model"], made["capabilities"]) == ("SERVICE_MANAGED", ["CAPABILITY_NAMED_IAM"])
    assert made["auto_deployment"] == [{"enabled": True, "retain_stacks_on_account_removal": False}]
    assert made["operation_preferences"][0]["failure_tolerance_percentage"] == 100
    (instance,) = merged(plan["resource"], "aws_cloudformation_stack_set_instance").values()
    assert instance["deployment_targets"] == [{"organizational_unit_ids": "${var.organizational_unit_ids}"}]
    (values,) = plan["locals"]
    assert set(values["parameters"]) == {"RoleName", "PrincipalArn", "ExternalId", "PolicyName", "PolicyOwner"}
    role = merged(plan["resource"], "aws_iam_role")["management"]
    assert role["name"] == "${var.role_name}"
    assert merged(plan["data"], "aws_iam_policy_document")["trust"]["statement"][0]["condition"][0]["values"] == [
        "${var.external_id}"
    ]
    defaults = {name: block.get("default") for name, block in merged(plan["variable"]).items()}
    assert defaults["organizational_unit_ids"] == [ROOT_ID]
    assert (defaults["external_id"], defaults["policy_name"]) == (MEMBER["external_id"], "ReadOnlyAccess")


def test_the_plan_puts_the_very_template_into_the_accounts_that_the_stack_set_does() -> None:
    heredoc = terraform(EVERYTHING).partition("<<-YAML\n")[2].partition("  YAML\n")[0]
    assert dedent(heredoc).replace("$${", "${") == member_body()
    assert "${" not in heredoc.replace("$${", "")


def test_the_plan_aims_as_the_selection_does() -> None:
    plan = parsed_terraform(terraform(PARTIAL, OWN_POLICY))
    sets = merged(plan["resource"], "aws_cloudformation_stack_set")
    assert sets["accounts"]["auto_deployment"] == [{"enabled": False}]
    assert sets["accounts"]["name"] == "${var.stack_set_name}-accounts"
    instance = merged(plan["resource"], "aws_cloudformation_stack_set_instance")["accounts"]
    assert instance["deployment_targets"] == [
        {
            "organizational_unit_ids": [ROOT_ID],
            "account_filter_type": "INTERSECTION",
            "accounts": ["111122223333", "444455556666"],
        }
    ]
    defaults = {name: block.get("default") for name, block in merged(plan["variable"]).items()}
    assert (defaults["policy_name"], defaults["policy_owner"]) == ("team/pipes-read", "account")
    assert defaults["management_account"] is False
    unknown = merged(parsed_terraform(terraform(None))["variable"])
    assert "default" not in unknown["organizational_unit_ids"]
    with pytest.raises(ValueError, match="begins with a letter"):
        iac.member_terraform(**MEMBER, targets=None, stack_set_name='a"')

"""The Terraform plan, as python-hcl2 reads it."""

import json
import re
from typing import Any

import hcl2

from integrations.aws import iac
from tests.integrations.aws.made_files import DISCOVERY


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

"""What the role in each account may read, as it is chosen: in the wizard, in Config, and in all that is handed out."""

import functools
import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from integrations.aws import iac
from tests.integrations.wizard.conftest import CONNECTION, Walk
from tests.integrations.wizard.test_setup_files import download

OWN = "arn:aws:iam::123456789012:policy/team/pipes-read"


def test_the_chosen_policy_is_in_the_files_and_in_the_steps(in_org: Walk) -> None:
    in_org.to("connection")
    assert "with the policy ReadOnlyAccess , in" in in_org.page
    in_org.post("connection", do="keep", **CONNECTION, member_policy="job-function/ViewOnlyAccess")
    in_org.get("connection")
    assert "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess" in in_org.page
    assert "with the policy ViewOnlyAccess , in" in in_org.page
    for file in ("members.yaml", "members.tf"):
        assert '"job-function/ViewOnlyAccess"' in download(in_org, file)
    in_org.post("connection", do="keep", **CONNECTION, member_policy="other", member_policy_arn=f" {OWN} ")
    assert in_org.draft().member_policy == OWN
    assert 'Default: "account"' in download(in_org, "members.yaml")
    in_org.get("connection")
    assert "arn:aws:iam::{account id}:policy/team/pipes-read" in in_org.page
    in_org.post("connection", do="keep", **CONNECTION)  # a page from before, which did not ask
    assert in_org.draft().member_policy == OWN


@pytest.mark.parametrize(
    ("given", "stored"),
    [("arn:aws:iam::aws:policy/SecurityAudit", "SecurityAudit"), ("arn:aws:iam::aws:policy/ReadOnlyAccess", "")],
)
def test_an_arn_of_one_that_is_offered_is_that_choice(in_org: Walk, given: str, stored: str) -> None:
    in_org.to("connection")
    in_org.post("connection", **CONNECTION, member_policy="other", member_policy_arn=given)
    assert in_org.draft().member_policy == stored


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "This is not the ARN of a managed policy"),
        ("pipes-read", "This is not the ARN of a managed policy"),
        ("arn:aws:iam::123456789012:role/pipes", "This is not the ARN of a managed policy"),
        (f'{OWN}"${{x}}', "This is not the ARN of a managed policy"),
        (OWN.replace("arn:aws:", "arn:aws-cn:"), "This policy is in the AWS partition aws-cn"),
    ],
)
def test_what_is_no_policy_there_is_refused_at_its_field(in_org: Walk, given: str, sentence: str) -> None:
    in_org.to("connection")
    in_org.post("connection", **CONNECTION, member_policy="other", member_policy_arn=given)
    status = re.search(r'id="id_member_policy_arn-status".*?</div>', in_org.html, re.DOTALL)
    assert status
    assert sentence in status[0]
    assert in_org.draft().member_policy == ""


@functools.cache
def managed() -> dict[str, Any]:
    """AWS's own policies, as moto has them: megabytes."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


def allows(policy: str, action: str) -> bool:
    """Whether AWS's own document of a policy allows a call."""
    document = managed()[policy]["Document"]["Statement"]
    names = [name for one in document if one["Effect"] == "Allow" for name in one["Action"]]
    return any(fnmatchcase(action.lower(), name.lower()) for name in names)


def test_what_is_said_of_the_policies_is_what_they_allow() -> None:
    data = ("s3:GetObject", "dynamodb:Scan", "logs:GetLogEvents")
    assert all(allows("ReadOnlyAccess", action) for action in (*data, "ssm:GetParameter"))
    assert not allows("ReadOnlyAccess", "secretsmanager:GetSecretValue")
    for policy in ("SecurityAudit", "ViewOnlyAccess"):
        assert not any(allows(policy, action) for action in data)
        assert allows(policy, "ec2:DescribeInstances")
    assert allows("SecurityAudit", "s3:GetBucketPolicy")
    assert not allows("ViewOnlyAccess", "s3:GetBucketPolicy")
    paths = managed()
    for name in iac.KNOWN_POLICIES:
        path, _, short = name.rpartition("/")
        assert paths[short]["Path"].strip("/") == path

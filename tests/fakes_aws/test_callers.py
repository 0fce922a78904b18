"""Who may read an AWS organization: its management account and delegated administrators, as far as IAM lets them."""

from typing import Any

import pytest

from tests.fakes.aws import AwsOrganization, RunningAws, allowing, denying, reading_organizations
from tests.fakes_aws.asking import code_of, error_of
from tests.fakes_aws.conftest import Connect


def as_member(aws: RunningAws, connect: Connect, account: str) -> Any:
    account_id = aws.organization.find_account(account).id
    return connect("organizations", aws.roles.create_key("reader", reading_organizations(), account=account_id))


def test_a_member_may_only_ask_for_the_aws_organization(aws: RunningAws, connect: Connect) -> None:
    member = as_member(aws, connect, "web")
    assert member.describe_organization()["Organization"]["Id"] == aws.organization.id
    for call, parameters in (
        (member.list_roots, {}),
        (member.list_accounts, {}),
        (member.describe_account, {"AccountId": aws.organization.management_account_id}),
        (member.list_accounts_for_parent, {"ParentId": aws.organization.root_id}),
    ):
        assert code_of(call, **parameters) == "AccessDeniedException"


def test_a_delegated_administrator_reads_everything(aws: RunningAws, connect: Connect) -> None:
    aws.organization.delegate("audit")
    delegate = as_member(aws, connect, "audit")
    assert len(delegate.list_accounts()["Accounts"]) == len(aws.organization.accounts)


def test_an_account_outside_is_told_so(aws: RunningAws, connect: Connect) -> None:
    member = as_member(aws, connect, "web")
    aws.organization.remove("web")
    assert code_of(member.describe_organization) == "AWSOrganizationsNotInUseException"
    assert code_of(member.list_accounts) == "AWSOrganizationsNotInUseException"


def test_the_policy_decides_which_calls_are_allowed(aws: RunningAws, connect: Connect) -> None:
    key = aws.roles.create_key("viewer", allowing("organizations:List*"))
    viewer = connect("organizations", key)
    assert viewer.list_accounts()["Accounts"]
    refusal = error_of(viewer.describe_organization)
    assert (refusal["Code"], refusal["Status"]) == ("AccessDeniedException", 400)
    assert refusal["Message"].startswith(
        f"User: {key.principal_arn} is not authorized to perform: organizations:DescribeOrganization on resource: *"
    )


def test_operations_without_a_resource_type_need_the_star(
    aws: RunningAws, connect: Connect, organization: AwsOrganization
) -> None:
    arns = f"arn:aws:organizations::{organization.management_account_id}:*/{organization.id}*"
    narrow = connect("organizations", aws.roles.create_key("narrow", allowing("organizations:*", resource=arns)))
    assert code_of(narrow.list_accounts) == "AccessDeniedException"
    assert narrow.list_accounts_for_parent(ParentId=organization.root_id)["Accounts"]


def test_a_denied_ou_is_denied_alone(aws: RunningAws, connect: Connect, organization: AwsOrganization) -> None:
    prod = organization.find_parent("Prod")
    arn = f"arn:aws:organizations::{organization.management_account_id}:ou/{organization.id}/{prod}"
    deny = denying("organizations:*", resource=arn)
    reader = connect("organizations", aws.roles.create_key("partial", reading_organizations(), deny))
    assert reader.list_organizational_units_for_parent(ParentId=organization.root_id)["OrganizationalUnits"]
    assert "explicit deny" in error_of(reader.list_accounts_for_parent, ParentId=prod)["Message"]


@pytest.mark.parametrize("operation", ["create_organization", "list_policies_for_target"])
def test_an_operation_that_is_not_here_is_named_unknown(reader: Any, operation: str) -> None:
    parameters = {} if operation == "create_organization" else {"TargetId": "r-abcd", "Filter": "TAG_POLICY"}
    assert code_of(getattr(reader, operation), **parameters) == "UnknownOperationException"

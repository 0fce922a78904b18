"""Who may assume the roles of ours, and what they may do there."""

import json
from collections.abc import Mapping
from typing import Final

from integrations.aws.iac.values import check_partition, check_trust

# The calls of a discovery, and no other. The last two confirm that something is gone before it is deleted;
# ListAccountsForParent is for where AWS does not give the paths of accounts; ListChildren spreads the load of a
# big tree. The resource is "*": the first three have no resource type in IAM (service authorization reference of AWS
# Organizations), and what is gone has no ARN of this AWS organization that a narrower one would match.
ACTIONS: Final = (
    "organizations:DescribeOrganization",
    "organizations:ListRoots",
    "organizations:ListAccounts",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListChildren",
    "organizations:ListAccountsForParent",
    "organizations:DescribeOrganizationalUnit",
    "organizations:DescribeAccount",
)


def trust_policy(*, partition: str, principal_arn: str, external_id: str) -> str:
    """The trust policy, as JSON, of either role: our one principal, and only with this external id.

    Source: IAM user guide, "Access to AWS accounts owned by third parties".
    """
    check_trust(partition, principal_arn, external_id)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal_arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    return _policy(statement)


def permission_policy() -> str:
    """The permission policy, as JSON, of the discovery role: the calls that a discovery makes and no other."""
    return _policy({"Sid": "ReadOrganization", "Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"})


def member_policy_arn(*, partition: str) -> str:
    check_partition(partition)
    return f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)

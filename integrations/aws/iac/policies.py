"""Who may assume the roles of ours, and what they may do there."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
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


# What the inline policy of discovery is called, of the role and of a user.
DISCOVERY_POLICY: Final = "read-organization-tree"

_POLICY_ARN: Final = re.compile(
    r"arn:([a-z-]+):iam::(aws|[0-9]{12}):policy/((?:[\w+=,.@-]+/)*[\w+=,.@-]{1,128})", re.ASCII
)
_LONGEST_POLICY: Final = 600  # a path of 512, and a name


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


@dataclass(frozen=True, slots=True)
class MemberPolicy:
    """The managed policy of the role in each account, by its name with its path: AWS's, or one of the customer's own.

    One of their own has to be in every account under this name; a role can only have policies of its own account.
    """

    name: str = "ReadOnlyAccess"
    is_own: bool = False

    def arn(self, partition: str, account_id: str = "{account id}") -> str:
        check_partition(partition)
        return f"arn:{partition}:iam::{account_id if self.is_own else 'aws'}:policy/{self.name}"

    @property
    def label(self) -> str:
        """What people call it: of AWS's without its path."""
        return self.name if self.is_own else self.name.rpartition("/")[2]


# Of AWS's own policies those to choose from, and what each lets see: what AWS's documents of them allow.
KNOWN_POLICIES: Final = {
    "ReadOnlyAccess": (
        "The whole configuration of every service, and data: objects in S3, items in DynamoDB, log events, parameters."
        " It changes nothing, and reads no secret values of Secrets Manager."
    ),
    "SecurityAudit": (
        "The configuration that a security audit needs, of most services. No objects in S3, no items in DynamoDB, no"
        " log events. Tables of what it leaves out stay empty or fail."
    ),
    "job-function/ViewOnlyAccess": (
        "Which resources there are, and the basics of many. Not how most are set up: no settings of S3 buckets, for"
        " example. Many tables have gaps or fail."
    ),
}


def read_policy(text: str, *, partition: str) -> MemberPolicy:
    """Read the ARN of a managed policy; raises ValueError with a sentence for anything else."""
    match = _POLICY_ARN.fullmatch(text)
    if match is None or len(match[3]) > _LONGEST_POLICY:
        raise ValueError(
            "This is not the ARN of a managed policy, like arn:aws:iam::123456789012:policy/Name or"
            " arn:aws:iam::aws:policy/SecurityAudit."
        )
    if match[1] != partition:
        raise ValueError(f"This policy is in the AWS partition {match[1]}; the accounts are in {partition}.")
    return MemberPolicy(match[3], is_own=match[2] != "aws")


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)

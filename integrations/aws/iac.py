"""What a customer creates in AWS so that we can read it: ready files, and the same by hand.

Only known-good values are put into a file: each one is checked whole against the form that AWS gives it
before it is put in, and none of those forms has a quote, a line break or a ``${`` in it.
"""

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from integrations.aws.identifiers import ACCOUNT_ID, check_role_name
from integrations.aws.regions import PARTITIONS, home_region

FILES: Final = Path(__file__).resolve().parents[2] / "templates" / "integrations" / "aws" / "iac"

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

_PRINCIPAL: Final = re.compile(r"arn:([a-z-]+):iam::[0-9]{12}:(?:role|user)/[0-9A-Za-z_+=,.@/-]{1,512}")
_EXTERNAL_ID: Final = re.compile(r"[to]_[0-9a-z]{1,64}:[a-z2-7]{26}")
_ENDPOINT: Final = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,255}(?:/[0-9A-Za-z._~-]+)*/events/[0-9a-f-]{36}/")
_TARGET: Final = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")


class StackSetUnavailableError(ValueError):
    """The partition has no StackSets that follow the AWS organization; Manual Setup is the way there."""


@dataclass(frozen=True, slots=True)
class ManualStep:
    """One thing to do in the AWS console, with its labels; ``to_copy`` is what to paste there, or empty."""

    sentence: str
    to_copy: str = ""


class _File(string.Template):
    """A file with ``@@name`` where a value goes: ``$`` and ``{{`` mean something of their own in these files."""

    delimiter = "@@"


def discovery_terraform(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A Terraform plan for the discovery role; it needs no further input and outputs ``role_arn``.

    Raises ValueError with a sentence when a value cannot be right (so do all functions here).
    """
    values = _checked(partition, principal_arn, external_id, role_name)
    return _fill("discovery.tf", values | {"home_region": home_region(partition)})


def discovery_cloudformation(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A CloudFormation template for the discovery role; it needs no further input and outputs ``RoleArn``."""
    return _fill("discovery.yaml", _checked(partition, principal_arn, external_id, role_name))


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the role of members is to be created.

    In all accounts of ``folders`` (OUs, or the root), also in those that come later, and in these ``accounts`` of what
    is below ``root_id``; in the management account itself, which no StackSet covers, where that is mirrored too.
    """

    root_id: str
    folders: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    has_management: bool = True


def member_stackset(
    *, partition: str, principal_arn: str, external_id: str, role_name: str, targets: Targets | None
) -> str:
    """A CloudFormation template that creates the member role where it is aimed at, and in its own account.

    Without targets they are a parameter without a default, which AWS asks for at launch. Raises
    StackSetUnavailableError in China, where StackSets know no AWS organization.
    """
    values = _checked(partition, principal_arn, external_id, role_name)
    if partition == "aws-cn":
        raise StackSetUnavailableError(
            "AWS China has no service-managed StackSets. Create the role in each account as Manual Setup describes."
        )
    for target in (targets.root_id, *targets.folders) if targets else ():
        if not _TARGET.fullmatch(target):
            raise ValueError(
                "The StackSet goes to a root (r-…) or organizational units (ou-…) of the AWS organization."
            )
    for account_id in targets.accounts if targets else ():
        if not ACCOUNT_ID.fullmatch(account_id):
            raise ValueError("The StackSet goes to accounts by their ids of 12 digits.")
    has_folders = targets is None or bool(targets.folders)
    stack_sets = [
        _stack_set("MemberRoles", "", "true", "              OrganizationalUnitIds: !Ref OrganizationalUnitIds")
    ]
    if targets and targets.accounts:
        # Without following the AWS organization: what comes to an OU later was not chosen.
        lines = [f"OrganizationalUnitIds: [{targets.root_id}]", "AccountFilterType: INTERSECTION", "Accounts:"]
        lines += [f'  - "{account_id}"' for account_id in targets.accounts]
        chosen = "\n".join(f"              {line}" for line in lines)
        stack_sets.append(_stack_set("SingleMemberRoles", "-accounts", "false", chosen))
    values["stack_sets"] = "\n".join(stack_sets if has_folders else stack_sets[1:])
    values["folders"] = _fill("member_folders.yaml", {"default": _default_of(targets)}) if has_folders else ""
    values["has_management"] = "false" if targets and not targets.has_management else "true"
    return _fill("member_stackset.yaml", values)


def _default_of(targets: Targets | None) -> str:
    return f'Default: "{",".join(targets.folders)}"' if targets else "# No Default: AWS asks for it at launch."


def _stack_set(name: str, suffix: str, follows: str, targets: str) -> str:
    values = {"logical_id": name, "suffix": suffix, "follows": follows, "targets": targets}
    return _fill("member_roles.yaml", values)


def events_cloudformation(*, partition: str, endpoint: str, key_header: str) -> str:
    """A CloudFormation template that sends the changes of an AWS organization to ``endpoint``.

    The key, which proves where they come from, is a parameter without a default: it is in no file.
    """
    _check_partition(partition)
    if not _ENDPOINT.fullmatch(endpoint):
        raise ValueError("The address for events is not one that was made here.")
    values = {"endpoint": endpoint, "key_header": key_header, "home_region": home_region(partition)}
    return _fill("events.yaml", values)


def trust_policy(*, partition: str, principal_arn: str, external_id: str) -> str:
    """The trust policy, as JSON, of either role: our one principal, and only with this external id.

    Source: IAM user guide, "Access to AWS accounts owned by third parties".
    """
    _check_trust(partition, principal_arn, external_id)
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
    _check_partition(partition)
    return f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"


def discovery_steps(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> tuple[ManualStep, ...]:
    trust = trust_policy(partition=partition, principal_arn=principal_arn, external_id=external_id)
    return (
        ManualStep("Sign in to the AWS console of the management account of your AWS organization and open IAM."),
        *_create_role(trust),
        ManualStep("Add no permissions yet: choose Next."),
        ManualStep("Enter this Role name, then choose Create role.", check_role_name(role_name)),
        ManualStep("Open the new role. On Permissions choose Add permissions, then Create inline policy."),
        ManualStep(
            "Choose JSON, replace what is there with this permission policy, then choose Next.",
            permission_policy(),
        ),
        ManualStep("Enter this Policy name, then choose Create policy.", "read-organization-tree"),
        ManualStep("Copy the ARN of the role from its Summary and paste it into Role ARN here."),
    )


def member_steps(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> tuple[ManualStep, ...]:
    """Manual Setup of the member role, in order; to be done in every account."""
    trust = trust_policy(partition=partition, principal_arn=principal_arn, external_id=external_id)
    return (
        ManualStep("Repeat these steps in every account of your AWS organization, the management account included."),
        ManualStep("Sign in to the AWS console of the account and open IAM."),
        *_create_role(trust),
        ManualStep(
            "Search for ReadOnlyAccess, select the AWS managed policy with this ARN, then choose Next.",
            member_policy_arn(partition=partition),
        ),
        ManualStep(
            "Enter this Role name, the same in every account, then choose Create role.", check_role_name(role_name)
        ),
    )


def _create_role(trust: str) -> tuple[ManualStep, ...]:
    return (
        ManualStep("Choose Roles, then Create role."),
        ManualStep(
            "Select Custom trust policy, replace what is there with this trust policy, then choose Next.", trust
        ),
    )


def _checked(partition: str, principal_arn: str, external_id: str, role_name: str) -> dict[str, str]:
    _check_trust(partition, principal_arn, external_id)
    return {"role_name": check_role_name(role_name), "principal_arn": principal_arn, "external_id": external_id}


def _check_trust(partition: str, principal_arn: str, external_id: str) -> None:
    _check_partition(partition)
    principal = _PRINCIPAL.fullmatch(principal_arn)
    if not principal:
        raise ValueError("The principal that a role trusts is the ARN of one IAM role or user, never a whole account.")
    if principal[1] != partition:
        raise ValueError(f"A role in the partition {partition} cannot trust a principal of {principal[1]}.")
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise ValueError("The external id is not one that was made here.")


def _check_partition(partition: str) -> None:
    if partition not in PARTITIONS:
        raise ValueError(f"AWS has no partition {partition!r}.")


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


def _fill(name: str, values: dict[str, str]) -> str:
    return _File((FILES / name).read_text(encoding="utf-8")).substitute(values)

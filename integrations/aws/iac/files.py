"""The files that customers run: CloudFormation templates and Terraform plans, with every value filled in."""

import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from integrations.aws.iac.values import check_partition, checked
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.aws.regions import home_region

FILES: Final = Path(__file__).resolve().parents[3] / "templates" / "integrations" / "aws" / "iac"

_ENDPOINT: Final = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,255}(?:/[0-9A-Za-z._~-]+)*/events/[0-9a-f-]{36}/")
_TARGET: Final = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")


class StackSetUnavailableError(ValueError):
    """The partition has no StackSets that follow the AWS organization; Manual Setup is the way there."""


class _File(string.Template):
    """A file with ``@@name`` where a value goes: ``$`` and ``{{`` mean something of their own in these files."""

    delimiter = "@@"


def discovery_terraform(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A Terraform plan for the discovery role; it needs no further input and outputs ``role_arn``.

    Raises ValueError with a sentence when a value cannot be right (so do all functions here).
    """
    values = checked(partition, principal_arn, external_id, role_name)
    return _fill("discovery.tf", values | {"home_region": home_region(partition)})


def discovery_cloudformation(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A CloudFormation template for the discovery role; it needs no further input and outputs ``RoleArn``."""
    return _fill("discovery.yaml", checked(partition, principal_arn, external_id, role_name))


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
    values = checked(partition, principal_arn, external_id, role_name)
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
    check_partition(partition)
    if not _ENDPOINT.fullmatch(endpoint):
        raise ValueError("The address for events is not one that was made here.")
    values = {"endpoint": endpoint, "key_header": key_header, "home_region": home_region(partition)}
    return _fill("events.yaml", values)


def _fill(name: str, values: dict[str, str]) -> str:
    return _File((FILES / name).read_text(encoding="utf-8")).substitute(values)

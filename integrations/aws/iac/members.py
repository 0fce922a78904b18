"""The files that create the role of every account: a CloudFormation template and a Terraform plan with a StackSet.

Both put the same template into the accounts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Final

from integrations.aws.iac.files import fill
from integrations.aws.iac.policies import MemberPolicy
from integrations.aws.iac.values import checked
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.aws.regions import home_region

_TARGET: Final = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_STACK_SET_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,119}")
WITHOUT_STACK_SETS: Final = "aws-cn"  # those that follow an AWS organization


class StackSetUnavailableError(ValueError):
    """The partition has no StackSets that follow the AWS organization; Manual Setup is the way there."""


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
    *,
    partition: str,
    principal_arn: str,
    external_id: str,
    role_name: str,
    targets: Targets | None,
    policy: MemberPolicy | None = None,
) -> str:
    """A CloudFormation template that creates the member role where it is aimed at, and in its own account.

    Without targets they are a parameter without a default, which AWS asks for at launch. Raises
    StackSetUnavailableError in China, where StackSets know no AWS organization.
    """
    return _template(
        _values(partition, principal_arn, external_id, role_name, targets, policy or MemberPolicy()), targets
    )


def _template(values: dict[str, str], targets: Targets | None) -> str:
    sets = []
    if _has_folders(targets):
        sets.append(_stack_set("MemberRoles", "", "              OrganizationalUnitIds: !Ref OrganizationalUnitIds"))
    if targets and targets.accounts:
        lines = [f"OrganizationalUnitIds: [{targets.root_id}]", "AccountFilterType: INTERSECTION", "Accounts:"]
        lines += [f'  - "{account_id}"' for account_id in targets.accounts]
        sets.append(_stack_set("SingleMemberRoles", "-accounts", indent("\n".join(lines), " " * 14)))
    values["stack_sets"] = "\n".join(sets)
    default = f'Default: "{",".join(targets.folders)}"' if targets else "# No Default: AWS asks for it at launch."
    values["folders"] = fill("member_folders.yaml", {"default": default}) if _has_folders(targets) else ""
    return fill("member_stackset.yaml", values)


def member_template(values: Mapping[str, str]) -> str:
    """The same template with values that nobody checks, and its targets asked for at launch."""
    return _template(dict(values), None)


def member_terraform(
    *,
    partition: str,
    principal_arn: str,
    external_id: str,
    role_name: str,
    targets: Targets | None,
    stack_set_name: str,
    policy: MemberPolicy | None = None,
) -> str:
    """A Terraform plan that does the same as the StackSet's template; without targets it asks for them."""
    values = _values(partition, principal_arn, external_id, role_name, targets, policy or MemberPolicy())
    if not _STACK_SET_NAME.fullmatch(stack_set_name):
        raise ValueError("A StackSet's name has letters, digits and dashes, and begins with a letter.")
    values |= {"stack_set_name": stack_set_name, "home_region": home_region(partition)}
    sets = []
    if _has_folders(targets):
        sets.append(_terraform_set("members", "", "    organizational_unit_ids = var.organizational_unit_ids"))
    if targets and targets.accounts:
        accounts = "".join(f'      "{account_id}",\n' for account_id in targets.accounts)
        chosen = f'    organizational_unit_ids = ["{targets.root_id}"]\n    account_filter_type     = "INTERSECTION"\n'
        sets.append(_terraform_set("accounts", "-accounts", f"{chosen}    accounts = [\n{accounts}    ]"))
    values["stack_sets"] = "\n".join(sets)
    body = fill("member_role.yaml", {}).rstrip("\n").replace("${", "$${")
    values["body"] = indent(body, "    ")
    folders = ", ".join(f'"{folder}"' for folder in targets.folders) if targets else ""
    default = f"  default     = [{folders}]\n" if targets else ""
    values["variables"] = fill("member_folders.tf", {"default": default}) if _has_folders(targets) else ""
    return fill("members.tf", values)


def _values(
    partition: str, principal_arn: str, external_id: str, role_name: str, targets: Targets | None, policy: MemberPolicy
) -> dict[str, str]:
    values = checked(partition, principal_arn, external_id, role_name)
    if partition == WITHOUT_STACK_SETS:
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
    values["has_management"] = "false" if targets and not targets.has_management else "true"
    return values | {"policy_name": policy.name, "policy_owner": "account" if policy.is_own else "aws"}


def _has_folders(targets: Targets | None) -> bool:
    return targets is None or bool(targets.folders)


def _stack_set(logical_id: str, suffix: str, targets: str) -> str:
    """What is aimed at single accounts follows nothing: what comes to an OU later was not chosen."""
    follows = "Enabled: true\n# An account that leaves the AWS organization loses the role.\n"
    follows += "RetainStacksOnAccountRemoval: false"
    values = {
        "logical_id": logical_id,
        "suffix": suffix,
        "deployment": indent("Enabled: false" if suffix else follows, " " * 8),
        "targets": targets,
        "body": indent(fill("member_role.yaml", {}), " " * 8),
    }
    return fill("member_roles.yaml", values)


def _terraform_set(logical_id: str, suffix: str, targets: str) -> str:
    follows = "    enabled = true\n    # An account that leaves the AWS organization loses the role.\n"
    follows += "    retain_stacks_on_account_removal = false"
    deployment = "    enabled = false" if suffix else follows
    name = f'"${{var.stack_set_name}}{suffix}"' if suffix else "var.stack_set_name"
    values = {"logical_id": logical_id, "name": name, "deployment": deployment, "targets": targets}
    return fill("member_roles.tf", values)

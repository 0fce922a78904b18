"""What is created in AWS for a draft or an integration: the files of Automatic Setup, the steps of Manual Setup.

A template is made for one partition, since our principal differs between them.
"""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Final

from django.conf import settings as installation
from django.db.models import Q

from integrations.access import findings
from integrations.access.findings import partition_of
from integrations.aws import iac
from integrations.aws.iac import shell
from integrations.aws.identifiers import check_role_arn
from integrations.aws.regions import partition_of_arn
from integrations.events.inlets import KEY_HEADER
from integrations.models import AccessTest, Draft, Integration
from integrations.models.settings import AccessSettings, NamedSettings
from integrations.planning.selection import ROOT, ticked_accounts
from integrations.planning.selection_tree import Outline, in_words

# What the role for discovery is called; a name made of this goes on with the integration's.
_DISCOVERY_ROLE: Final = "pipes-discovery"


class SetupFileUnavailableError(Exception):
    """There is no such file for these settings; the text says why."""


def name_roles(draft: Draft) -> None:
    """Name the roles of a draft that has just got its handle; the names stay, whatever it is called later.

    Another integration may get that handle then, and so may one of another tenant: hence a part of the draft's own id.
    """
    ours = f"{draft.handle}-{draft.uid.hex[:6]}"
    draft.discovery_role_name = f"{_DISCOVERY_ROLE}-{ours}"
    draft.role_name = draft.role_name or f"{draft.member_role.name_or_default}-{ours}"


def discovery_role_name(settings: NamedSettings) -> str:
    """Give the name of the role for discovery: that of the one in use, else the one that files carry."""
    if settings.role_arn:
        return check_role_arn(settings.role_arn).name
    return settings.discovery_role_name or _DISCOVERY_ROLE


def served_partition(settings: AccessSettings) -> str:
    """Give the partition that roles are made for; empty where this installation has no identity in it."""
    partition = partition_of(settings)
    return partition if partition in installation.PIPES_AWS_PRINCIPALS else ""


def policy_of(settings: NamedSettings) -> iac.MemberPolicy:
    """Give what the role in each account is to read by."""
    chosen = settings.member_policy
    if chosen.startswith("arn:"):
        return iac.read_policy(chosen, partition=partition_of_arn(chosen))
    return iac.MemberPolicy(chosen) if chosen else iac.MemberPolicy()


def to_be_set_up(settings: NamedSettings) -> NamedSettings:
    """Copy settings as the roles in AWS are to be set up for them: with rotated external ids, where some wait."""
    setup = copy(settings)
    if isinstance(settings, Integration):
        setup.discovery_external_id = settings.next_discovery_external_id or settings.discovery_external_id
        setup.connection_external_id = settings.next_connection_external_id or settings.connection_external_id
    return setup


def stack_name(settings: NamedSettings, kind: AccessTest.Kind) -> str:
    """Give the name of the stack that makes the roles of a kind, where lines of ours launch it; it stays, as theirs."""
    name = settings.discovery_role_name or _DISCOVERY_ROLE
    return shell.stack_name(
        name if kind == AccessTest.Kind.DISCOVERY else name.replace(_DISCOVERY_ROLE, "pipes-members", 1)
    )


def other_mirrors(settings: NamedSettings, organization_id: str | None = None, *, names_them: bool = True) -> str:
    """Name the other integrations that mirror this AWS organization, and say whether they are in the way; often empty.

    Without ``organization_id`` it is the one that the last good Test Discovery found. To who may not see them all, it
    ``names_them`` not.
    """
    found = findings.organization_found(settings) if organization_id is None else [organization_id]
    others = Integration.objects.filter(tenant=settings.tenant, source_organization_id__in=found)
    others = others.exclude(Q(uid=settings.uid) | Q(source_organization_id="")).order_by("handle")
    if not others:
        return ""
    ours = [each.handle for each in others if each.organization_id == settings.organization_id]
    name = settings.member_role.name_or_default
    whose = (
        f"The integration {' and '.join(ours)}" if ours and names_them else f"Another integration of {settings.tenant}"
    )
    if any(each.member_role.name_or_default == name for each in others):
        return (
            f"{whose} mirrors this AWS organization already, and its role in each account is called"
            f" {name} too: what you create from here would take its role away. Enter another Role Name first."
        )
    return f"{whose} mirrors this AWS organization already. Both work side by side: each has roles of its own."


def discovery_steps(settings: NamedSettings) -> tuple[iac.ManualStep, ...]:
    """Give Manual Setup of the discovery role; nothing without a principal."""
    values = _discovery_values(settings)
    return iac.discovery_steps(**values) if values else ()


def key_setup(settings: NamedSettings) -> iac.KeySetup:
    """Give how to make a user with an access key instead of the discovery role; it is called as that one is."""
    return iac.discovery_key(user_name=user_name(settings))


def user_name(settings: NamedSettings) -> str:
    """Give the name of the user with the access key, as our steps and lines have it."""
    return settings.discovery_role_name or _DISCOVERY_ROLE


def member_steps(settings: NamedSettings) -> tuple[iac.ManualStep, ...]:
    """Give Manual Setup of the role in each account; nothing without a principal."""
    values = member_values(settings)
    return iac.member_steps(**values) if values else ()


def download(settings: NamedSettings, name: str) -> tuple[str, str]:
    """Make one of the files, as (file name, text); raises SetupFileUnavailableError with a sentence."""
    _, make, values_of = FILES[name]
    try:
        text = make(**_needed(values_of(settings)))
    except iac.StackSetUnavailableError as error:
        raise SetupFileUnavailableError(str(error)) from error
    return file_name(settings, name), text


def file_name(settings: NamedSettings, name: str) -> str:
    """Give what the file of this name in URLs is called where it is kept."""
    return f"{FILES[name][0]}-{settings.handle or 'draft'}.{name.rpartition('.')[2]}"


def events_template(settings: NamedSettings, endpoint: str) -> tuple[str, str]:
    """Make the template that forwards events, as (file name, text); it trusts nobody, so needs no principal."""
    text = iac.events_cloudformation(partition=partition_of(settings), endpoint=endpoint, key_header=KEY_HEADER)
    return f"pipes-events-{settings.handle}.yaml", text


def why_no_stackset(settings: NamedSettings) -> str:
    """Say why there is no StackSet to download for these settings; empty when there is one."""
    try:
        iac.member_stackset(**_needed(member_values(settings)), targets=None)
    except (SetupFileUnavailableError, iac.StackSetUnavailableError) as error:
        return str(error)
    return ""


def where_stackset_goes(settings: NamedSettings) -> str:
    """Say where the StackSet creates the role, to go on with after "creates the role in"."""
    selection = settings.chosen
    if selection.is_everything:
        return "all accounts of your AWS organization, the management account and accounts that join later included"
    snapshot = findings.newest_snapshot(settings)
    words = Outline(snapshot, selection).words if snapshot else in_words(selection, None)
    if snapshot is None and not selection.exclude <= {ROOT}:
        return f"the OUs that you enter when you launch it. Chosen in Accounts to mirror: {words}"
    return f"what is chosen in Accounts to mirror: {words} Download it again when you choose otherwise"


def targets(settings: NamedSettings) -> iac.Targets | None:
    """Aim at what is mirrored; None where the tree would have to be known for that, and is not."""
    selection = settings.chosen
    snapshot = None if selection.is_everything else findings.newest_snapshot(settings)
    if snapshot is not None:
        outline, management = Outline(snapshot, selection), snapshot.management_account_id
        singles = [account_id for account_id in outline.single_accounts if account_id != management]
        has_management = ticked_accounts(snapshot, selection).get(management, False)
        return iac.Targets(snapshot.root.source_id, tuple(outline.whole_folders), tuple(singles), has_management)
    root_id = _root_id(settings)
    if root_id is None or not selection.exclude <= {ROOT}:
        return None
    if selection.is_everything:
        return iac.Targets(root_id, (root_id,))
    accounts, folders = set(filter(str.isdecimal, selection.include)), selection.include - {ROOT}
    return iac.Targets(root_id, tuple(sorted(folders - accounts)), tuple(sorted(accounts)))


def _root_id(settings: NamedSettings) -> str | None:
    discovery = findings.newest_passed(settings, AccessTest.Kind.DISCOVERY)
    if discovery is not None:
        return discovery.found.root_id
    mirrored = Integration.objects.filter(uid=settings.uid).exclude(source_organization_id="")
    return mirrored.values_list("root_folder__source_id", flat=True).first()


def _needed(values: dict[str, Any]) -> dict[str, Any]:
    if not values:
        raise SetupFileUnavailableError(
            "This installation has no AWS identity of its own yet that a role could trust. Ask its operator to set"
            " PIPES_AWS_PRINCIPAL_ARN."
        )
    return values


def _discovery_values(settings: NamedSettings) -> dict[str, Any]:
    return _values(settings, discovery_role_name(settings), settings.discovery_external_id)


def member_values(settings: NamedSettings) -> dict[str, Any]:
    """Give what the role in each account is made of, but not in which accounts; nothing without a principal."""
    values = _values(settings, settings.member_role.name_or_default, settings.member_role.external_id)
    return values | {"policy": policy_of(settings)} if values else {}


def _stackset_values(settings: NamedSettings) -> dict[str, Any]:
    values = member_values(settings)
    return values | {"targets": targets(settings)} if values else {}


def _member_terraform_values(settings: NamedSettings) -> dict[str, Any]:
    values = _stackset_values(settings)
    return values | {"stack_set_name": stack_name(settings, AccessTest.Kind.CONNECTION)} if values else {}


def _values(settings: NamedSettings, name: str, external_id: str) -> dict[str, Any]:
    """Give what a template is filled with; nothing where this installation has no identity in the partition."""
    partition = partition_of(settings)
    principal = installation.PIPES_AWS_PRINCIPALS.get(partition)
    if principal is None:
        return {}
    return {"partition": partition, "principal_arn": principal, "external_id": external_id, "role_name": name}


# By the name in the URL: how the name of the download begins, what makes the text, and of which values.
FILES: Final[dict[str, tuple[str, Callable[..., str], Callable[[NamedSettings], dict[str, Any]]]]] = {
    "discovery.tf": ("pipes-discovery", iac.discovery_terraform, _discovery_values),
    "discovery.yaml": ("pipes-discovery", iac.discovery_cloudformation, _discovery_values),
    "members.yaml": ("pipes-members", iac.member_stackset, _stackset_values),
    "members.tf": ("pipes-members", iac.member_terraform, _member_terraform_values),
}


def parameters(values: Mapping[str, Any]) -> dict[str, str]:
    """Give what a CloudFormation file is launched with, from what it is made of."""
    targets: iac.Targets | None = values.get("targets")
    given = {
        "RoleName": values["role_name"],
        "PrincipalArn": values["principal_arn"],
        "ExternalId": values["external_id"],
    }
    if policy := values.get("policy"):
        given |= {"PolicyName": policy.name, "PolicyOwner": "account" if policy.is_own else "aws"}
    if targets:
        given["OrganizationalUnitIds"] = ",".join(targets.folders)
        given["ManagementAccount"] = "true" if targets.has_management else "false"
    return given

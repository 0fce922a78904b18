"""What a draft hands out for AWS: the files of Automatic Setup and the steps of Manual Setup.

A template is made for one partition, since our principal differs between them.
"""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from integrations.access_tests import results
from integrations.aws import iac
from integrations.aws.identifiers import check_role_arn
from integrations.events.inlets import KEY_HEADER
from integrations.models import AccessMode, AccessTest, Draft, Integration
from integrations.models.settings import SETTINGS_FIELDS
from integrations.planning.selection import ROOT, Selection, ticked_accounts
from integrations.planning.selection_tree import Outline, in_words

# What roles are called; a name made of one of these goes on with the integration's.
_DISCOVERY_ROLE: Final = "pipes-discovery"
_MEMBER_ROLE: Final = "pipes-connection"


class NothingToHandOutError(Exception):
    """There is no such file for this draft; the text says why."""


def partition_of(draft: Draft) -> str | None:
    """Find the partition that the AWS organization is in; None when this installation serves none.

    The role's ARN tells it; for a key pair the last good test does, else the last sync; until then it is chosen, or the
    first one served.
    """
    if draft.access_mode == AccessMode.ROLE and draft.role_arn:
        return check_role_arn(draft.role_arn).partition
    tested = results.newest_passed(draft, AccessTest.Kind.DISCOVERY)
    if tested is not None:
        return str(tested.report["who"]["partition"])
    return draft.partition or next(iter(settings.PIPES_AWS_PRINCIPALS), None)


def copy_of(integration: Integration) -> Draft:
    """Copy what is configured, to be edited as in the wizard; the copy is never saved as a draft."""
    stored = {name: getattr(integration, name) for name in SETTINGS_FIELDS}
    return Draft(handle=integration.handle, partition=integration.partition, **stored)


def name_roles(draft: Draft) -> None:
    """Name the roles of a draft that has just got its handle; the names stay, whatever it is called later.

    Another integration may get that handle then, and so may one of another tenant: hence a part of the draft's own id.
    """
    ours = f"{draft.handle}-{draft.uid.hex[:6]}"
    draft.discovery_role_name = f"{_DISCOVERY_ROLE}-{ours}"
    draft.role_name = draft.role_name or f"{_MEMBER_ROLE}-{ours}"


def discovery_role_name(draft: Draft) -> str:
    """Give the name of the role for discovery: that of the one in use, else the one that files carry."""
    if draft.role_arn:
        return check_role_arn(draft.role_arn).name
    return draft.discovery_role_name or _DISCOVERY_ROLE


def member_role_name(draft: Draft) -> str:
    """Give the name of the role in each account."""
    return draft.role_name or _MEMBER_ROLE


def about_others(draft: Draft, organization_id: str | None = None) -> str:
    """Say who else mirrors this AWS organization, and whether that is in the way; empty when nobody does.

    Without an id it is the one that the last good Test Discovery found.
    """
    found = results.organization_found(draft) if organization_id is None else [organization_id]
    others = Integration.objects.filter(tenant=draft.tenant, source_organization_id__in=found)
    others = others.exclude(Q(uid=draft.uid) | Q(source_organization_id="")).order_by("handle")
    if not others:
        return ""
    ours = [each.handle for each in others if each.organization_id == draft.organization_id]
    whose = f"The integration {' and '.join(ours)}" if ours else f"Another integration of {draft.tenant}"
    if any(member_role_name(copy_of(each)) == member_role_name(draft) for each in others):
        return (
            f"{whose} mirrors this AWS organization already, and its role in each account is called"
            f" {member_role_name(draft)} too: what you create from here would take its role away. Enter another Role"
            " Name first."
        )
    return f"{whose} mirrors this AWS organization already. Both work side by side: each has roles of its own."


def discovery_steps(draft: Draft) -> tuple[iac.ManualStep, ...]:
    """Give Manual Setup of the discovery role; nothing without a principal."""
    values = _values(draft, discovery_role_name(draft), draft.discovery_external_id)
    return iac.discovery_steps(**values) if values else ()


def member_steps(draft: Draft) -> tuple[iac.ManualStep, ...]:
    """Give Manual Setup of the role in each account; nothing without a principal."""
    values = _values(draft, member_role_name(draft), draft.connection_external_id)
    return iac.member_steps(**values) if values else ()


def download(draft: Draft, name: str) -> tuple[str, str]:
    """Make one of the files, as (file name, text); raises NothingToHandOutError with a sentence."""
    make, stem = FILES[name]
    try:
        text = make(draft)
    except iac.StackSetUnavailableError as error:
        raise NothingToHandOutError(str(error)) from error
    return f"{stem}-{draft.handle or 'draft'}.{name.rpartition('.')[2]}", text


def events_template(draft: Draft, endpoint: str) -> tuple[str, str]:
    """Make the template that forwards events, as (file name, text); it trusts nobody, so needs no principal."""
    text = iac.events_cloudformation(partition=partition_of(draft) or "aws", endpoint=endpoint, key_header=KEY_HEADER)
    return f"pipes-events-{draft.handle}.yaml", text


def why_no_stackset(draft: Draft) -> str:
    """Say why there is no StackSet to download for this draft; empty when there is one."""
    try:
        iac.member_stackset(**_needed(draft, member_role_name(draft), draft.connection_external_id), targets=None)
    except (NothingToHandOutError, iac.StackSetUnavailableError) as error:
        return str(error)
    return ""


def where_stackset_goes(draft: Draft) -> str:
    """Say where the StackSet creates the role, to go on with after "creates the role in"; the draft may be a copy."""
    selection = Selection.of(draft.selection)
    if selection.is_everything:
        return "all accounts of your AWS organization, the management account and accounts that join later included"
    snapshot = results.newest_snapshot(draft)
    words = Outline(snapshot, selection).words if snapshot else in_words(selection, {})
    if snapshot is None and not selection.exclude <= {ROOT}:
        return f"the OUs that you enter when you launch it. Chosen in Accounts to mirror: {words}"
    return f"what is chosen in Accounts to mirror: {words} Download it again when you choose otherwise"


def _discovery_terraform(draft: Draft) -> str:
    return iac.discovery_terraform(**_needed(draft, discovery_role_name(draft), draft.discovery_external_id))


def _discovery_cloudformation(draft: Draft) -> str:
    return iac.discovery_cloudformation(**_needed(draft, discovery_role_name(draft), draft.discovery_external_id))


def _member_stackset(draft: Draft) -> str:
    values = _needed(draft, member_role_name(draft), draft.connection_external_id)
    return iac.member_stackset(**values, targets=_targets(draft))


def _targets(draft: Draft) -> iac.Targets | None:
    """Aim at what is mirrored; None where the tree would have to be known for that, and is not."""
    selection = Selection.of(draft.selection)
    snapshot = None if selection.is_everything else results.newest_snapshot(draft)
    if snapshot is not None:
        outline, management = Outline(snapshot, selection), snapshot.management_account_id
        singles = [account_id for account_id in outline.single_accounts if account_id != management]
        has_management = ticked_accounts(snapshot, selection).get(management, False)
        return iac.Targets(snapshot.root.source_id, tuple(outline.whole_folders), tuple(singles), has_management)
    root_id = _root_id(draft)
    if root_id is None or not selection.exclude <= {ROOT}:
        return None
    if selection.is_everything:
        return iac.Targets(root_id, (root_id,))
    accounts, folders = set(filter(str.isdecimal, selection.include)), selection.include - {ROOT}
    return iac.Targets(root_id, tuple(sorted(folders - accounts)), tuple(sorted(accounts)))


def _root_id(draft: Draft) -> str | None:
    discovery = results.newest_passed(draft, AccessTest.Kind.DISCOVERY)
    if discovery is not None:
        return str(discovery.report["root_id"])
    mirrored = Integration.objects.filter(uid=draft.uid).exclude(source_organization_id="")
    return mirrored.values_list("root_folder__source_id", flat=True).first()


FILES: Final[dict[str, tuple[Callable[[Draft], str], str]]] = {
    "discovery.tf": (_discovery_terraform, "pipes-discovery"),
    "discovery.yaml": (_discovery_cloudformation, "pipes-discovery"),
    "members.yaml": (_member_stackset, "pipes-members"),
}


def _needed(draft: Draft, role_name: str, external_id: str) -> dict[str, Any]:
    values = _values(draft, role_name, external_id)
    if not values:
        raise NothingToHandOutError(
            "This installation has no AWS identity of its own yet that a role could trust. Ask whoever runs it to set"
            " PIPES_AWS_PRINCIPAL_ARN."
        )
    return values


def _values(draft: Draft, role_name: str, external_id: str) -> dict[str, Any]:
    partition = partition_of(draft)
    principal = settings.PIPES_AWS_PRINCIPALS.get(partition or "")
    if principal is None:
        return {}
    return {
        "partition": partition,
        "principal_arn": principal,
        "external_id": external_id,
        "role_name": role_name,
    }

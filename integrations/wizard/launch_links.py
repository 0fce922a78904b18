"""Links that launch a published template in the AWS console with everything filled in; empty where there are none."""

from typing import Any

from django.conf import settings as installation

from integrations.aws import iac
from integrations.aws.iac import launch
from integrations.models import AccessTest
from integrations.models.settings import NamedSettings
from integrations.wizard import setup_files


def for_discovery(settings: NamedSettings) -> str:
    return _link(settings, AccessTest.Kind.DISCOVERY, "discovery.yaml", "pipes-discovery.yaml")


def for_members(settings: NamedSettings) -> str:
    """Give none where accounts are chosen alone either: which they are is in no parameter."""
    if not installation.PIPES_TEMPLATES_URL or setup_files.served_partition(settings) == iac.WITHOUT_STACK_SETS:
        return ""
    return _link(settings, AccessTest.Kind.CONNECTION, "members.yaml", "pipes-members.yaml")


def _link(settings: NamedSettings, kind: AccessTest.Kind, file: str, template: str) -> str:
    values = setup_files.FILES[file][2](settings) if installation.PIPES_TEMPLATES_URL else {}
    targets: iac.Targets | None = values.get("targets")
    if not values or (targets and (targets.accounts or not targets.folders)):
        return ""
    return launch.link(
        published=installation.PIPES_TEMPLATES_URL,
        partition=values["partition"],
        template=template,
        stack=setup_files.stack_name(settings, kind),
        parameters=_parameters(values, targets),
    )


def _parameters(values: dict[str, Any], targets: iac.Targets | None) -> dict[str, str]:
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

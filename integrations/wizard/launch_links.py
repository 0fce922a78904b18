"""Links that launch a published template in the AWS console with everything filled in; empty where there are none."""

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
        parameters=setup_files.parameters(values),
    )

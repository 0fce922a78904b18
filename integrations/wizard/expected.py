"""What we expect of a role, to compare it with what is there: what each thing is called, and its value to copy."""

from django.conf import settings as installation

from integrations.aws.regions import sts_endpoint
from integrations.models import AccessMode
from integrations.models.settings import AccessSettings, NamedSettings
from integrations.wizard import setup_files

Expected = list[tuple[str, str]]


def of_discovery(settings: AccessSettings) -> Expected:
    """Give what the role for discovery must be like; nothing where there is none, or an access key instead."""
    if settings.access_mode != AccessMode.ROLE or not settings.role_arn:
        return []
    return _of_role(settings, ("Role ARN", settings.role_arn), settings.discovery_external_id)


def of_members(settings: NamedSettings) -> Expected:
    """Give what the role in each account must be like."""
    role = settings.member_role
    return _of_role(settings, ("Role Name", role.name_or_default), role.external_id)


def _of_role(settings: AccessSettings, role: tuple[str, str], external_id: str) -> Expected:
    partition = setup_files.served_partition(settings)
    if not partition:
        return []
    return [
        role,
        ("Trusted principal", installation.PIPES_AWS_PRINCIPALS[partition]),
        ("External ID", external_id),
        ("Partition", partition),
        ("STS endpoint", sts_endpoint(partition)),
    ]

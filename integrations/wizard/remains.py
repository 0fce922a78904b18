"""What stays in AWS of a draft or an integration, also after it is gone here: then an address of ours has the names."""

from dataclasses import asdict

from django.core import signing

from integrations.access.findings import partition_of
from integrations.aws.iac.removal import Remains
from integrations.models import AccessMode, AccessTest, EventInlet, Integration
from integrations.models.settings import NamedSettings
from integrations.wizard import setup_files
from workspaces.access import Scope


def of(settings: NamedSettings) -> Remains:
    """Give what was made for these settings, as far as our files and lines were used."""
    is_by_key = settings.access_mode == AccessMode.KEY
    partition = setup_files.served_partition(settings) or partition_of(settings)
    return Remains(
        partition=partition,
        discovery_stack=setup_files.stack_name(settings, AccessTest.Kind.DISCOVERY),
        discovery_role=setup_files.discovery_role_name(settings),
        member_stack=setup_files.stack_name(settings, AccessTest.Kind.CONNECTION),
        member_role=settings.member_role.name_or_default,
        policy_arn=setup_files.policy_of(settings).arn(partition, "ACCOUNT_ID"),
        user=setup_files.user_name(settings) if is_by_key else "",
        has_events=isinstance(settings, Integration) and EventInlet.objects.filter(integration=settings).exists(),
    )


def reference(integration: Integration) -> str:
    """Make what an address holds so that it can be read after the integration is gone."""
    owner = [integration.tenant_id, integration.organization_id]
    return _signer().sign_object([*owner, integration.handle, asdict(of(integration))])


def read(reference: str, scope: Scope) -> tuple[str, Remains] | None:
    """Read the handle and what remains; nothing when we did not write it, or of another place."""
    try:
        tenant_id, organization_id, handle, stored = _signer().unsign_object(reference)
    except signing.BadSignature:
        return None
    here = scope.tenant.pk, scope.organization.pk if scope.organization else None
    return (handle, Remains(**stored)) if here == (tenant_id, organization_id) else None


def _signer() -> signing.Signer:
    return signing.Signer(salt="integrations.wizard.remains", sep=".")  # which addresses need not escape

"""From what is configured to what signs in to AWS."""

from collections.abc import Mapping
from typing import Any, Final

from integrations.aws.calls.retry import Retries
from integrations.aws.identifiers import member_role_arn, session_name
from integrations.aws.session import KeyCredentials, RoleCredentials
from integrations.models.settings import AccessMode, AccessSettings, IntegrationSettings

_MOST_TRIES: Final = 10  # a test has seconds, however patient the connection is


def credentials_of(settings: AccessSettings, *, purpose: str) -> RoleCredentials | KeyCredentials:
    """Give the credentials for discovery, or of one connection; ``purpose`` shows in the customer's CloudTrail.

    Raises SecretUnreadableError when the stored secret key cannot be decrypted.
    """
    if settings.access_mode == AccessMode.KEY:
        return KeyCredentials(settings.access_key_id, settings.secret_key)
    name = session_name(settings.tenant.handle, purpose)
    return RoleCredentials(settings.role_arn, settings.discovery_external_id, name)


def member_credentials(
    settings: IntegrationSettings, account_id: str, *, partition: str, purpose: str
) -> RoleCredentials:
    """Give the credentials for one account of an AWS organization: its role of the Connection Settings."""
    role = settings.member_role
    role_arn = member_role_arn(partition, account_id, role.name)
    return RoleCredentials(role_arn, role.external_id, session_name(settings.tenant.handle, purpose))


def retries_of(options: Mapping[str, Any]) -> Retries:
    """Give how often a test of a connection with these options tries again, and how soon: as the connection would."""
    tries = min(options["max_error_retry_attempts"], _MOST_TRIES)
    return Retries(faults=tries, throttles=tries, first_wait=options["min_error_retry_delay"] / 1000)

"""From what is configured to what signs in to AWS."""

from integrations.aws.identifiers import session_name
from integrations.aws.session import KeyCredentials, RoleCredentials
from integrations.models.settings import AccessMode, AccessSettings


def credentials_of(settings: AccessSettings, *, purpose: str) -> RoleCredentials | KeyCredentials:
    """Give the credentials for discovery, or of one connection; ``purpose`` shows in the customer's CloudTrail.

    Raises SecretUnreadableError when the stored secret key cannot be decrypted.
    """
    if settings.access_mode == AccessMode.KEY:
        return KeyCredentials(settings.access_key_id, settings.secret_key)
    name = session_name(settings.tenant.handle, purpose)
    return RoleCredentials(settings.role_arn, settings.discovery_external_id, name)

"""The settings of an integration as programs send and read them: one map, whose keys are those of Pipes.

What came comes back as it came, and nothing else, or Terraform would plan a change for ever; but a secret never does,
and where somebody has changed a setting since, what it is now. An integration that was made in the console shows all.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from integrations.api import external_ids
from integrations.api.options import LOCATIONS, SentOptions, typed
from integrations.aws.external_id import new_external_id
from integrations.connection_options import OPTIONS
from integrations.models import AccessMode, Integration
from integrations.models.settings import NamedSettings, default_options
from integrations.wizard.steps.connection import ConnectionForm
from integrations.wizard.steps.discovery import DiscoveryForm
from workspaces.access import Scope
from workspaces.api.bodies import Body, checked
from workspaces.api.problems import invalid
from workspaces.api.routes import named
from workspaces.database import at_most_one
from workspaces.encryption import SecretUnreadableError
from workspaces.models import Organization, Workspace

SECRET: Final = "discovery_secret_key"  # noqa: S105  the name of a key
_MODES: Final = {"role": AccessMode.ROLE, "access_key": AccessMode.KEY}
# The fields of forms, by what programs call them.
_DISCOVERY: Final = {
    "access_mode": "config.discovery_mode",
    "role_arn": "config.discovery_role_arn",
    "access_key": "config.discovery_access_key",
    "secret_key": "config.discovery_secret_key",
}
_CONNECTION: Final = LOCATIONS | {name: f"config.{name}" for name in ("handle_prefix", "role_name")}
_EXTERNAL_IDS: Final = {"discovery_external_id": "discovery_external_id", "external_id": "connection_external_id"}


class Audience(Body):
    """Who may use what is discovered: the whole tenant, an organization, or one of its workspaces."""

    tenant_handle: str | None = None
    identity_handle: str | None = None
    workspace_handle: str | None = None


class Config(SentOptions):
    """How to sign in to AWS, what connections are called, and what they begin with. All but the mode may be absent."""

    discovery_mode: Literal["role", "access_key"] | None = None
    discovery_role_arn: str | None = None
    discovery_role_name: str | None = None
    discovery_external_id: str | None = None
    discovery_access_key: str | None = None
    discovery_secret_key: str | None = Field(default=None, description="Never in an answer; absent keeps it")
    role_name: str | None = None
    external_id: str | None = None
    handle_prefix: str | None = None
    permissions: list[Audience] | None = None
    permitted_external_id_identifiers: list[str] | None = None

    @property
    def sent(self) -> dict[str, Any]:
        """Everything that was sent but the secret, as it was sent."""
        return self.model_dump(exclude_unset=True, exclude={SECRET})


def apply_discovery(settings: NamedSettings, config: Config) -> None:
    """Put onto settings, which are not saved, how to sign in. Raises ProblemError."""
    sent = config.model_fields_set
    mode = _MODES.get(config.discovery_mode or "", AccessMode(settings.access_mode))
    data = {
        "access_mode": mode.value,
        "role_arn": config.discovery_role_arn if "discovery_role_arn" in sent else settings.role_arn,
        "access_key": config.discovery_access_key if "discovery_access_key" in sent else settings.access_key_id,
        "secret_key": "" if _is_stored(settings, config) else config.discovery_secret_key or "",
        "partition": settings.partition,
    }
    form = DiscoveryForm(settings, data)
    checked(form, **_DISCOVERY)
    name = config.discovery_role_name
    if name and mode == AccessMode.ROLE and form.cleaned_data["role_arn"].rpartition("/")[2] != name:
        raise invalid("config.discovery_role_name", "It is not the name at the end of discovery_role_arn.")
    form.keep()


def _is_stored(settings: NamedSettings, config: Config) -> bool:
    """Whether the key pair that was sent is the one that is stored: Terraform sends it with every change."""
    try:
        stored = (settings.access_key_id, settings.secret_key)
    except SecretUnreadableError:
        return False
    return stored == (config.discovery_access_key, config.discovery_secret_key)


def apply_connection(settings: NamedSettings, config: Config, *, before: Mapping[str, Any] | None = None) -> None:
    """Put onto settings, which are not saved, what connections are called and begin with. Raises ProblemError.

    An option that the same program has sent ``before`` and sends no more is what it begins with.
    """
    sent, unset = config.model_fields_set, set(before or {}) - config.model_fields_set
    now = default_options() | settings.options | {name: default_options()[name] for name in unset & OPTIONS.keys()}
    wanted = now | config.options
    wanted["regions"] = wanted["regions"] or ["*"]  # as Terraform sends those that were not set
    prefix = (
        config.handle_prefix if "handle_prefix" in sent else "" if "handle_prefix" in unset else settings.handle_prefix
    )
    data = {
        "handle_prefix": prefix or "",
        "role_name": config.role_name or settings.member_role.name_or_default,
        **typed(wanted),
    }
    form = ConnectionForm(settings, data)
    policy = settings.member_policy
    checked(form, **_CONNECTION)
    form.keep()
    settings.member_policy = policy  # which programs do not know


def apply_external_ids(settings: NamedSettings, config: Config) -> None:
    """Put external ids onto settings that are to be made: those that were sent, or new ones. Raises ProblemError."""
    own = (settings.organization or settings.tenant).public_id
    for key, column in _EXTERNAL_IDS.items():
        text = getattr(config, key)
        if not text:
            setattr(settings, column, new_external_id(own))
            continue
        external_ids.check(settings.scope, f"config.{key}", text)
        setattr(settings, column, text)


def check_external_ids_stay(integration: Integration, config: Config) -> None:
    """Refuse other external ids for an integration that is there. Raises ProblemError."""
    for key, column in _EXTERNAL_IDS.items():
        text = getattr(config, key)
        if text and text not in (getattr(integration, column), getattr(integration, f"next_{column}")):
            raise invalid(
                f"config.{key}",
                "The external id of an integration is not changed here: Rotate it in the console, where the one in use"
                " stays until a test with the new one is green.",
            )


def audiences(scope: Scope, config: Config) -> list[Scope]:
    """Find whom the permissions name. Raises ProblemError for what is outside the integration's own scope."""
    return [_audience(scope, audience) for audience in config.permissions or ()]


def _audience(scope: Scope, audience: Audience) -> Scope:
    field, tenant = "config.permissions", scope.tenant
    wanted = audience.given(tenant="tenant_handle", organization="identity_handle", workspace="workspace_handle")
    if "organization" not in wanted:
        if set(wanted) != {"tenant"} or wanted["tenant"] not in (tenant.handle, tenant.public_id):
            raise invalid(
                field, "Each permission names tenant_handle, or identity_handle with or without workspace_handle."
            )
        if scope.organization is not None:
            raise invalid(field, f"What {scope} owns can be shared with {scope} and its workspaces only.")
        return scope
    organization = at_most_one(Organization.objects.filter(named(wanted["organization"]), tenant=tenant))
    if organization is None or (scope.organization and organization != scope.organization):
        raise invalid(field, f"{wanted['organization']} is no organization that {scope} can share with.")
    if "workspace" not in wanted:
        return Scope(tenant, organization)
    workspace = at_most_one(Workspace.objects.filter(named(wanted["workspace"]), organization=organization))
    if workspace is None:
        raise invalid(field, f"{wanted['workspace']} is no workspace of {tenant}/{organization}.")
    return Scope(tenant, organization, workspace)


def shown(integration: Integration, *, is_tried: bool = False) -> dict[str, Any]:
    """Give the settings as a program sent them; what was changed since as it is now.

    While other credentials are tried they are what was sent: else Terraform would plan to send them again.
    """
    if is_tried and integration.sent_config is not None:
        return dict(integration.sent_config)
    now = _now(integration)
    if integration.sent_config is None:
        return {key: value for key, value in now.items() if value not in (None, "", [])}
    return {
        key: value if key not in now or _is_same(key, value, now[key]) else now[key]
        for key, value in integration.sent_config.items()
    }


def _now(integration: Integration) -> dict[str, Any]:
    is_role = integration.access_mode == AccessMode.ROLE
    return {
        "discovery_mode": "role" if is_role else "access_key",
        "discovery_role_arn": integration.role_arn,
        "discovery_access_key": integration.access_key_id,
        "discovery_external_id": integration.discovery_external_id if is_role else "",
        "role_name": integration.member_role.name_or_default,
        "external_id": integration.connection_external_id,
        "handle_prefix": integration.handle_prefix,
        **default_options(),
        **integration.options,
    }


def _is_same(key: str, sent: Any, now: Any) -> bool:
    if sent in (None, "", []):  # it was not set: what everything begins with, or what was made for it
        return key in _EXTERNAL_IDS or now in (None, "", [], default_options().get(key))
    return bool(sent == now)

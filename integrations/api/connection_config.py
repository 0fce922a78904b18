"""The ``config`` of connections, as programs send it: options, and how a connection made by hand signs in."""

from typing import Any, Final

from pydantic import Field

from connections import manual_nodes
from connections.sharing import Node
from integrations.access import findings
from integrations.access.connection_options import integration_of
from integrations.api import external_ids
from integrations.api.options import LOCATIONS, SentOptions, typed
from integrations.forms.account_access import AccountForm
from integrations.forms.connection_options import OptionsForm
from integrations.models import AccessMode, AccountAccess
from integrations.models.settings import default_options
from integrations.nodes import account_access, managed
from workspaces.access import Scope
from workspaces.api.bodies import checked
from workspaces.api.problems import ProblemError, invalid
from workspaces.database import at_most_one
from workspaces.models import User

_AT: Final = LOCATIONS | {name: f"config.{name}" for name in ("role_arn", "access_key", "secret_key")}
_SIGN_IN: Final = ("role_arn", "external_id", "access_key", "secret_key")


class ConnectionConfig(SentOptions):
    """The options that a connection has of its own, all others it inherits; and a role or a key, if made by hand."""

    role_arn: str | None = None
    external_id: str | None = None
    access_key: str | None = None
    secret_key: str | None = Field(default=None, description="Never in an answer; absent keeps it")

    @property
    def signs_in(self) -> bool:
        """Whether it says how to sign in."""
        return any(getattr(self, name) for name in _SIGN_IN)


def external_id_for(scope: Scope, config: ConnectionConfig | None) -> str:
    """Give the external id that was sent for a connection that is to be made, if any. Raises ProblemError."""
    text = (config and config.external_id) or ""
    if text:
        external_ids.check(scope, "config.external_id", text)
    return text


def save(node: Node, config: ConnectionConfig, *, by: User) -> None:
    """Make the options of a connection exactly these, and sign in so, where that is said. Raises ProblemError."""
    if node.is_managed and config.signs_in:
        raise ProblemError(409, manual_nodes.why_managed(node, "signed in to"))
    integration = integration_of(node)
    if integration is not None:
        partition = findings.partition_of(integration)
    else:
        access = at_most_one(AccountAccess.objects.select_related("tenant", "organization").filter(connection=node.pk))
        if access is not None:
            access.connection = node  # type: ignore[assignment]  # folders have no config
            _sign_in(access, config, by=by)
            sent = [name for name in _SIGN_IN if getattr(config, name) and name != "secret_key"]
            AccountAccess.objects.filter(pk=access.pk).update(sent_keys=sent)
        partition = findings.partition_of(access) if access else findings.first_partition()
    seen = managed.node_fingerprint(node)
    managed.change_options(node=node, options=_options(config, partition), seen=seen, by=by)


def _options(config: ConnectionConfig, partition: str) -> dict[str, Any]:
    """Give the options that were sent. Raises ProblemError."""
    form = OptionsForm(default_options(), typed(default_options() | config.options), partition=partition)
    checked(form, **_AT)
    return {name: form.wanted[name] for name in config.options}


def _sign_in(access: AccountAccess, config: ConnectionConfig, *, by: User) -> None:
    """Store another role or key. Raises ProblemError."""
    if config.external_id and config.external_id not in (access.discovery_external_id, access.tested_external_id):
        raise invalid(
            "config.external_id",
            "The external id of a connection is not changed here: Rotate it in the console, where the one in use stays"
            " until a test with the new one is green.",
        )
    is_key = bool(config.access_key or config.secret_key)
    if is_key and config.role_arn:
        raise invalid("config.role_arn", "A connection signs in with a role or with a key. Send one of the two.")
    if not (is_key or config.role_arn):
        return
    form = AccountForm(
        access,
        {
            "access_mode": (AccessMode.KEY if is_key else AccessMode.ROLE).value,
            "role_arn": config.role_arn or "",
            "access_key": config.access_key or access.access_key_id,
            "secret_key": config.secret_key or "",
        },
    )
    checked(form, **_AT)
    form.keep()
    form.refuse_open_role()
    checked(form, **_AT)
    seen = account_access.fingerprint(access)
    account_access.change_access(access=access, wanted=form.settings, seen=seen, by=by)

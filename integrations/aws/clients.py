"""The clients of AWS's library, shared by all customers: each call brings the keys that sign it.

A client costs as much as several calls, over TLS many; a shared one also keeps its connections open.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

from integrations.aws.regions import home_region

_CONNECT_SECONDS: Final = 5
_CONNECTIONS: Final = 100  # kept open by each client: more than the threads of a worker use at once

_making = threading.Lock()  # clients are thread-safe, the botocore session that makes them is not


@dataclass(frozen=True, slots=True)
class Keys:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str | None = field(repr=False)


_keys: ContextVar[Keys] = ContextVar("keys")  # without a default: a call that brings none fails, and signs nothing


class _KeysOfTheCall:
    """All the credentials that the shared session knows of, in the place where botocore has a chain of sources."""

    method = "explicit"
    account_id = None

    def load_credentials(self) -> "_KeysOfTheCall":
        return self

    def get_frozen_credentials(self) -> Any:
        """Give what signs the call that this thread is about to send. Raises LookupError outside of a call."""
        from botocore.credentials import ReadOnlyCredentials  # slow to import

        keys = _keys.get()
        return ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.token)

    def get_deferred_property(self, _name: str) -> Callable[[], None]:
        """Leave the account's id out of endpoints."""
        return lambda: None


def send(
    keys: Keys, service: str, method: str, parameters: Mapping[str, Any], *, partition: str, answer_within: float
) -> dict[str, Any]:
    """Send one request, signed with these keys. Raises botocore's errors."""
    with _making:
        client = _client(service, partition, settings.AWS_ENDPOINT_URL, answer_within)
    token = _keys.set(keys)
    try:
        answer: dict[str, Any] = getattr(client, method)(**parameters)
    finally:
        _keys.reset(token)
    return answer


@functools.lru_cache(maxsize=32)
def _client(service: str, partition: str, endpoint_url: str | None, answer_within: float) -> Any:
    return session().create_client(
        service, home_region(partition), endpoint_url=endpoint_url, config=client_config(answer_within)
    )


@functools.lru_cache(maxsize=1)
def session() -> Any:
    """The botocore session that makes the shared clients: it holds AWS's service descriptions, no credentials.

    Nothing of this server's own AWS configuration becomes part of what customers' keys sign: no profile, file or
    variable of the environment is looked at, only botocore's defaults.
    """
    import botocore.session  # slow to import
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider

    shared = botocore.session.Session()
    defaults = {name: default for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    defaults |= {"config_file": None, "credentials_file": None}
    store = ConfigValueStore({name: ConstantProvider(default) for name, default in defaults.items()})
    shared.register_component("config_store", store)
    shared.register_component("credential_provider", _KeysOfTheCall())
    return shared


def descriptions() -> Any:
    """Give botocore's loader of AWS's service descriptions, so that other sessions do not load them again."""
    with _making:
        return session().get_component("data_loader")


def client_config(answer_within: float) -> Any:
    """How each client behaves: no retries of botocore's own, and no endpoints from the environment."""
    from botocore import __version__  # slow to import
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=answer_within,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 1},
        ignore_configured_endpoint_urls=True,
        user_agent=f"pipes Botocore/{__version__}",  # botocore's takes a tenth of each call
    )

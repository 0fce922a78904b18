"""Our own AWS identity, with which we ask for the roles of customers.

What goes wrong with it is no customer's fault, and passes when the operator of this installation mends it. So it is
reported as ours, and credentials that were replaced are found without a restart.
"""

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings

from integrations.aws import clients
from integrations.aws.errors import OwnFault
from integrations.aws.principals import add_own_key
from integrations.aws.regions import home_region

log = structlog.get_logger(__name__)

_looking = threading.Lock()  # a program or a network may be asked: once, and only who needs the answer waits


@dataclass(frozen=True, slots=True)
class _Own:
    """The client, and the credentials that it signs with."""

    client: Any
    credentials: Any

    @property
    def keys(self) -> tuple[str | None, ...]:
        """What signs now; those that are fetched from somewhere are fetched anew in time."""
        return tuple(self.credentials.get_frozen_credentials())


def ask_for_role(partition: str, answer_within: float, parameters: Mapping[str, str | int]) -> dict[str, Any]:
    """Send one AssumeRole signed by ourselves. Raises OwnFault when we have nothing to sign with, or botocore's errors.

    When AWS does not take our credentials they are looked for anew: somebody may have replaced them.
    """
    from botocore.exceptions import ClientError  # slow to import

    from integrations.aws.calls.error_sentences import is_about_credentials

    own, keys = _ready(partition, answer_within)
    try:
        answer: dict[str, Any] = own.client.assume_role(**parameters)
    except ClientError as error:
        if not is_about_credentials(error):
            raise
        _own.cache_clear()
        own, replaced = _ready(partition, answer_within)
        if replaced == keys:
            log.error("own_aws_credentials_refused", partition=partition, code=error.response["Error"]["Code"])
            raise
        answer = own.client.assume_role(**parameters)
    return answer


def _ready(partition: str, answer_within: float) -> tuple[_Own, tuple[str | None, ...]]:
    """Give the client and what it signs with. What fails here fails before any customer is asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    from integrations.aws.calls.error_sentences import is_about_clock, translate

    try:
        own = _own(partition, settings.AWS_ENDPOINT_URL, answer_within)
        keys = own.keys
        add_own_key(keys[0])
        return own, keys
    # A profile may run a program, read a file or ask AWS for a role of ours; botocore lets errors of all three through.
    except (BotoCoreError, ClientError, OSError, RuntimeError, ValueError) as error:
        _own.cache_clear()
        if isinstance(error, ClientError) and is_about_clock(error):
            raise translate(error, operation=error.operation_name, subject="") from None
        kind = type(error).__name__
        log.error("own_aws_credentials_missing", partition=partition, kind=kind)
    # Not chained: the texts of such errors may hold what programs answered.
    raise OwnFault(
        "This installation has no AWS credentials of its own that work, so AWS could not be asked"
        f" (AssumeRole: {kind}). Nothing is wrong with the role. The operator of this installation must provide them"
        " in one of the usual places; it is tried again by itself.",
        operation="AssumeRole",
        code=kind,
    )


@functools.lru_cache(maxsize=8)
def _own(partition: str, endpoint_url: str | None, answer_within: float) -> _Own:
    """The only client made from the server's own credential chain: it asks STS for the roles of customers.

    A profile named ``pipes-{partition}`` in the AWS configuration serves that partition, where credentials of one
    installation must reach several.
    """
    import botocore.session  # slow to import
    from botocore.exceptions import NoCredentialsError

    profile = f"pipes-{partition}"
    with _looking:
        own = botocore.session.Session()
        if profile in own.available_profiles:
            own = botocore.session.Session(profile=profile)
        own.register_component("data_loader", clients.descriptions())
        credentials = own.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        client = own.create_client(
            "sts", home_region(partition), endpoint_url=endpoint_url, config=clients.client_config(answer_within)
        )
        return _Own(client, credentials)

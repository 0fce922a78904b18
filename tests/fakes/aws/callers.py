"""Who calls: from a signed request to a principal with its policies, or to the reason why not."""

import time
from dataclasses import dataclass, field
from enum import Enum

from tests.fakes.aws.policy import Policy
from tests.fakes.aws.sessions import Session, Sessions
from tests.fakes.aws.signature import (
    Request,
    is_signed_with,
    parse_signature,
    partition_of_region,
    refusal_of_time,
)
from tests.fakes.aws.world import World


class Refusal(Enum):
    """Why a request's signature is not accepted; each service has its own code for it."""

    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown key"
    WRONG_SIGNATURE = "wrong signature"
    STALE = "stale"
    EXPIRED = "expired"


class NotAuthenticated(Exception):  # noqa: N818 - it is a state of a request, worded by the service that answers
    """The request does not prove who sent it."""

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.message = message


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request. ``arn`` is what AWS shows; ``principal_arn`` is the role or user behind it."""

    arn: str
    principal_arn: str
    account_id: str
    partition: str
    user_id: str
    policies: list[Policy] = field(repr=False)

    @property
    def is_role(self) -> bool:
        """Whether a further AssumeRole would be role chaining."""
        return ":assumed-role/" in self.arn


def identify(world: World, sessions: Sessions, request: Request, service: str, *, ahead: float = 0.0) -> Caller:
    """Return who signed the request for this service; raises ``NotAuthenticated``.

    ``ahead`` is how many seconds AWS's clock is before that of whoever calls.
    """
    now = time.time() + ahead
    signature = parse_signature(request)
    if signature is None or signature.service != service:
        raise NotAuthenticated(Refusal.UNSIGNED)
    token = request.headers.get("x-amz-security-token", "")
    session = sessions.open(token) if token else None
    if signature.key_id.startswith("ASIA"):
        if session is None or session.key_id != signature.key_id:
            raise NotAuthenticated(Refusal.UNKNOWN_KEY)
        secret, caller = sessions.secret(session.key_id), _caller_of_session(world, session)
    else:
        key = world.iam.keys.get(signature.key_id)
        if key is None or not key.is_active or token:
            raise NotAuthenticated(Refusal.UNKNOWN_KEY)
        secret, caller = key.secret, _caller_of_principal(world, key.principal_arn, key.id)
    if partition_of_region(signature.region) != caller.partition:
        raise NotAuthenticated(Refusal.UNKNOWN_KEY)
    if not is_signed_with(secret, signature, request):
        raise NotAuthenticated(Refusal.WRONG_SIGNATURE)
    if wrong_time := refusal_of_time(request, now):
        raise NotAuthenticated(Refusal.STALE, wrong_time)
    if session is not None and sessions.is_over(session, now):
        raise NotAuthenticated(Refusal.EXPIRED)
    return caller


def _caller_of_session(world: World, session: Session) -> Caller:
    return _caller_of_role(world, session.role_arn, session.name, session.key_id)


def _caller_of_principal(world: World, arn: str, key_id: str) -> Caller:
    user = world.iam.users.get(arn)
    if user is None:  # a role whose machine was given a key pair
        return _caller_of_role(world, arn, "server", key_id)
    user_id = f"AIDA{key_id[4:]}"
    return Caller(arn, arn, user.account_id, user.partition, user_id, user.policies)


def _caller_of_role(world: World, arn: str, session_name: str, key_id: str) -> Caller:
    role = world.role(arn)
    if role is None:  # deleted since
        raise NotAuthenticated(Refusal.UNKNOWN_KEY)
    shown = f"arn:{role.partition}:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
    return Caller(shown, arn, role.account_id, role.partition, f"AROA{key_id[4:]}:{session_name}", role.policies)

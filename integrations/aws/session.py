"""Who we are towards AWS: the clients that discovery uses, and the roles that we ask for with our own identity."""

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

from integrations.aws.calls.rate_limit import Budget, Pacer
from integrations.aws.calls.retry import OPERATIONS, Call, Retries, perform
from integrations.aws.clients import Keys, send
from integrations.aws.errors import ExpiredCredentials, InvalidCredentials, NoPrincipal, OursNotTheirs, incomplete
from integrations.aws.identifiers import RoleArn, check_role_arn
from integrations.aws.own_credentials import ask_for_role
from integrations.aws.principals import why_own_key, why_own_role

# An hour is the most that a role may ask for when it was itself assumed; less would cost more calls.
_SESSION_SECONDS: Final = 3600
_MOST_RENEWALS: Final = 10  # for one call, one after the other; that many take longer than any fault of AWS's lasts
_CALL_SECONDS: Final = 120.0  # for a single call with all its attempts
_SERVICES: Final = {"GetCallerIdentity": "sts"}  # the others are of Organizations


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """A role in a customer's account, assumed by our own principal; ``external_id`` is None only to probe a role."""

    role_arn: str
    external_id: str | None
    session_name: str


@dataclass(frozen=True, slots=True)
class KeyCredentials:
    """A long-lived access key of an IAM user."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


class AwsSession:
    """Calls to Organizations and STS with one customer's credentials. Thread-safe.

    A role whose session runs out is asked for again. ``calls`` counts each call sent, AssumeRole included.
    """

    def __init__(self, partition: str, renew: Callable[[], Keys], counter: "Counter", retries: Retries) -> None:
        self.partition = partition
        self._renew = renew
        self._counter = counter
        self._retries = retries
        self._renewing = threading.Lock()
        share = settings.PIPES_AWS_QUOTA_SHARE
        self._pacers = {name: Pacer(each.rate * share, each.burst * share) for name, each in OPERATIONS.items()}
        self._keys = renew()
        self._caller: dict[str, Any] = {}

    @property
    def calls(self) -> int:
        return self._counter.calls

    def call(
        self, operation: str, *, subject: str = "", budget: Budget | None = None, **parameters: str | int
    ) -> dict[str, Any]:
        """The answer to one operation, complete; ``subject`` is for messages. Raises AwsError."""
        budget = budget or Budget(_CALL_SECONDS)
        for attempt in range(1, _MOST_RENEWALS + 1):
            keys = self._keys
            try:
                return self._perform(keys, operation, subject, budget, parameters)
            except ExpiredCredentials:
                if self._renewed(keys) is keys:  # a long-lived key: there is no other one
                    raise
            if attempt > 1:  # new ones ran out at once
                budget.wait(self._retries.wait(attempt - 1), operation)
        return self._perform(self._keys, operation, subject, budget, parameters)

    def caller(self) -> dict[str, Any]:
        """Say who the credentials are, as GetCallerIdentity does; it is asked once. Raises AwsError."""
        self._caller = self._caller or self.call("GetCallerIdentity")
        return self._caller

    def is_dry(self, operation: str) -> bool:
        """Whether a call of that operation would now have to wait for its turn."""
        return self._pacers[operation].is_dry()

    def _perform(
        self, keys: Keys, operation: str, subject: str, budget: Budget, parameters: Mapping[str, str | int]
    ) -> dict[str, Any]:
        known = OPERATIONS[operation]
        asked = functools.partial(
            send,
            keys,
            _SERVICES.get(operation, "organizations"),
            known.method,
            parameters,
            partition=self.partition,
            answer_within=self._retries.answer_within,
        )
        return perform(
            Call(known, subject, asked),
            pacer=self._pacers[operation],
            budget=budget,
            retries=self._retries,
            on_call=self._counter.count,
        )

    def _renewed(self, stale: Keys) -> Keys:
        """Fresh keys, asked for once however many threads found the old ones expired."""
        with self._renewing:
            if self._keys is stale:
                self._keys = self._renew()
            return self._keys


class Counter:
    """Counts calls from several threads, and reports them one at a time."""

    def __init__(self, on_call: Callable[[], None]) -> None:
        self.calls = 0
        self._on_call = on_call
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.calls += 1
            self._on_call()


def open_session(
    credentials: RoleCredentials | KeyCredentials,
    *,
    on_call: Callable[[], None] = lambda: None,
    retries: Retries | None = None,
) -> AwsSession:
    """Let the credentials in: assume the role, or find the partition that knows the key. Raises AwsError.

    ``on_call`` is called for each call sent, from several threads but never at once.
    """
    counter, retries = Counter(on_call), retries or Retries()
    if isinstance(credentials, KeyCredentials):
        return _open_with_key(credentials, counter, retries)
    role = check_role_arn(credentials.role_arn)

    def renew() -> Keys:
        return assume_role(role, credentials, retries=retries, on_call=counter.count)

    return AwsSession(role.partition, renew, counter, retries)


def _open_with_key(credentials: KeyCredentials, counter: Counter, retries: Retries) -> AwsSession:
    """A key does not say which partition it is of: ask each one that we serve who it is."""
    if not credentials.access_key_id or not credentials.secret_access_key:
        raise InvalidCredentials(
            "Half of the key pair is missing: enter the access key and the secret key.",
            operation="GetCallerIdentity",
            code="EmptyKey",
        )
    if why := why_own_key(credentials.access_key_id):
        raise OursNotTheirs(f"{why} (GetCallerIdentity: OwnKey)", operation="GetCallerIdentity", code="OwnKey")
    keys = Keys(credentials.access_key_id, credentials.secret_access_key, None)
    failures: list[InvalidCredentials] = []
    for partition in settings.PIPES_AWS_PRINCIPALS or ("aws",):
        session = AwsSession(partition, lambda: keys, counter, retries)
        try:
            session.caller()
        except InvalidCredentials as error:
            failures.append(error)
        else:
            return session
    # Where it is the secret that is wrong is where the key belongs; that the others do not know it says nothing.
    raise min(failures, key=lambda failure: failure.code == "InvalidClientTokenId")


def assume_role(
    role: RoleArn,
    credentials: RoleCredentials,
    *,
    retries: Retries,
    on_call: Callable[[], None] = lambda: None,
    budget: Budget | None = None,
    pacer: Pacer | None = None,
) -> Keys:
    """Ask for a role with our own identity. Raises AwsError: NoPrincipal when we have none in the role's partition,
    OwnFault when it does not work.
    """
    if role.partition not in settings.PIPES_AWS_PRINCIPALS:
        served = ", ".join(settings.PIPES_AWS_PRINCIPALS) or "none"
        raise NoPrincipal(
            f"{role} is in the AWS partition {role.partition}, where this installation has no identity of its own"
            f" (AssumeRole: NoPrincipal; partitions served: {served}). Its operator can add one to"
            " PIPES_AWS_PRINCIPAL_ARN.",
            operation="AssumeRole",
            code="NoPrincipal",
        )
    if why := why_own_role(role):
        raise OursNotTheirs(f"{why} (AssumeRole: OwnAccount)", operation="AssumeRole", code="OwnAccount")
    parameters: dict[str, str | int] = {
        "RoleArn": str(role),
        "RoleSessionName": credentials.session_name,
        "DurationSeconds": _SESSION_SECONDS,
    }
    if credentials.external_id is not None:
        parameters["ExternalId"] = credentials.external_id
    operation = OPERATIONS["AssumeRole"]
    answer = perform(
        Call(operation, str(role), lambda: ask_for_role(role.partition, retries.answer_within, parameters)),
        pacer=pacer or Pacer(operation.rate, operation.burst),
        budget=budget or Budget(_CALL_SECONDS),
        retries=retries,
        on_call=on_call,
    )
    return _checked_keys(answer["Credentials"], str(role))


def _checked_keys(given: Mapping[str, Any], subject: str) -> Keys:
    """The keys of an AssumeRole answer, all of them."""
    values = [given.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    if not all(isinstance(value, str) and value for value in values):
        raise incomplete("AssumeRole", subject, "a part of the credentials is missing")
    return Keys(*values)  # type: ignore[arg-type]

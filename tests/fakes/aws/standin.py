"""The stand-in itself, without its socket: one request in, one answer out."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.aws import services, wire
from tests.fakes.aws.bus import Bus
from tests.fakes.aws.callers import Caller, NotAuthenticated, identify
from tests.fakes.aws.errors import ApiError
from tests.fakes.aws.events import events_of
from tests.fakes.aws.faults import Call, CallLog, Fault, Faults
from tests.fakes.aws.operations import Members
from tests.fakes.aws.organization import Change
from tests.fakes.aws.sessions import Sessions
from tests.fakes.aws.signature import Request
from tests.fakes.aws.wire import Protocol, Response
from tests.fakes.aws.world import World, save

TARGET = "AWSOrganizationsV20161128."
RECEIVER_FAULTS = ("ServiceException", "InternalFailure", "ServiceUnavailable")


@dataclass
class StandIn:
    """A world that answers as AWS does, with faults on demand; kept in ``file`` if there is one."""

    world: World
    file: Path | None = None
    faults: Faults = field(default_factory=Faults)
    calls: CallLog = field(default_factory=CallLog)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.world.session_key)
        self.bus = Bus(self.world)
        self.follow()

    def follow(self) -> None:
        """Listen to every AWS organization of the world, also to those that came since."""
        for organization in self.world.organizations:
            if self.heard not in organization.listeners:
                organization.listeners.append(self.heard)

    def heard(self, change: Change) -> None:
        """Tell of a change in one of the AWS organizations; it is shown late where that is asked for."""
        self.faults.heard(change)
        if self.world.rules:
            for event in events_of(change):
                self.bus.publish(event)

    def expire_sessions(self) -> None:
        """Make every session that was issued until now an expired one."""
        self.sessions.none_before = time.time()

    def keep(self) -> None:
        """Write the world to its file, if it has one."""
        if self.file is not None:
            with self.lock:
                save(self.world, self.file)

    def respond(self, request: Request) -> Response:
        """Answer one request to Organizations or STS."""
        self.follow()
        target = request.headers.get("x-amz-target", "")
        if not target:
            return self._respond_to_query(request)
        try:
            parameters = json.loads(request.body or b"{}")
        except ValueError:
            return wire.ORGANIZATIONS.error(ApiError("SerializationException", "The body is not JSON."))
        if not target.startswith(TARGET) or not isinstance(parameters, dict):
            return wire.ORGANIZATIONS.error(ApiError("UnknownOperationException", ""))
        operation = target.removeprefix(TARGET)

        def compute(caller: Caller) -> Members:
            return services.organizations(self.world, self.faults, caller, operation, parameters)

        return self._serve(request, wire.ORGANIZATIONS, operation, parameters, compute)

    def _respond_to_query(self, request: Request) -> Response:
        text = request.body.decode("utf-8", "replace") if request.method == "POST" else request.query
        parameters = dict(parse_qsl(text, keep_blank_values=True))
        operation = parameters.get("Action", "")

        def compute(caller: Caller) -> Members:
            if operation == "GetCallerIdentity":
                return services.get_caller_identity(caller)
            if operation == "AssumeRole":
                return services.assume_role(self.world, self.sessions, caller, parameters)
            raise ApiError("InvalidAction", f"Could not find operation {operation} for version 2011-06-15")

        return self._serve(request, wire.STS, operation, parameters, compute)

    def _serve(
        self,
        request: Request,
        protocol: Protocol,
        operation: str,
        parameters: Mapping[str, Any],
        compute: Callable[[Caller], Members],
    ) -> Response:
        call = Call(operation, parameters, "", time.time())
        self.calls.add(call)
        fault = self.faults.meet(operation, parameters)
        try:
            response = self._answer(request, protocol, call, fault, compute)
        except NotAuthenticated as error:
            refusal = protocol.refusal(error)
            call.code, response = refusal.code, protocol.error(refusal)
        except ApiError as error:
            call.code, response = error.code, protocol.error(error)
        self.faults.computed(operation)
        return response

    def _answer(
        self,
        request: Request,
        protocol: Protocol,
        call: Call,
        fault: Fault | None,
        compute: Callable[[Caller], Members],
    ) -> Response:
        if fault is not None and fault.kind in ("drop", "hang", "answer"):
            call.code = fault.kind
            return Response(fault.status, fault.body.encode(), ending="" if fault.kind == "answer" else fault.kind)
        caller = identify(self.world, self.sessions, request, protocol.service, ahead=self.faults.clock_ahead)
        call.account_id = caller.account_id
        if self.faults.is_throttled(call.operation, caller.account_id):
            raise ApiError(*protocol.throttled)
        if fault is not None and fault.kind == "error":
            status = 500 if fault.code in RECEIVER_FAULTS else 400 if protocol is wire.ORGANIZATIONS else 403
            raise ApiError(fault.code, fault.message or f"{fault.code} on purpose.", status)
        if fault is not None and fault.kind == "elsewhere":
            caller = replace(caller, account_id=self.world.organizations[-1].management_account_id)
        members = compute(caller)
        if fault is None:
            return protocol.answer(call.operation, members)
        call.code = fault.kind
        if fault.kind == "without":
            members = wire.without(members, fault.member)
        response = protocol.answer(call.operation, members)
        ending = fault.kind if fault.kind in ("cut-off", "hang-up") else ""
        return Response(response.status, response.body, response.headers, ending)

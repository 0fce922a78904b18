"""How the connections of an integration are, and testing those that fail, or one; a worker does it."""

from datetime import datetime
from typing import Final, Literal

from django.http import Http404
from django.utils import timezone
from pydantic import BaseModel

from connections import tree_listing
from connections.api.finding import find_connection, of_found
from connections.delegation import CONFIGURE, SEE
from connections.models import Connection, Health
from integrations.access.connection_options import integration_of
from integrations.access_tests import results
from integrations.api.finding import find_integration
from integrations.delegation import SYNCERS, VIEWERS
from integrations.health import request as health_request
from integrations.models import AccessTest, AccountAccess, Integration
from integrations.nodes import account_access, managed
from workspaces.access import Power
from workspaces.api.routes import ORG, TENANT, WORKSPACE, Call, Routes
from workspaces.database import at_most_one

routes = Routes("Health")
_BOTH: Final = (TENANT, ORG)
_ANYWHERE: Final = (TENANT, ORG, WORKSPACE)
_STATES: Final = {"queued": "pending", "running": "running", "passed": "passed", "failed": "failed"}
HealthWord = Literal["untested", "healthy", "failing"]


class IntegrationHealthShape(BaseModel):
    """How many connections are how; ``management_account`` is absent where that is not among them."""

    healthy: int
    failing: int
    untested: int
    disabled: int
    management_account: HealthWord | None = None


class FailingTestShape(BaseModel):
    """How many connections were failing, and are tested now."""

    connections: int


class TriedShape(BaseModel):
    """What came of signing in to one account."""

    account_id: str
    role_arn: str
    is_green: bool
    reason: str


class ConnectionTestShape(BaseModel):
    """The last *Test Connection* that somebody has asked for; it runs with the settings of then."""

    state: Literal["pending", "running", "passed", "failed"]
    reason: str
    created_at: datetime
    finished_at: datetime | None = None
    accounts: list[TriedShape]


class ConnectionHealthShape(BaseModel):
    """Whether Pipes can access the account behind a connection, and if not why; a disabled one is not tested."""

    state: Literal["untested", "healthy", "failing", "disabled"]
    reason: str
    changed_at: datetime | None = None
    tested_at: datetime | None = None
    next_test_at: datetime | None = None
    test: ConnectionTestShape | None = None


@routes.get(
    "/integration/{integration}/health", gives=IntegrationHealthShape, at=_BOTH, needs=Power.OWNER, delegates=VIEWERS
)
def get_integration_health(call: Call, integration: str) -> IntegrationHealthShape:
    """Get how many connections of an integration can be accessed, and how many cannot."""
    found = find_integration(call, integration)
    counted = tree_listing.count_health(found.root_folder, management_id=found.management_account_id)
    numbers = {health.value: counted.healths[health] for health in Health}
    return IntegrationHealthShape.model_validate(
        {**numbers, "disabled": counted.disabled, "management_account": counted.management}
    )


@routes.post("/integration/{integration}/health/test", gives=FailingTestShape, at=_BOTH, delegates=SYNCERS)
def check_failing(call: Call, integration: str) -> FailingTestShape:
    """Have the failing connections of an integration tested now, and not when they are due."""
    number = health_request.request_tests(integration=find_integration(call, integration), by=call.user)
    return FailingTestShape(connections=number)


@routes.get(
    "/connection/{connection}/health",
    gives=ConnectionHealthShape,
    at=_ANYWHERE,
    needs=Power.OWNER,
    delegates=of_found(find_connection, "connection", *SEE),
)
def get_connection_health(call: Call, connection: str) -> ConnectionHealthShape:
    """Get whether Pipes can access the account behind a connection, why not, and how its last test went."""
    return _health(find_connection(call.scope, connection))


@routes.post(
    "/connection/{connection}/health/test",
    gives=ConnectionHealthShape,
    at=_ANYWHERE,
    delegates=of_found(find_connection, "connection", *CONFIGURE),
)
def check_connection(call: Call, connection: str) -> ConnectionHealthShape:
    """Start *Test Connection* with the settings of a connection; its ``test`` says what came of it once it has run."""
    found, now = find_connection(call.scope, connection), timezone.now()
    if integration := _managing(found):
        managed.request_connection_test(node=found, integration=integration, by=call.user, now=now)
    else:
        access = _access(found)
        if access is None:
            raise Http404
        account_access.request_connection_test(access=access, by=call.user, now=now)
    return _health(find_connection(call.scope, connection))


def _managing(node: Connection) -> Integration | None:
    """Find the integration of a connection that one manages; raises Http404 where it is being deleted."""
    try:
        return integration_of(node)
    except Integration.DoesNotExist:
        raise Http404 from None


def _access(node: Connection) -> AccountAccess | None:
    access = at_most_one(AccountAccess.objects.select_related("tenant", "organization").filter(connection=node.pk))
    if access is not None:
        access.connection = node
    return access


def _test_of(node: Connection) -> AccessTest | None:
    now = timezone.now()
    if integration := _managing(node):
        return results.newest(managed.tested_settings(node, integration), AccessTest.Kind.CONNECTION, now=now)
    access = _access(node)
    return results.newest(access, AccessTest.Kind.ACCOUNT, now=now) if access else None


def _health(node: Connection) -> ConnectionHealthShape:
    test = _test_of(node)
    return ConnectionHealthShape.model_validate(
        {
            "state": "disabled" if node.why_disabled else node.shown_health.value,
            "reason": node.health_sentence,
            "changed_at": node.health_changed_at,
            "tested_at": node.health_tested_at,
            "next_test_at": None if node.why_disabled else node.next_test_at,
            "test": _test_shape(test) if test else None,
        }
    )


def _test_shape(test: AccessTest) -> ConnectionTestShape:
    report = test.found
    tried = [
        TriedShape(account_id=one.account_id, role_arn=one.role_arn, is_green=one.is_green, reason=one.sentence)
        for one in report.results or ()
    ]
    return ConnectionTestShape.model_validate(
        {
            "state": _STATES[test.state],
            "reason": report.sentence or report.phase,
            "created_at": test.created_at,
            "finished_at": test.finished_at,
            "accounts": tried,
        }
    )

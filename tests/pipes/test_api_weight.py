"""No list of the API asks more of the database because it is longer."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Integration
from integrations.notifications import webhooks
from tests import factories
from tests.conftest import Cast
from tests.programs import Program, ProgramOf
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import VERBS_OF
from workspaces.models import Membership, Role
from workspaces.people import delegates

LISTS = (
    *("/actor/org", "/actor/workspace", "/actor/activity", "/actor/conn", "/identity", "/org", "/audit_log"),
    *("/tenant/acme/member", "/org/tnt/member", "/org/tnt/workspace", "/org/tnt/workspace/fireworks/member"),
    *("/integration", "/org/tnt/integration", "/org/tnt/workspace/fireworks/integration"),
    *("/process", "/org/tnt/process", "/org/tnt/integration/first/process"),
    *("/service_account", "/org/tnt/service_account"),
    *("/org/tnt/delegate", "/org/tnt/workspace/fireworks/delegate", "/org/tnt/integration/first/delegate"),
    *("/org/tnt/integration/first/notification/webhook", "/org/tnt/integration/first/notification/delivery"),
)


def statements(program: Program, path: str) -> int:
    """How many statements a full page of a list takes."""
    program.get(path)
    with CaptureQueriesContext(connection) as asked:
        items = program.get(f"{path}?limit=100")["items"]
    assert items or path == "/actor/conn"
    own = ("SAVEPOINT", "WITH before AS MATERIALIZED")  # of the transactions that the test's is around, and binding
    return sum(not any(word in each["sql"] for word in own) for each in asked.captured_queries)


def grow(cast: Cast, name: str) -> None:
    """Make one more of everything that is listed."""
    person = factories.user(f"{name}-person")
    with isolation.as_tenant(cast.acme.pk):
        for scope in (cast.at_tenant, cast.at_org):
            factories.member(scope, person, Role.MEMBER)
        factories.member(cast.at_workspace, person, Role.READER)
        other = factories.organization(cast.at_tenant, f"{name}-org", owner=person)
        factories.workspace(Scope(cast.acme, other), f"{name}-inner", owner=person)
        factories.workspace(cast.at_org, f"{name}-workspace", owner=person)
        for scope, by in ((cast.at_org, cast.org_owner), (cast.at_tenant, cast.tenant_owner)):
            one = factories.integration(scope, f"{name}-{scope.level}", by=by)
            factories.finished_run(one)
            factories.service_account(scope, name, by=by)


def delegate(cast: Cast, first: Integration, name: str) -> None:
    """Delegate one verb on each kind of thing whose delegates are listed, to one more member."""
    user = factories.user(f"{name}-delegate")
    with isolation.as_tenant(cast.acme.pk):
        factories.member(cast.at_org, user, Role.MEMBER)
        memberships = tuple(Membership.objects.filter(user=cast.tenant_owner))
        for thing, scope in ((cast.tnt, cast.at_org), (cast.fireworks, cast.at_workspace), (first, cast.at_org)):
            verb = VERBS_OF[str(thing._meta.model_name)][0]
            access = Access(cast.tenant_owner, scope, memberships)
            delegates.delegate(access=access, thing=thing, user=user, verbs=[verb])


def notify(cast: Cast, first: Integration, name: str) -> None:
    """Make one more webhook, and something that was sent to it."""
    hook = factories.webhook(first, name, by=cast.org_owner)
    webhooks.send_test(integration=first, webhook=hook, by=cast.org_owner, now=timezone.now())


@pytest.mark.django_db
def test_a_list_asks_as_often_for_two_as_for_many(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    grow(cast, "a")
    with isolation.as_tenant(cast.acme.pk):
        first = factories.integration(cast.at_org, "first", by=cast.org_owner)
        factories.finished_run(first)
        notify(cast, first, "a")
    delegate(cast, first, "a")
    few = {path: statements(ours, path) for path in LISTS}
    for number in range(8):
        grow(cast, f"n{number}")
        with isolation.as_tenant(cast.acme.pk):
            factories.finished_run(first)
            notify(cast, first, f"n{number}")
        delegate(cast, first, f"n{number}")
    many = {path: statements(ours, path) for path in LISTS}
    assert many == few
    assert max(few.values()) <= 12

"""Pages of what grows without end read as much of it at a hundred rows as at tens of thousands."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Integration, SyncRun
from integrations.sync import run_records
from tests import factories
from tests.conftest import Cast, make_cast
from workspaces import isolation

pytestmark = pytest.mark.sweep

MANY = 10_000  # of each integration, of which there are four
ORGANIZATION = "/tenants/acme/orgs/tnt/"
AWSI = f"{ORGANIZATION}integrations/awsi-0/"

_RUNS = """
    INSERT INTO integrations_syncrun (tenant_id, integration_id, trigger, state, phase, claim, folders_read,
        accounts_read, aws_calls, counts, changes, removals, error, queued_at, started_at, finished_at)
    SELECT {tenant}, integration, 'scheduled', 'succeeded', '', gen_random_uuid(), 9, 40, 12, '{{}}', '[]', '[]', '',
        at, at, at FROM (SELECT now() - n * interval '15 minutes' AS at FROM generate_series({count}, 1, -1) n) AS run
        CROSS JOIN unnest(ARRAY{integrations}) AS integration ORDER BY at, integration
"""
_DELIVERIES = """
    INSERT INTO integrations_delivery (uid, tenant_id, integration_id, event, email, state, attempts, error, created_at)
    SELECT gen_random_uuid(), {tenant}, integration, 'changed', 'a@acme.example', 'delivered', 1, '', now()
    FROM generate_series(1, {count}) AS n CROSS JOIN unnest(ARRAY{integrations}) AS integration ORDER BY n, integration
"""
_EVENTS = """
    INSERT INTO workspaces_auditevent (tenant_id, organization_id, actor, action, object_kind, object_id, object_label,
        details, happened_at)
    SELECT {tenant}, {organization}, 'a@acme.example', 'integration.synced', 'integration', '1', 'awsi', '{{}}',
        now() - n * interval '1 minute' FROM generate_series({count}, 1, -1) n
"""


def grow(cast: Cast, integrations: list[Integration], count: int) -> None:
    """Add so many of everything that grows to each integration, and let the planner know, as autovacuum does."""
    pks = [integration.pk for integration in integrations]
    own = {"tenant": cast.acme.pk, "organization": cast.tnt.pk, "integrations": pks, "count": count}
    with isolation.as_tenant(cast.acme.pk), connection.cursor() as cursor:
        for statement in (_RUNS, _DELIVERIES, _EVENTS):
            cursor.execute(statement.format(**own))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


def buffers(tenant_id: int, act: Callable[[], object]) -> int:
    """How many pages of the database's files the statements of this touch, as PostgreSQL itself counts them."""
    with CaptureQueriesContext(connection) as captured:
        act()
    with isolation.as_tenant(tenant_id):  # again, for the act has unbound it
        touched = [
            _touched(query["sql"]) for query in captured if query["sql"].lstrip().startswith(("SELECT", "DELETE"))
        ]
    return sum(touched)


def _touched(statement: str) -> int:
    if "set_config" in statement:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
        told = cursor.fetchone()[0]
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


PAGES = [
    f"{ORGANIZATION}integrations/",
    AWSI,
    f"{AWSI}processes/",
    f"{ORGANIZATION}activity/processes/",
    f"{AWSI}notifications/",
    f"{ORGANIZATION}activity/",
]


def open_page(client: Client, url: str) -> None:
    assert client.get(url).status_code == 200, url


def look_for_changes(integration: Integration) -> None:
    """As saving settings that were tried does: has a sync changed something since?"""
    with isolation.as_tenant(integration.tenant_id):
        assert not SyncRun.objects.changed_something(integration, after=timezone.now() - timedelta(hours=1)).exists()


def look_for_old_runs(integration: Integration) -> None:
    """As the hourly clean-up does where none is old enough."""
    run_records.forget_old_runs(integration.tenant_id, now=timezone.now(), is_time_up=lambda: False)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_page_and_what_looks_for_few_of_many_runs_read_as_much_however_much_there_is(client: Client) -> None:
    cast = make_cast()
    client.force_login(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        mine = [factories.integration(cast.at_org, f"awsi-{number}", by=cast.org_owner) for number in range(4)]
    measured, looked = [], []
    for count in (100, MANY):
        grow(cast, mine, count)
        measured.append({page: buffers(cast.acme.pk, partial(open_page, client, page)) for page in PAGES})
        looked.append([buffers(cast.acme.pk, partial(act, mine[0])) for act in (look_for_changes, look_for_old_runs)])
    few, many = measured
    # The fifty newest rows of each of the four may lie in a block of their own each; the tables have thousands.
    assert {page: (few[page], many[page]) for page in PAGES if many[page] > few[page] + 250} == {}
    assert [(few, many) for few, many in zip(*looked, strict=True) if many > few + 20] == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_so_does_what_looks_for_runs_to_fold_where_others_have_older_ones() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        mine = [factories.integration(cast.at_org, f"awsi-{number}", by=cast.org_owner) for number in range(4)]
    measured = []
    for count in (100, MANY):
        with isolation.as_tenant(cast.acme.pk):
            SyncRun.objects.filter(integration=mine[0]).delete()
        grow(cast, mine[1:], count)
        grow(cast, mine[:1], 10)
        before_all = timezone.now() - timedelta(days=4000)
        look = partial(run_records.fold_quiet_runs, cast.acme.pk, now=before_all, is_time_up=lambda: True)
        measured.append(buffers(cast.acme.pk, look))
    few, many = measured
    assert many <= few + 20, (few, many)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_page_reads_as_much_where_others_have_newer_runs(client: Client) -> None:
    cast = make_cast()
    client.force_login(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        mine = [factories.integration(cast.at_org, f"awsi-{number}", by=cast.org_owner) for number in range(4)]
    grow(cast, mine[:1], 60)
    measured = []
    for count in (100, MANY):
        grow(cast, mine[1:], count)
        read = {page: buffers(cast.acme.pk, partial(open_page, client, page)) for page in PAGES}
        measured.append(read | {"clean-up": buffers(cast.acme.pk, partial(look_for_old_runs, mine[0]))})
    few, many = measured
    assert {page: (few[page], many[page]) for page in few if many[page] > few[page] + 250} == {}

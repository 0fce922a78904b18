"""Runs are counted for each integration, whoever makes them and at the same time."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import F
from django.test import Client

from integrations.models import Integration, SyncRun
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

BACKFILL = import_module("integrations.migrations.0032_numbers_of_runs")._NUMBER
# As the version before, which knows no number.
INSERT = """
    INSERT INTO integrations_syncrun (tenant_id, integration_id, trigger, state, phase, claim, folders_read,
        accounts_read, aws_calls, counts, changes, removals, error, queued_at)
    SELECT tenant_id, id, 'manual', 'failed', '', gen_random_uuid(), 0, 0, 0, '{}', '[]', '[]', '', now()
    FROM integrations_integration WHERE id = %s
"""


def numbers(of: Integration) -> list[int]:
    with isolation.as_tenant(of.tenant_id):
        return list(SyncRun.objects.filter(integration=of).order_by("pk").values_list("number", flat=True))


def test_each_integration_counts_its_own(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        first, second = (factories.integration(cast.at_org, name, by=cast.org_owner) for name in ("one", "two"))
        for _ in range(3):
            made = factories.finished_run(first)
        assert made.number == 3
        assert factories.finished_run(second).number == 1
        with pytest.raises(IntegrityError, match="run_number"), transaction.atomic():
            SyncRun.objects.filter(pk=made.pk).update(number=1)
    base = "/tenants/acme/orgs/tnt/integrations/"
    assert "Sync 3" in as_org_owner.get(f"{base}one/processes/3/").content.decode()
    for url in ("two/processes/3/", "one/processes/0/", f"one/processes/{made.pk + 3}/"):
        assert as_org_owner.get(base + url).status_code == 404


def test_runs_that_are_made_at_once_get_different_numbers(integration: Integration) -> None:
    def make(_: int) -> None:
        with isolation.as_tenant(integration.tenant_id), connection.cursor() as cursor:
            cursor.execute(INSERT, [integration.pk])
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make, range(12)))
    assert sorted(numbers(integration)) == list(range(1, 13))


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_those_that_were_there_before_are_counted_in_their_order(integration: Integration) -> None:
    with isolation.as_tenant(integration.tenant_id):
        for _ in range(4):
            factories.finished_run(integration)
        # Two of the version before, and two that began while the migration ran.
        old = SyncRun.objects.order_by("pk").values_list("pk", flat=True)[:2]
        SyncRun.objects.filter(pk__in=list(old)).update(number=0)
        SyncRun.objects.exclude(number=0).update(number=F("number") - 2)
    for _ in range(2):
        with connections["owner"].cursor() as cursor:
            cursor.execute(BACKFILL)
        assert numbers(integration) == [1, 2, 3, 4]

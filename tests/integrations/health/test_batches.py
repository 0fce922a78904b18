"""Who tests when: one batch of a tenant at a time, nobody starved, nothing lost with a worker, no wall crossed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from integrations.health import batches
from integrations.health import run as health_run
from integrations.models import HealthSchedule, Integration
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK
from tests.integrations.health.conftest import Scene, make_due, make_scene
from tests.threads import at_once
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Plan, Tenant

SECOND = timedelta(seconds=1)


def tenants(cast: Cast, number: int) -> list[int]:
    """Make so many tenants that are due, one after the other."""
    made = [factories.tenant(f"t-{n}", owner=cast.stranger, plan=Plan.TEAM) for n in range(number)]
    now = timezone.now()
    for n, tenant in enumerate(made):
        HealthSchedule.objects.create(tenant=tenant, next_due_at=now - timedelta(minutes=number - n))
    return [tenant.pk for tenant in made]


@pytest.mark.django_db(transaction=True)
def test_racing_dispatchers_never_take_a_tenant_twice(committed: Cast) -> None:
    due = tenants(committed, 5)
    shares = at_once(*[lambda: batches.take_due(now=timezone.now())] * 2)
    assert sorted([*shares[0], *shares[1]]) == sorted(due)
    assert batches.take_due(now=timezone.now()) == []
    lost = timezone.now() + batches.DISPATCH_PATIENCE + SECOND
    assert sorted(batches.take_due(now=lost)) == sorted(due)


def test_as_many_tenants_are_tested_at_once_as_workers_take_and_who_waited_longest_is_first(cast: Cast) -> None:
    due, now = tenants(cast, 20), timezone.now()
    first = batches.take_due(now=now)
    assert first == due
    claims = {tenant_id: batches.start(tenant_id, now=now) for tenant_id in first}
    assert batches.take_due(now=now) == []
    with isolation.as_tenant(due[0]):
        factories.connection(Scope(Tenant.objects.get(pk=due[0])), "behind", health_due_at=now - SECOND)
    claim = claims[due[0]]
    assert claim is not None
    batches.finish(due[0], claim, now=now)
    assert HealthSchedule.objects.get(pk=due[0]).next_due_at == now, "it has more to test"
    late = factories.tenant("late", owner=cast.stranger, plan=Plan.TEAM)
    HealthSchedule.objects.create(tenant=late, next_due_at=now - timedelta(minutes=1))
    assert batches.take_due(now=now) == [late.pk, due[0]], "but others that wait come first"


@pytest.mark.django_db(transaction=True)
def test_two_workers_test_nothing_twice(aws: RunningAws, committed: Cast) -> None:
    scene = make_scene(aws, committed)
    scene.make_roles("Management", "Prod", "Dev")
    make_due(scene.tenant_id)
    aws.calls.clear()
    at_once(*[lambda: health_run.run(scene.tenant_id, retries=QUICK)] * 2)
    assert aws.calls.count("AssumeRole") == 9  # each role once with our external id, and two probes
    assert set(scene.healths().values()) == {"healthy"}


def test_a_worker_that_is_killed_loses_only_what_was_under_way(tested: Scene) -> None:
    tested.make_roles("Management", "Prod", "Dev")
    tested.run()
    tested.age()
    make_due(tested.tenant_id)
    now = timezone.now()
    assert batches.start(tested.tenant_id, now=now) is not None  # and is never heard of again
    with isolation.as_tenant(tested.tenant_id):
        Connection.objects.filter(title="Prod").update(health_due_at=now + timedelta(hours=1))  # it got so far
    assert batches.take_due(now=now) == []
    assert batches.start(tested.tenant_id, now=now) is None
    later = now + batches.CLAIM_LIFETIME + SECOND
    assert batches.take_due(now=later) == [tested.tenant_id]
    assert batches.start(tested.tenant_id, now=later) is not None
    with isolation.as_tenant(tested.tenant_id):
        left = batches.due(tested.tenant_id, now=later)
        assert sorted(left.values_list("title", flat=True)) == ["Dev", "Management"]


def test_who_lost_the_claim_does_not_give_back_that_of_another(cast: Cast) -> None:
    (tenant_id,) = tenants(cast, 1)
    now = timezone.now()
    lost = batches.start(tenant_id, now=now)
    later = now + batches.CLAIM_LIFETIME + SECOND
    assert lost is not None
    assert batches.start(tenant_id, now=later) is not None
    batches.finish(tenant_id, lost, now=later)
    assert HealthSchedule.objects.get().claim not in (None, lost)


def test_a_bug_does_not_repeat_itself_without_end(tested: Scene) -> None:
    with isolation.as_tenant(tested.tenant_id):
        Integration.objects.update(role_name="no such name")  # forms refuse it
    with pytest.raises(ValueError, match="A role name has"):
        tested.run()
    row = HealthSchedule.objects.get()
    assert (row.claim, row.next_due_at > timezone.now() + timedelta(minutes=14)) == (None, True)


def test_the_next_batch_is_when_a_connection_is_due_and_not_for_each_one_at_once(tested: Scene) -> None:
    tested.make_roles("Management", "Prod", "Dev")
    tested.run()
    with isolation.as_tenant(tested.tenant_id):
        for minutes, seconds in ((0.1, 30), (20, 1200), (600, 3600)):
            make_due(tested.tenant_id)
            now = timezone.now()
            Connection.objects.update(health_due_at=now + timedelta(minutes=minutes))
            claim = batches.start(tested.tenant_id, now=now)
            assert claim is not None
            batches.finish(tested.tenant_id, claim, now=now)
            assert HealthSchedule.objects.get().next_due_at == now + timedelta(seconds=seconds)


@pytest.mark.django_db(transaction=True)
def test_a_sync_that_brings_connections_has_them_tested_and_one_that_changes_nothing_wakes_nobody(
    aws: RunningAws, committed: Cast
) -> None:
    scene = make_scene(aws, committed)
    assert HealthSchedule.objects.get().pk == committed.acme.pk
    assert batches.take_due(now=timezone.now()) == [committed.acme.pk]
    HealthSchedule.objects.update(next_due_at=timezone.now() + timedelta(hours=1), dispatched_at=None)
    scene.mirror.sync()
    assert batches.take_due(now=timezone.now()) == []
    aws.organization.create_account("New")
    scene.mirror.sync()
    assert batches.take_due(now=timezone.now()) == [committed.acme.pk]


def test_a_tenant_is_tested_by_itself(tested: Scene, cast: Cast) -> None:
    tested.make_roles("Management", "Prod", "Dev")
    with isolation.as_tenant(cast.globex.pk):
        theirs = factories.connection(Scope(cast.globex, cast.globex_org), "theirs")
    make_due(cast.globex.pk)
    tested.aws.calls.clear()
    health_run.run(cast.globex.pk, retries=QUICK)
    assert len(tested.aws.calls) == 0
    assert set(tested.healths().values()) == {"untested"}
    with isolation.as_tenant(cast.globex.pk):
        assert "no access to an account" in Connection.objects.get(pk=theirs.pk).health_reason
        assert not batches.due(tested.tenant_id, now=timezone.now()).exists()

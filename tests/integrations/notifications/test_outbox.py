"""What is told, of what, once; and that the outbox holds exactly what has happened."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations.jobs.outcome import Outcome
from integrations.models import Delivery, DeliveryDue, Integration, SyncRun, SyncSchedule, Topic
from integrations.notifications import outbox, webhooks
from integrations.sync import requests
from integrations.sync import schedule as sync_schedule
from integrations.sync.schedule import ClaimLostError
from tests import factories
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.notifications.conftest import REMOVED, Told
from workspaces import isolation
from workspaces.models import Role, User


def test_nobody_is_told_of_changes_unless_they_wanted_it(told: Told) -> None:
    told.changes()
    assert told.events() == []
    told.wants(Topic.CHANGES)
    told.changes()
    assert [(delivery.event, delivery.email) for delivery in told.deliveries()] == [
        ("sync.changed", "org-owner@example.com")
    ]


def test_a_run_that_changes_nothing_tells_nothing(told: Told) -> None:
    told.wants(*Topic)
    told.hook()
    told.run(Outcome())
    assert told.events() == []


def test_each_address_and_each_webhook_that_wants_it_gets_one(told: Told) -> None:
    told.wants(Topic.CHANGES, addresses=("team@example.com", "org-owner@example.com"))
    hook = told.hook()
    told.hook("https://other.example.com/", Topic.TROUBLE)
    told.changes()
    found = [delivery.webhook_id or delivery.email for delivery in told.deliveries()]
    assert found == ["org-owner@example.com", "team@example.com", hook.pk]
    assert DeliveryDue.objects.count() == 3


def test_owners_are_those_of_the_moment_and_inactive_ones_get_nothing(told: Told, cast: Cast) -> None:
    told.wants(Topic.CHANGES)
    with isolation.as_tenant(cast.acme.pk):
        factories.member(cast.at_org, cast.tenant_owner, Role.OWNER)
    User.objects.filter(pk=cast.org_owner.pk).update(is_active=False)
    told.changes()
    assert [delivery.email for delivery in told.deliveries()] == ["tenant-owner@example.com"]


def test_a_lasting_fault_is_told_at_once_and_once_and_so_is_its_end(told: Told) -> None:
    for _ in range(4):
        told.fails()
    assert told.events() == ["sync.failing"]
    told.run(Outcome())
    assert told.events() == ["sync.failing", "sync.recovered"]
    assert told.deliveries()[1].failing_since == told.now - timedelta(minutes=4)
    told.run(Outcome())
    assert len(told.events()) == 2


def test_a_passing_fault_is_told_when_a_second_run_in_a_row_fails(told: Told) -> None:
    told.fails(is_transient=True)
    told.run(Outcome())
    told.fails(is_transient=True)
    assert told.events() == []
    second = told.fails(is_transient=True)
    told.fails()
    told.fails(is_transient=True)
    assert [delivery.run_id for delivery in told.deliveries()] == [second.pk]


def test_what_is_wrong_with_this_installation_is_nothing_that_customers_can_mend_and_is_not_told(told: Told) -> None:
    ours = Outcome("The clock of this installation is wrong.", is_transient=True, is_ours=True)
    for _ in range(4):
        told.run(ours)
    assert told.events() == []
    told.run(Outcome())
    assert told.events() == []


def test_a_fault_of_ours_in_between_ends_nothing_that_was_told(told: Told) -> None:
    told.fails()
    told.run(Outcome("The clock of this installation is wrong.", is_transient=True, is_ours=True))
    assert told.events() == ["sync.failing"]
    told.run(Outcome())
    assert told.events() == ["sync.failing", "sync.recovered"]


def test_a_fault_that_comes_back_is_told_again(told: Told) -> None:
    told.fails()
    told.run(Outcome())
    told.fails()
    assert told.events() == ["sync.failing", "sync.recovered", "sync.failing"]


def test_a_run_that_recovers_and_changes_something_tells_both(told: Told) -> None:
    told.wants(*Topic)
    told.fails()
    told.changes()
    assert told.events() == ["sync.failing", "sync.recovered", "sync.changed"]


def test_workers_that_die_again_and_again_are_told_of_like_any_passing_fault(told: Told) -> None:
    def die() -> None:
        told.now += timedelta(hours=1)
        sync_schedule.start(told.cast.acme.pk, told.integration.pk, now=told.now)

    SyncSchedule.objects.update(next_due_at=told.now)
    for expected in ([], [], ["sync.failing"], ["sync.failing"]):
        die()
        assert told.events() == expected
    with isolation.as_tenant(told.cast.acme.pk):
        assert SyncRun.objects.filter(error__startswith="The worker").count() == 2


def test_a_question_is_told_once_however_many_runs_ask_it_and_a_larger_one_anew(told: Told) -> None:
    def asks(*removals: str) -> SyncRun:
        return told.run(Outcome(error="It would remove much.", changes=[REMOVED], removals=removals))

    told.wants(*Topic)
    first = asks("111122223333", "444455556666")
    asks("444455556666", "111122223333")
    told.fails(is_transient=True)
    asks("444455556666", "111122223333")
    larger = asks("444455556666", "111122223333", "777788889999")
    told.run(Outcome())
    again = asks("444455556666", "111122223333", "777788889999")
    assert set(told.events()) == {"sync.needs_approval"}
    assert [delivery.run_id for delivery in told.deliveries()] == [first.pk, larger.pk, again.pk]


def test_a_rolled_back_end_tells_nothing(told: Told) -> None:
    told.wants(Topic.CHANGES)

    class BrokenError(Exception):
        pass

    def end_and_break() -> None:
        with transaction.atomic():
            told.changes()
            raise BrokenError

    with pytest.raises(BrokenError):
        end_and_break()
    assert told.events() == []
    assert DeliveryDue.objects.count() == 0


def test_a_run_whose_claim_was_lost_tells_nothing(told: Told) -> None:
    told.wants(*Topic)
    with isolation.as_tenant(told.cast.acme.pk):
        requests.request(told.integration, trigger=SyncRun.Trigger.MANUAL, by=None, now=told.now)
        run = sync_schedule.start(told.cast.acme.pk, told.integration.pk, now=told.now)
        assert run is not None
        SyncSchedule.objects.update(claim=None)
        with pytest.raises(ClaimLostError), transaction.atomic():
            sync_schedule.finish(run, Outcome(error="No."), now=told.now)
    assert told.events() == []


def test_a_quiet_run_costs_no_query(told: Told) -> None:
    run = told.run(Outcome())
    with isolation.as_tenant(told.cast.acme.pk), CaptureQueriesContext(connection) as queries:
        outbox.run_ended(run, Outcome(), failing_since=None, now=told.now)
    assert not queries


def test_the_outbox_goes_with_the_integration_however_that_is_deleted(told: Told) -> None:
    told.wants(*Topic)
    hook = told.hook()
    told.changes()
    with isolation.as_tenant(told.cast.acme.pk):
        SyncRun.objects.filter(integration=told.integration)._raw_delete("default")
        assert not Delivery.objects.exists()
        webhooks.send_test(integration=told.integration, webhook=hook, by=told.cast.org_owner, now=told.now)
        SyncSchedule.objects.all()._raw_delete("default")
        Integration.objects.filter(pk=told.integration.pk)._raw_delete("default")
        assert not Delivery.objects.exists()
    assert not DeliveryDue.objects.exists()


def test_another_tenant_sees_none_of_it(told: Told, cast: Cast) -> None:
    told.wants(*Topic)
    told.hook()
    told.changes()
    with isolation.as_tenant(cast.globex.pk):
        assert not Delivery.objects.exists()
    assert not Delivery.objects.exists()


def test_a_real_sync_tells_what_it_changed_and_why_it_failed(mirror: Synced, cast: Cast) -> None:
    told = Told(cast, mirror.integration)
    told.wants(*Topic)
    mirror.work()
    mirror.aws.faults.fail("ListAccounts", "AccessDeniedException")
    mirror.sync()
    mirror.sync()
    mirror.aws.faults.clear()
    mirror.sync()
    assert told.events() == ["sync.changed", "sync.failing", "sync.recovered"]
    with isolation.as_tenant(cast.acme.pk):
        runs = [delivery.run for delivery in Delivery.objects.select_related("run").order_by("pk")]
        assert [run and run.counts for run in runs] == [{"create": 5}, {}, {}]
        assert "AccessDeniedException" in str(runs[1] and runs[1].error)

"""When syncs start, one at a time, whatever crashes or races; on real transactions and in real threads."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import dispatcher, requests
from integrations.sync import schedule as sync_schedule
from integrations.sync.heartbeat import heartbeat
from integrations.sync.schedule import ClaimLostError
from launcher.child import wait_for
from tests.conftest import Cast
from tests.integrations.sync.scheduling import finish, make_due, request, row, start, stored
from tests.threads import in_thread, meeting, wait_until_waiting
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_starts_before_it_is_due(integration: Integration) -> None:
    assert dispatcher.take_due(now=timezone.now()) == []
    assert start(integration) is None
    make_due(integration)
    assert dispatcher.take_due(now=timezone.now()) == [(integration.tenant_id, integration.pk)]
    run = start(integration)
    assert run is not None
    assert (run.trigger, run.state, run.started_by) == ("scheduled", "running", None)


def test_of_two_workers_one_gets_the_sync(integration: Integration) -> None:
    request(integration)
    held = SyncSchedule.objects.filter(pk=integration.pk)
    runs = meeting(held, lambda: start(integration), lambda: start(integration), tenant_id=integration.tenant_id)
    assert sorted(run is None for run in runs) == [False, True]


def test_a_message_that_comes_twice_or_late_finds_nothing_to_do(integration: Integration) -> None:
    request(integration)
    run = start(integration)
    assert run is not None
    assert start(integration) is None
    finish(run, Outcome())
    assert start(integration) is None


def test_a_double_click_gets_the_same_run(integration: Integration) -> None:
    held = SyncSchedule.objects.filter(pk=integration.pk)
    one, two = meeting(
        held, lambda: request(integration), lambda: request(integration), tenant_id=integration.tenant_id
    )
    assert one.pk == two.pk
    run = start(integration)
    assert run is not None
    assert request(integration).pk == run.pk == one.pk
    finish(run, Outcome())
    assert dispatcher.take_due(now=timezone.now()) == []  # the second click asked for nothing more


def test_a_click_after_the_end_gets_another_run(integration: Integration) -> None:
    first = request(integration)
    run = start(integration)
    assert run is not None
    finish(run, Outcome())
    assert request(integration).pk != first.pk


def test_a_click_at_the_moment_of_the_end_is_not_lost(integration: Integration) -> None:
    request(integration)
    run = start(integration)
    assert run is not None
    is_ended = threading.Event()

    def end() -> None:
        with isolation.as_tenant(integration.tenant_id):
            sync_schedule.finish(run, Outcome(), now=timezone.now())
            is_ended.set()
            wait_until_waiting()  # the click waits for the end

    thread = in_thread(end)
    assert is_ended.wait(10)
    assert request(integration).pk != run.pk
    thread.join()


def test_a_claim_that_expired_is_taken_over_and_the_lost_run_recorded(
    integration: Integration, committed: Cast
) -> None:
    with isolation.as_tenant(integration.tenant_id):
        requests.request(integration, trigger=SyncRun.Trigger.MANUAL, by=committed.org_owner, now=timezone.now())
    lost = start(integration)
    assert lost is not None
    assert dispatcher.take_due(now=timezone.now()) == []
    later = timezone.now() + timedelta(minutes=2)
    assert dispatcher.take_due(now=later) == [(integration.tenant_id, integration.pk)]
    heir = start(integration, after=timedelta(minutes=2))
    assert heir is not None
    assert (heir.pk == lost.pk, heir.trigger, heir.started_by) == (False, "manual", committed.org_owner)
    assert (stored(lost).state, stored(lost).error[:43]) == ("failed", "The worker that ran this stopped in the mid")


def test_a_run_that_lost_its_claim_can_write_nothing(integration: Integration) -> None:
    request(integration)
    lost = start(integration)
    heir = start(integration, after=timedelta(minutes=2))
    assert lost is not None
    assert heir is not None
    for write in (
        lambda: sync_schedule.report(lost),
        lambda: finish(lost, Outcome()),
        lambda: finish(lost, Outcome("No.")),
    ):
        with pytest.raises(ClaimLostError):
            write()
    assert stored(heir).state == "running"
    assert row(integration).claim == heir.claim
    sync_schedule.report(heir)
    finish(heir, Outcome())


def test_a_run_whose_integration_is_gone_can_write_nothing(integration: Integration) -> None:
    request(integration)
    run = start(integration)
    assert run is not None
    with isolation.as_tenant(integration.tenant_id):
        Integration.objects.all().delete()
    with pytest.raises(ClaimLostError):
        sync_schedule.report(run)
    with pytest.raises(ClaimLostError):
        finish(run, Outcome())
    assert start(integration) is None


def test_the_end_of_a_run_is_one_statement_with_its_claim(integration: Integration) -> None:
    request(integration)
    run = start(integration)
    assert run is not None
    change = ("create", "connection", "111111111111", "Prod", "", "Root")
    finish(run, Outcome(changes=[change, change], folders_read=1, accounts_read=2, aws_calls=3))
    end = stored(run)
    assert (end.state, end.phase, end.error, end.counts) == ("succeeded", "", "", {"create": 2})
    assert (end.changes, end.folders_read, end.accounts_read, end.aws_calls) == ([list(change)] * 2, 1, 2, 3)
    assert (row(integration).claim, row(integration).claim_expires_at, row(integration).failures) == (None, None, 0)


def test_the_heartbeat_keeps_the_claim_and_leaves_no_connection_behind(
    integration: Integration, settings: Settings
) -> None:
    settings.PIPES_SYNC_CLAIM_SECONDS = 6
    request(integration)
    run = start(integration)
    assert run is not None
    with heartbeat(run):
        before = row(integration).claim_expires_at
        assert wait_for(lambda: row(integration).claim_expires_at > before, seconds=20)  # type: ignore[operator]
        assert start(integration) is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("claim of")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
        )
        assert cursor.fetchone() == (1,)
    assert start(integration, after=timedelta(seconds=7)) is not None


def test_the_next_run_is_due_after_the_interval_give_or_take(integration: Integration) -> None:
    waits = []
    for _ in range(10):
        make_due(integration)
        run = start(integration)
        assert run is not None
        assert run.started_at is not None
        waits.append(
            (row(integration).next_due_at - run.started_at).total_seconds() / row(integration).interval_seconds
        )
        finish(run, Outcome())
    assert 0.9 <= min(waits) < max(waits) <= 1.1

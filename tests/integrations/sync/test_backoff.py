"""What fails is tried again: soon when it passes by itself, less and less often when it does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncRun
from integrations.settings import change
from integrations.sync import dispatcher, requests
from tests.conftest import Cast
from tests.integrations.sync.scheduling import finish, make_due, request, row, start, stored
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)

NO = Outcome("AWS said no.")
AWAY = Outcome("AWS was away.", is_transient=True)


def wait_after(integration: Integration, outcome: Outcome) -> float:
    """Let a run end like this; gives the seconds from its end to the next."""
    make_due(integration)
    run = start(integration)
    assert run is not None
    ended_at = finish(run, outcome)
    return (row(integration).next_due_at - ended_at).total_seconds()


def lose(integration: Integration, *, after: timedelta) -> SyncRun | None:
    """Let the running worker be dead for so long; gives the run that takes over."""
    return start(integration, after=after)


def test_passing_faults_are_tried_again_soon_and_then_less_and_less_often(integration: Integration) -> None:
    waits = [wait_after(integration, AWAY) for _ in range(6)]
    assert [0.8 * 60 * 2**number <= wait <= 1.2 * 60 * 2**number for number, wait in enumerate(waits[:4])] == [True] * 4
    assert max(waits) <= row(integration).interval_seconds * 1.1
    assert row(integration).failures == 6
    wait_after(integration, Outcome())
    assert row(integration).failures == 0


def test_lasting_faults_wait_for_the_interval_and_then_longer_and_longer_up_to_a_day(integration: Integration) -> None:
    interval, day = row(integration).interval_seconds, timedelta(days=1).total_seconds()
    waits = [wait_after(integration, NO) for _ in range(12)]
    for number, wait in enumerate(waits):
        expected = min(interval * 2**number, day)
        assert 0.8 * expected <= wait <= 1.2 * expected, number
    assert len({round(wait) for wait in waits[-5:]}) > 1  # those that wait for a day do not all wait for the same one
    wait_after(integration, Outcome())
    assert (row(integration).failures, row(integration).lasting_failures) == (0, 0)
    assert wait_after(integration, NO) <= 1.2 * interval


def test_an_integration_that_looks_once_a_day_does_not_look_more_often_for_failing(integration: Integration) -> None:
    type(row(integration)).objects.filter(pk=integration.pk).update(interval_seconds=2 * 86400)
    assert [wait_after(integration, NO) >= 0.8 * 2 * 86400 for _ in range(3)] == [True] * 3


def test_passing_faults_before_a_lasting_one_do_not_make_it_wait_longer(integration: Integration) -> None:
    for _ in range(8):
        wait_after(integration, AWAY)
    assert wait_after(integration, NO) <= 1.2 * row(integration).interval_seconds


def test_who_asks_for_a_sync_need_not_wait_and_the_waiting_starts_afresh(integration: Integration) -> None:
    for _ in range(6):
        wait_after(integration, NO)
    assert row(integration).lasting_failures
    request(integration)
    run = start(integration)
    assert run is not None
    assert not row(integration).lasting_failures
    finish(run, NO)
    assert row(integration).next_due_at <= timezone.now() + timedelta(seconds=1.2 * row(integration).interval_seconds)


def test_a_change_of_the_settings_ends_the_waiting(integration: Integration, committed: Cast) -> None:
    for _ in range(6):
        wait_after(integration, NO)
    with isolation.as_tenant(integration.tenant_id):
        version = str(Integration.objects.get(pk=integration.pk).version)
        change.change_handle(integration=integration, handle="other", version=version, by=committed.org_owner)
    assert row(integration).next_due_at <= timezone.now() + timedelta(seconds=row(integration).interval_seconds)
    assert not row(integration).lasting_failures


def test_failures_are_counted_until_one_is_good(integration: Integration) -> None:
    seen = []
    for outcome in (AWAY, AWAY, AWAY, AWAY, AWAY, Outcome(), NO, Outcome()):
        wait_after(integration, outcome)
        seen.append((row(integration).failures, row(integration).lasting_failures))
    assert seen == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 0), (1, 1), (0, 0)]


def test_a_sync_that_kills_each_of_its_workers_is_started_less_and_less_often(integration: Integration) -> None:
    request(integration)
    runs, waits = [start(integration)], []
    after = timedelta()
    for _ in range(9):
        after += timedelta(seconds=70)
        heir = lose(integration, after=after)
        wait = row(integration).next_due_at - timezone.now() - after
        waits.append(timedelta() if heir else wait)
        if heir is None:
            assert dispatcher.take_due(now=timezone.now() + after + wait / 2) == []
            after += wait + timedelta(seconds=1)
            heir = start(integration, after=after)
        assert heir is not None
        runs.append(heir)
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[0] == 0
    assert 0.9 <= minutes[1] <= 1.1
    for number, expected in enumerate((15, 30, 60, 120, 240, 480, 960), start=2):
        assert 0.85 * expected <= minutes[number] <= 1.15 * expected
    errors = [stored(run).error for run in runs[:3] if run]
    assert [error.split(" in the middle")[0] for error in errors] == [
        "The worker that ran this stopped",
        "The worker stopped twice",
        "The worker stopped three times",
    ]
    assert row(integration).takeovers == 9


@pytest.mark.parametrize("outcome", [Outcome(), AWAY])
def test_a_run_that_comes_to_its_end_forgives_the_workers_before_it(integration: Integration, outcome: Outcome) -> None:
    request(integration)
    start(integration)
    heir = lose(integration, after=timedelta(seconds=70))
    assert heir is not None
    assert row(integration).takeovers == 1
    finish(heir, outcome, after=timedelta(seconds=80))
    assert row(integration).takeovers == 0


def test_who_asks_for_a_sync_that_killed_its_workers_gets_another_try_at_once(integration: Integration) -> None:
    request(integration)
    start(integration)
    assert lose(integration, after=timedelta(seconds=70)) is not None
    with isolation.as_tenant(integration.tenant_id):
        requests.request(integration, trigger=SyncRun.Trigger.MANUAL, by=None, now=timezone.now())
    assert lose(integration, after=timedelta(seconds=140)) is not None

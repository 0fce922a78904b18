"""Clocks that jump: back, and nothing is frozen; forward, and nothing runs twice."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncSchedule
from integrations.sync import dispatcher
from integrations.sync.heartbeat import heartbeat
from launcher.child import wait_for
from pipes.celery import Every, app
from tests.integrations.sync.scheduling import finish, make_due, request, row, start, stored

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def dispatched(*, after: timedelta) -> list[int]:
    """Let the dispatcher look at a clock that is so far from ours; gives whose turn it is."""
    found: list[int] = []
    dispatcher.send_due(lambda key: found.append(key[1]), now=timezone.now() + after)
    return found


@pytest.mark.parametrize("back", [timedelta(minutes=5), 5 * HOUR, timedelta(days=400)])
def test_a_clock_that_was_set_back_freezes_no_schedule(integration: Integration, back: timedelta) -> None:
    make_due(integration)
    run = start(integration)
    assert run is not None
    finish(run, Outcome())
    interval = timedelta(seconds=1.1 * row(integration).interval_seconds)
    assert dispatched(after=-back) == []
    assert dispatched(after=-back + interval + SECOND) == [integration.pk]


def test_a_clock_that_was_set_back_keeps_the_waiting_after_a_lasting_fault(integration: Integration) -> None:
    for _ in range(4):
        make_due(integration)
        run = start(integration)
        assert run is not None
        finish(run, Outcome("AWS said no."))
    wait = row(integration).next_due_at - row(integration).planned_at
    assert wait > timedelta(seconds=6 * row(integration).interval_seconds)
    dispatched(after=-48 * HOUR)
    assert row(integration).next_due_at - row(integration).planned_at == wait
    assert row(integration).next_due_at < timezone.now() - 44 * HOUR


def test_a_message_from_the_future_does_not_count_as_on_its_way(integration: Integration) -> None:
    make_due(integration)
    assert dispatched(after=HOUR) == [integration.pk]
    assert dispatched(after=timedelta()) == [integration.pk]


def test_a_claim_from_the_future_expires_within_its_lifetime(integration: Integration) -> None:
    request(integration)
    lost = start(integration, after=HOUR)
    assert lost is not None
    assert dispatched(after=timedelta()) == []
    assert dispatched(after=timedelta(seconds=61)) == [integration.pk]
    assert start(integration, after=timedelta(seconds=62)) is not None
    assert stored(lost).state == "failed"


def test_a_clock_that_jumps_forward_takes_no_sync_from_a_worker_that_lives(
    integration: Integration, settings: Settings
) -> None:
    settings.PIPES_SYNC_CLAIM_SECONDS = 6
    request(integration)
    run = start(integration)
    assert run is not None
    with time_machine.travel(timezone.now() + 2 * HOUR):
        assert dispatched(after=timedelta()) == []  # it may be dead, or not have had its turn since the jump
        with heartbeat(run):
            before = row(integration).claim_expires_at
            assert wait_for(lambda: row(integration).claim_expires_at > before, seconds=20)  # type: ignore[operator]
            assert dispatched(after=timedelta()) == []
            assert row(integration).claim == run.claim
        finish(run, Outcome())


def test_after_a_jump_forward_a_dead_worker_is_still_found(integration: Integration) -> None:
    request(integration)
    start(integration)
    assert dispatched(after=2 * HOUR) == []
    assert dispatched(after=2 * HOUR + timedelta(seconds=21)) == [integration.pk]


def test_a_claim_that_is_found_soon_after_its_end_is_taken_over_without_delay(integration: Integration) -> None:
    request(integration)
    start(integration)
    assert dispatched(after=timedelta(seconds=62)) == [integration.pk]
    # A message that waits for a worker is not called in question.
    assert dispatched(after=timedelta(seconds=120)) == []
    assert start(integration, after=timedelta(seconds=130)) is not None


def test_mending_the_clock_leaves_alone_what_is_right(integration: Integration) -> None:
    make_due(integration)
    start(integration)
    before = SyncSchedule.objects.values().get(pk=integration.pk)
    dispatcher.mend_clock(now=timezone.now() - timedelta(seconds=30))
    dispatcher.mend_clock(now=timezone.now() + timedelta(seconds=30))
    assert SyncSchedule.objects.values().get(pk=integration.pk) == before


@pytest.mark.parametrize("ahead", [5 * SECOND, 24 * HOUR])
def test_the_beat_goes_on_when_its_clock_was_set_back(ahead: timedelta) -> None:
    every = Every(2.0, app=app)
    assert every.is_due(timezone.now() + ahead)[0]
    assert not every.is_due(timezone.now() - SECOND)[0]
    assert every.is_due(timezone.now() - 2 * SECOND)[0]

"""Clocks that jump: back, and nothing is frozen; forward, and nothing runs twice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db.models import DateTimeField
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.events import inlets, receiving
from integrations.jobs.outcome import Outcome
from integrations.models import AwsEvent, Integration, SyncRun, SyncSchedule
from integrations.sync import dispatcher, interruption
from integrations.sync.heartbeat import heartbeat
from integrations.sync.targeted import pending
from integrations.sync.targeted.rest import EVENTS_REST, SHOWN_WITHIN, is_rested, why_not_resting
from launcher.child import wait_for
from pipes.celery import Every, app
from tests.conftest import Cast
from tests.integrations.events.test_forged import made_up
from tests.integrations.sync.scheduling import finish, make_due, request, row, start, stored
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAY = 24 * HOUR
NOW = timedelta()
UNREADABLE = b"?"


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


# Events, and what they leave in a schedule

Tell = Callable[..., bool]


@pytest.fixture
def tell(integration: Integration, committed: Cast, own_cache: None) -> Tell:
    """Send an event by a clock that is so far from ours."""
    with isolation.as_tenant(integration.tenant_id):
        issued = inlets.enable(integration=integration, by=committed.org_owner, now=timezone.now())
    assert issued is not None
    inlet, key = issued.inlet, issued.key

    def tell(body: bytes | None = None, *, after: timedelta) -> bool:
        body = body or json.dumps(made_up("111122223333")).encode()
        return receiving.receive(inlet.uid, key, body, now=timezone.now() + after)

    return tell


def synced(integration: Integration, *, after: timedelta) -> SyncRun:
    """Let what is due run, and end well, by a clock that is so far from ours; it forgets what it was told."""
    run = start(integration, after=after)
    assert run is not None
    finish(run, Outcome(), after=after)
    with isolation.as_tenant(integration.tenant_id):
        AwsEvent.objects.all().delete()
    return run


def looked(run: SyncRun, *, after: timedelta) -> datetime | None:
    """Let a targeted run see nothing of what it was told; gives when it looks again, if it does."""
    now = timezone.now() + after
    with isolation.as_tenant(run.tenant_id):
        at = pending.settle(pending.taken_by(run), {}, set(), now=now).again_at
        if at is not None:
            interruption.look_again(run, at, calls=1, new_calls=1, now=now)
    return at


def soon(integration: Integration) -> datetime:
    """When the next full sync has to come at the latest, while none rests."""
    return timezone.now() + 1.1 * row(integration).interval + 10 * SECOND


def test_of_a_clock_that_was_set_back_nothing_in_a_schedule_tells(integration: Integration) -> None:
    names = {field.name for field in SyncSchedule._meta.get_fields() if isinstance(field, DateTimeField)}
    due, now = {"next_due_at", "full_due_at", "events_rest_until"}, timezone.now()
    moments = dict.fromkeys(names, now + DAY)
    moments |= {"heard_at": now + DAY - HOUR, **dict.fromkeys(due, now + DAY + 5 * SECOND)}
    SyncSchedule.objects.update(**moments)
    dispatcher.mend_clock(now=now)
    after = SyncSchedule.objects.values(*names - {"dispatched_at", "claim_expires_at"}).get()
    assert {name: at - now for name, at in after.items() if at != now} == {
        **dict.fromkeys(due, 5 * SECOND),
        "heard_at": -HOUR,
    }


def test_a_schedule_that_no_event_has_touched_stays_without_their_moments(integration: Integration) -> None:
    SyncSchedule.objects.update(planned_at=timezone.now() + DAY)
    before = dict(SyncSchedule.objects.values().get())
    dispatcher.mend_clock(now=timezone.now())
    after = dict(SyncSchedule.objects.values().get())
    assert {name for name, value in after.items() if value != before[name]} == {"next_due_at", "planned_at"}


def test_after_a_clock_was_set_back_events_do_not_put_the_full_sync_off(integration: Integration, tell: Tell) -> None:
    make_due(integration)
    assert synced(integration, after=DAY).kind == "full"
    tell(after=DAY)
    assert synced(integration, after=DAY + 2 * SECOND).kind == "targeted"
    assert dispatched(after=NOW) == []
    tell(after=NOW)
    assert dispatched(after=4 * SECOND) == [integration.pk]
    assert synced(integration, after=4 * SECOND).kind == "targeted"
    assert row(integration).full_due_at < soon(integration)  # type: ignore[operator]


def test_a_message_that_an_event_sends_before_the_clock_is_mended_is_left_to_the_dispatcher(
    integration: Integration, tell: Tell
) -> None:
    make_due(integration)
    synced(integration, after=DAY)
    tell(after=NOW)
    assert start(integration, after=2 * SECOND) is None
    assert dispatched(after=2 * SECOND) == [integration.pk]
    assert synced(integration, after=2 * SECOND).kind == "targeted"
    assert row(integration).full_due_at < soon(integration)  # type: ignore[operator]


def test_after_a_clock_was_set_back_full_syncs_rest_no_longer_than_they_may(
    integration: Integration, tell: Tell
) -> None:
    make_due(integration)
    synced(integration, after=DAY)
    tell(after=DAY)
    synced(integration, after=DAY + 2 * SECOND)
    assert dispatched(after=NOW) == []
    known, now = row(integration), timezone.now()
    assert is_rested(known, now)
    assert why_not_resting(known, now + 3 * HOUR + SECOND).startswith("nothing has come from AWS")
    known.heard_at = now + known.rest
    assert not is_rested(known, now + known.rest)


def test_after_a_clock_was_set_back_a_full_sync_for_events_waits_for_no_earlier_one(
    integration: Integration, tell: Tell
) -> None:
    make_due(integration)
    synced(integration, after=DAY)
    tell(UNREADABLE, after=DAY)
    assert synced(integration, after=DAY + 9 * SECOND).trigger == "event"
    assert dispatched(after=NOW) == []
    tell(UNREADABLE, after=NOW)
    assert synced(integration, after=EVENTS_REST + SECOND).trigger == "event"


def test_after_a_clock_was_set_back_what_aws_does_not_show_yet_is_looked_for_as_often(
    integration: Integration, tell: Tell
) -> None:
    make_due(integration)
    synced(integration, after=DAY)
    tell(after=DAY)
    run = start(integration, after=DAY + 2 * SECOND)
    assert run is not None
    assert looked(run, after=DAY + 2 * SECOND)
    dispatched(after=NOW)
    again = start(integration, after=5 * SECOND)
    assert again is not None
    assert (again.pk, again.kind) == (run.pk, "targeted")
    assert looked(again, after=5 * SECOND) < timezone.now() + 12 * SECOND  # type: ignore[operator]
    last = start(integration, after=6 * SECOND + SHOWN_WITHIN)
    assert last is not None
    assert looked(last, after=6 * SECOND + SHOWN_WITHIN) is None


@pytest.mark.parametrize(("body", "kind"), [(None, "targeted"), (UNREADABLE, "full")])
def test_an_event_from_the_future_is_looked_at_when_its_schedule_is_due(
    integration: Integration, tell: Tell, body: bytes | None, kind: str
) -> None:
    make_due(integration)
    synced(integration, after=NOW)
    tell(body, after=DAY)  # the clock of that one machine is wrong
    make_due(integration)
    run = start(integration)
    assert run is not None
    assert (run.kind, run.trigger) == (kind, "event")


def test_an_event_from_the_future_that_comes_during_a_sync_is_looked_at_soon_after(
    integration: Integration, tell: Tell
) -> None:
    make_due(integration)
    run = start(integration)
    assert run is not None
    tell(after=DAY)
    finish(run, Outcome())
    assert row(integration).next_due_at <= timezone.now() + SHOWN_WITHIN


def test_a_sync_under_way_while_the_clock_is_set_back_freezes_nothing(integration: Integration) -> None:
    make_due(integration)
    run = start(integration, after=DAY)
    assert run is not None
    finish(run, Outcome(), after=NOW)
    assert dispatched(after=NOW) == []
    assert row(integration).next_due_at < soon(integration)
    assert row(integration).read_all_at is None  # nobody knows when


def test_a_look_under_way_while_the_clock_is_set_back_freezes_nothing(integration: Integration, tell: Tell) -> None:
    make_due(integration)
    synced(integration, after=DAY)
    tell(after=DAY)
    run = start(integration, after=DAY + 2 * SECOND)
    assert run is not None
    assert looked(run, after=NOW)
    dispatched(after=NOW)
    assert start(integration, after=5 * SECOND) is not None
    assert row(integration).next_due_at == row(integration).full_due_at < soon(integration)  # type: ignore[operator]


@pytest.mark.parametrize("ahead", [5 * SECOND, 24 * HOUR])
def test_the_beat_goes_on_when_its_clock_was_set_back(ahead: timedelta) -> None:
    every = Every(2.0, app=app)
    assert every.is_due(timezone.now() + ahead)[0]
    assert not every.is_due(timezone.now() - SECOND)[0]
    assert every.is_due(timezone.now() - 2 * SECOND)[0]

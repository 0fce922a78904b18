"""Events from AWS: a hint that something changed, from whom the key proves, and one sync for many of them."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.errors import ChangedMeanwhileError
from integrations.events import inlets, receiving
from integrations.events.inlets import IssuedKey
from integrations.events.receiving import FULL_DEBOUNCE as DEBOUNCE
from integrations.jobs.outcome import Outcome
from integrations.models import EventInlet, Integration, SyncSchedule
from integrations.settings import deletion
from integrations.sync import dispatcher
from integrations.sync import schedule as sync_schedule
from tests import factories
from tests.conftest import Cast
from tests.integrations.sync.scheduling import finish, make_due, request, row, start
from tests.threads import at_once, in_thread, meeting
from workspaces import isolation
from workspaces.access import Scope
from workspaces.people.invitations import hash_of
from workspaces.rate_limit import LimitReachedError

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
NO = Outcome("AWS said no.")


@pytest.fixture
def issued(integration: Integration, committed: Cast, own_cache: None) -> IssuedKey:
    """The open inlet of the integration."""
    return issue(integration, committed)


def issue(integration: Integration, cast: Cast) -> IssuedKey:
    with isolation.as_tenant(integration.tenant_id):
        made = inlets.enable(integration=integration, by=cast.org_owner, now=timezone.now())
    assert made is not None
    return made


def rotate(of: IssuedKey, cast: Cast) -> IssuedKey:
    with isolation.as_tenant(of.inlet.tenant_id):
        integration = Integration.objects.get(pk=of.inlet.integration_id)
        made_at = of.inlet.key_made_at.isoformat()
        return inlets.rotate_key(integration=integration, made_at=made_at, by=cast.org_owner, now=timezone.now())


def send(to: IssuedKey, *, uid: UUID | None = None, key: str | None = None, after: timedelta = timedelta()) -> bool:
    """Send an event to an inlet."""
    return receiving.receive(uid or to.inlet.uid, to.key if key is None else key, now=timezone.now() + after)


def syncs(integration: Integration, *, after: timedelta) -> list[str]:
    """Let the dispatcher and a worker work so much later; gives the triggers of what they started."""
    triggers = []
    while dispatcher.take_due(now=timezone.now() + after):
        run = start(integration, after=after)
        assert run is not None
        triggers.append(str(run.trigger))
        finish(run, Outcome(), after=after)
    return triggers


def test_an_event_starts_a_sync_within_seconds(integration: Integration, issued: IssuedKey) -> None:
    assert syncs(integration, after=DEBOUNCE + SECOND) == []
    assert send(issued)
    assert syncs(integration, after=SECOND) == []  # more of them may be on their way
    assert syncs(integration, after=DEBOUNCE + SECOND) == ["event"]
    assert syncs(integration, after=2 * DEBOUNCE) == []


def test_fifty_events_at_once_are_one_sync(integration: Integration, issued: IssuedKey) -> None:
    assert all(at_once(*[lambda: send(issued)] * 10))
    assert all(send(issued, after=number * SECOND / 10) for number in range(40))
    assert syncs(integration, after=DEBOUNCE + SECOND) == ["event"]
    assert syncs(integration, after=4 * DEBOUNCE) == []


def test_events_that_do_not_end_do_not_put_the_sync_off(integration: Integration, issued: IssuedKey) -> None:
    for seconds in range(9):
        send(issued, after=seconds * SECOND)
    assert syncs(integration, after=DEBOUNCE + SECOND) == ["event"]


def test_a_flood_of_events_leaves_a_rest_between_the_syncs_that_it_starts(
    integration: Integration, issued: IssuedKey
) -> None:
    base, began = timezone.now(), list[int]()
    for seconds in range(0, 400, 2):
        now = base + seconds * SECOND
        assert receiving.receive(issued.inlet.uid, issued.key, now=now)
        for key in dispatcher.take_due(now=now):
            run = sync_schedule.start(*key, now=now)
            assert run is not None
            began.append(seconds)
            with isolation.as_tenant(integration.tenant_id):
                sync_schedule.finish(run, Outcome(), now=now + SECOND)
    assert began == [8, 70, 132, 194, 256, 318, 380]


def test_a_long_sync_of_a_flood_is_rested_from_too_unless_somebody_waits(
    integration: Integration, issued: IssuedKey
) -> None:
    send(issued)
    run = start(integration, after=10 * SECOND)
    assert run is not None
    send(issued, after=20 * SECOND)
    finish(run, Outcome(), after=300 * SECOND)
    assert syncs(integration, after=350 * SECOND) == []
    request(integration)
    assert syncs(integration, after=351 * SECOND) == ["manual"]  # and it has read what the event told
    assert syncs(integration, after=370 * SECOND) == []


@pytest.mark.parametrize("number", [1, 30])
def test_events_during_a_sync_are_exactly_one_more_after_it(
    integration: Integration, issued: IssuedKey, number: int
) -> None:
    request(integration)
    run = start(integration)
    assert run is not None
    for _ in range(number):
        assert send(issued, after=SECOND)
    assert syncs(integration, after=20 * SECOND) == []
    finish(run, Outcome(), after=30 * SECOND)
    assert syncs(integration, after=31 * SECOND) == ["event"]
    assert syncs(integration, after=60 * SECOND) == []


def test_a_sync_that_somebody_starts_answers_the_events_before_it(integration: Integration, issued: IssuedKey) -> None:
    send(issued)
    request(integration)
    run = start(integration)
    assert run is not None
    assert run.trigger == "manual"
    finish(run, Outcome())
    assert syncs(integration, after=2 * DEBOUNCE) == []


def test_events_do_not_hurry_what_waits_after_a_fault(integration: Integration, issued: IssuedKey) -> None:
    make_due(integration)
    run = start(integration)
    assert run is not None
    send(issued)
    finish(run, NO)
    send(issued)
    assert syncs(integration, after=2 * DEBOUNCE) == []
    assert syncs(integration, after=timedelta(hours=1)) == ["event"]  # and the next try answers them
    assert syncs(integration, after=timedelta(hours=1) + 2 * DEBOUNCE) == []


def test_the_first_event_after_a_fault_hurries_nothing_either(integration: Integration, issued: IssuedKey) -> None:
    make_due(integration)
    run = start(integration)
    assert run is not None
    finish(run, NO)
    waits_until = row(integration).next_due_at
    assert send(issued)
    assert row(integration).next_due_at == waits_until > timezone.now() + 2 * DEBOUNCE
    assert syncs(integration, after=2 * DEBOUNCE) == []


def test_only_the_key_opens_the_inlet_and_only_at_its_own_address(
    integration: Integration, issued: IssuedKey, committed: Cast
) -> None:
    with isolation.as_tenant(committed.globex.pk):
        elsewhere = Scope(committed.globex, committed.globex_org)
        theirs = factories.integration(elsewhere, "theirs", by=committed.stranger)
        other = inlets.enable(integration=theirs, by=committed.stranger, now=timezone.now())
        assert other is not None
    refused = {
        "no key": send(issued, key=""),
        "a wrong key": send(issued, key="x" * 43),
        "the hash": send(issued, key=issued.inlet.key_hash),
        "the key of another tenant": send(issued, key=other.key),
        "at another's address": send(issued, uid=other.inlet.uid),
        "at no address": send(issued, uid=uuid4()),
    }
    assert not any(refused.values()), refused
    assert (row(integration).event_at, row(theirs).event_at) == (None, None)


def test_a_rotated_key_opens_nothing_and_the_new_one_the_same_address(
    integration: Integration, issued: IssuedKey, committed: Cast
) -> None:
    new = rotate(issued, committed)
    assert new.inlet.uid == issued.inlet.uid
    assert (send(issued), send(new)) == (False, True)


def test_a_closed_inlet_takes_nothing_and_its_address_never_comes_back(
    integration: Integration, issued: IssuedKey, committed: Cast
) -> None:
    with isolation.as_tenant(integration.tenant_id):
        for _ in range(2):
            inlets.close(integration=integration, by=committed.org_owner)
    assert not send(issued)
    assert issue(integration, committed).inlet.uid != issued.inlet.uid


def test_a_deleted_integration_takes_no_events(integration: Integration, issued: IssuedKey, committed: Cast) -> None:
    with isolation.as_tenant(integration.tenant_id):
        deletion.request_removal(integration=integration, by=committed.org_owner, now=timezone.now())
    assert not send(issued)
    with isolation.as_tenant(integration.tenant_id):
        with pytest.raises(ChangedMeanwhileError):
            inlets.enable(integration=integration, by=committed.org_owner, now=timezone.now())
        Integration.objects.filter(pk=integration.pk)._raw_delete("default")
        assert not EventInlet.objects.exists()


def test_two_who_open_an_inlet_at_once_open_one_and_one_gets_its_key(
    integration: Integration, committed: Cast, own_cache: None
) -> None:
    def enable() -> IssuedKey | None:
        with isolation.as_tenant(integration.tenant_id):
            return inlets.enable(integration=integration, by=committed.org_owner, now=timezone.now())

    held = SyncSchedule.objects.filter(pk=integration.pk)
    (made,) = filter(None, meeting(held, enable, enable, tenant_id=integration.tenant_id))
    assert send(made)


def test_a_key_that_is_rotated_twice_at_once_is_replaced_once(
    integration: Integration, issued: IssuedKey, committed: Cast
) -> None:
    def try_to() -> IssuedKey | None:
        try:
            return rotate(issued, committed)
        except ChangedMeanwhileError:
            return None

    held = SyncSchedule.objects.filter(pk=integration.pk)
    (made,) = filter(None, meeting(held, try_to, try_to, tenant_id=integration.tenant_id))
    assert send(made)
    with isolation.as_tenant(integration.tenant_id):
        inlets.close(integration=integration, by=committed.org_owner)
    assert try_to() is None


def test_an_inlet_is_seen_by_its_tenant_and_by_who_has_its_key(
    integration: Integration, issued: IssuedKey, committed: Cast
) -> None:
    assert not EventInlet.objects.exists()
    with isolation.as_tenant(committed.globex.pk):
        assert not EventInlet.objects.exists()
    with receiving.as_holder_of("0" * 64):
        assert not EventInlet.objects.exists()
    with receiving.as_holder_of(issued.inlet.key_hash):
        assert EventInlet.objects.get() == issued.inlet
        assert not Integration.objects.exists()


def test_the_key_is_stored_nowhere(integration: Integration, issued: IssuedKey) -> None:
    with isolation.as_tenant(integration.tenant_id):
        stored = EventInlet.objects.values().get()
    assert issued.key not in repr(stored) + repr(issued)
    assert len(issued.key) == 43


def test_a_sender_waits_shortly_for_a_row_that_somebody_holds_and_then_comes_back(
    integration: Integration, issued: IssuedKey
) -> None:
    has_lock, is_done = threading.Event(), threading.Event()

    def hold() -> None:
        with isolation.as_tenant(integration.tenant_id):
            SyncSchedule.objects.select_for_update().get(pk=integration.pk)
            has_lock.set()
            is_done.wait(10)

    thread = in_thread(hold)
    assert has_lock.wait(10)
    with pytest.raises(OperationalError):
        send(issued)
    is_done.set()
    thread.join()
    assert send(issued)


def test_one_inlet_takes_only_so_many_in_a_minute(issued: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_PER_MINUTE", 3)
    minute = timezone.now().replace(second=0)
    for _ in range(3):
        assert receiving.receive(issued.inlet.uid, issued.key, now=minute)
    with CaptureQueriesContext(connection) as queries, pytest.raises(LimitReachedError):
        receiving.receive(issued.inlet.uid, issued.key, now=minute)
    assert not queries
    assert receiving.receive(issued.inlet.uid, issued.key, now=minute + timedelta(minutes=1))


def test_strangers_neither_fill_the_cache_nor_use_up_what_an_inlet_takes(
    issued: IssuedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "_PER_MINUTE", 3)
    minute = timezone.now().replace(second=0)
    for number in range(5):
        assert not receiving.receive(issued.inlet.uid, f"{number}", now=minute)
        assert not receiving.receive(uuid4(), issued.key, now=minute)
    assert receiving.receive(issued.inlet.uid, issued.key, now=minute)
    keys = [f"events:{hash_of(f'{number}')}:{minute:%Y%m%d%H%M}" for number in range(5)]
    assert not cache.get_many(keys)

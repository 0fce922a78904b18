"""The dispatcher: what is due is sent once, however many dispatch, and also when the broker was away."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings

from connections.models import Folder
from connections.tree import allocate_ids
from integrations.jobs.sending import LOW_PRIORITY, Key
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import dispatcher, requests
from integrations.sync import schedule as sync_schedule
from integrations.tasks import enqueue_due, sync_integration
from pipes.cache import redis_breaker
from tests.conftest import Cast
from tests.threads import at_once, in_thread
from workspaces import isolation
from workspaces.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)


def many(cast: Cast, number: int, *, tenant: Tenant | None = None, due: timedelta = timedelta()) -> list[Key]:
    """Make so many integrations, due so long ago."""
    tenant = tenant or cast.acme
    with isolation.as_tenant(tenant.pk):
        ids = allocate_ids(Folder, number)
        Folder.objects.bulk_create(
            Folder(id=pk, root_id=pk, path=f"{pk}/", handle=f"root_{pk}", is_managed=True, tenant=tenant) for pk in ids
        )
        made = Integration.objects.bulk_create(
            Integration(tenant=tenant, handle=f"i-{pk}", root_folder_id=pk) for pk in ids
        )
        SyncSchedule.objects.bulk_create(
            SyncSchedule(integration=each, tenant_id=tenant.pk, next_due_at=timezone.now() - due) for each in made
        )
        return [(tenant.pk, each.pk) for each in made]


def take() -> list[Key]:
    return dispatcher.take_due(now=timezone.now())


def test_racing_dispatchers_take_each_integration_exactly_once(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = dispatcher.MOST_WAITING
    due = many(committed, 900)

    def take_all() -> list[Key]:
        taken: list[Key] = []
        while batch := take():
            taken += batch
        return taken

    with transaction.atomic():
        taken = take()
        ours, theirs = at_once(take_all, take_all)  # what we hold, and have not given back, they pass over
    assert len(taken) > 0
    assert sorted([*taken, *ours, *theirs]) == sorted(due)


def test_a_thousand_of_one_tenant_leave_workers_to_the_one_of_another(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 3
    crowd = many(committed, 1_000, due=timedelta(hours=1))
    (one,) = many(committed, 1, tenant=committed.globex)
    taken = take()
    assert len(taken) == 4
    assert one in taken[:2]
    assert set(taken) - {one} < set(crowd)
    assert take() == []  # as long as none of them has ended
    assert sync_schedule.start(*taken[0], now=timezone.now()) is not None
    assert take() == []
    SyncSchedule.objects.filter(pk=taken[0][1]).update(claim=None, claim_expires_at=None)
    assert len(take()) == 1


def test_tenants_take_turns_in_the_queue(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 4
    many(committed, 20, due=timedelta(hours=1))
    many(committed, 20, tenant=committed.globex)
    assert [tenant_id for tenant_id, _ in take()] == [committed.acme.pk, committed.globex.pk] * 4


def test_who_waits_for_a_sync_goes_before_what_is_due_by_the_clock(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 2
    *_, clicked = many(committed, 10, due=timedelta(hours=1))
    taken = take()
    assert len(taken) == 2
    with isolation.as_tenant(committed.acme.pk):
        integration = Integration.objects.get(pk=clicked[1])
        requests.request(integration, trigger=SyncRun.Trigger.MANUAL, by=committed.org_owner, now=timezone.now())
    assert take() == [clicked]  # although the tenant has its share under way
    assert sync_schedule.start(*clicked, now=timezone.now()) is not None
    assert SyncSchedule.objects.get(pk=clicked[1]).asked_at is None


def test_what_people_wait_for_has_its_limit_too(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 4
    crowd = many(committed, 8)
    with isolation.as_tenant(committed.acme.pk):
        for integration in Integration.objects.filter(pk__in=[pk for _, pk in crowd]):
            requests.request_sync(integration=integration, by=committed.org_owner, now=timezone.now())
    # A message was sent for each when it was asked for.
    started = [key for key in crowd if sync_schedule.start(*key, now=timezone.now()) is not None]
    assert started == crowd[:5]
    assert take() == []
    SyncSchedule.objects.filter(pk=started[0][1]).update(claim=None, claim_expires_at=None)
    (following,) = take()
    assert following in crowd[5:]
    assert sync_schedule.start(*following, now=timezone.now()) is not None


def test_a_lost_sync_that_finds_its_tenant_busy_is_still_known_to_be_lost(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 1
    lost, *others = many(committed, 3)
    for key in (lost, others[0]):
        assert sync_schedule.start(*key, now=timezone.now()) is not None
    later = timezone.now() + timedelta(minutes=2)
    SyncSchedule.objects.exclude(pk=lost[1]).update(claim=uuid4(), claim_expires_at=later + timedelta(minutes=1))
    assert sync_schedule.start(*lost, now=later) is None
    SyncSchedule.objects.exclude(pk=lost[1]).update(claim=None, claim_expires_at=None, dispatched_at=None)
    assert dispatcher.take_due(now=later)[0] == lost
    assert sync_schedule.start(*lost, now=later) is not None


def test_whoever_works_at_a_command_line_need_not_wait_for_others(committed: Cast, settings: Settings) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 1
    *others, mine = many(committed, 3)
    for key in others:
        assert sync_schedule.start(*key, now=timezone.now()) is not None
    with isolation.as_tenant(committed.acme.pk):
        integration = Integration.objects.get(pk=mine[1])
        requests.request(integration, trigger=SyncRun.Trigger.COMMAND, by=None, now=timezone.now())
    assert sync_schedule.start(*mine, now=timezone.now()) is not None


def test_the_queue_is_kept_short_so_that_whose_turn_it_is_can_still_change(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "MOST_WAITING", 5)
    many(committed, 8)
    assert len(take()) == 5
    assert take() == []


def test_what_could_not_be_sent_is_due_as_before(committed: Cast) -> None:
    due = many(committed, 5)
    sent: list[Key] = []

    def send(key: Key) -> None:
        if len(sent) == 2:
            raise ConnectionError
        sent.append(key)

    with pytest.raises(ConnectionError):
        dispatcher.send_due(send, now=timezone.now())
    assert sorted([*sent, *take()]) == sorted(due)


def test_the_statements_can_do_without_reading_the_whole_table(committed: Cast) -> None:
    many(committed, 5)
    with CaptureQueriesContext(connection) as queries:
        dispatcher.send_due(lambda key: key, now=timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on integrations_syncschedule" not in plan, plan


def test_a_row_that_somebody_holds_does_not_hold_up_the_dispatcher(committed: Cast) -> None:
    held, *others = many(committed, 3)
    has_lock, is_done = threading.Event(), threading.Event()

    def hold() -> None:
        with isolation.as_tenant(committed.acme.pk):
            SyncSchedule.objects.select_for_update().get(pk=held[1])
            has_lock.set()
            is_done.wait(10)

    thread = in_thread(hold)
    assert has_lock.wait(10)
    assert sorted(dispatcher.take_due(now=timezone.now())) == sorted(others)
    is_done.set()
    thread.join()
    assert dispatcher.take_due(now=timezone.now()) == [held]


def test_the_dispatcher_does_not_wait_to_mend_a_row_that_somebody_holds(committed: Cast) -> None:
    held, other = many(committed, 2)
    ahead = timezone.now() + timedelta(hours=1)  # as if the clock had been set back by an hour
    SyncSchedule.objects.update(planned_at=ahead, next_due_at=ahead)
    has_lock, is_done = threading.Event(), threading.Event()
    was_told: list[bool] = []

    def hold() -> None:
        with isolation.as_tenant(committed.acme.pk):
            SyncSchedule.objects.select_for_update().get(pk=held[1])
            has_lock.set()
            was_told.append(is_done.wait(3))

    thread = in_thread(hold)
    assert has_lock.wait(10)
    dispatcher.mend_clock(now=timezone.now())
    assert take() == [other]
    is_done.set()
    thread.join()
    assert was_told == [True]
    dispatcher.mend_clock(now=timezone.now())
    assert take() == [held]


def test_a_sync_whose_worker_died_goes_on_before_what_else_of_its_tenant_is_due(
    committed: Cast, settings: Settings
) -> None:
    settings.PIPES_SYNCS_PER_TENANT = 2
    many(committed, 10, due=timedelta(hours=1))
    for key in (first := take()):
        assert sync_schedule.start(*key, now=timezone.now()) is not None
    died, _ = first
    SyncSchedule.objects.filter(pk=died[1]).update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert take() == [died]


def test_what_is_on_its_way_is_sent_again_only_when_it_got_lost(integration: Integration) -> None:
    SyncSchedule.objects.update(next_due_at=timezone.now() - timedelta(seconds=1))
    assert len(dispatcher.take_due(now=timezone.now())) == 1
    assert dispatcher.take_due(now=timezone.now()) == []
    assert len(dispatcher.take_due(now=timezone.now() + dispatcher.PATIENCE + timedelta(seconds=1))) == 1


@pytest.fixture
def broken_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Messages are sent to where nobody listens."""
    app = sync_integration.app
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    yield
    monkeypatch.undo()
    app.amqp._producer_pool = None
    redis_breaker.reset()  # or whoever comes within its two seconds is told that the broker is away


@pytest.mark.usefixtures("broken_broker")
def test_a_sync_that_is_asked_for_while_the_broker_is_away_starts_through_the_dispatcher(
    integration: Integration, committed: Cast
) -> None:
    began = time.monotonic()
    with isolation.as_tenant(integration.tenant_id):
        run = requests.request_sync(integration=integration, by=committed.org_owner, now=timezone.now())
    assert time.monotonic() - began < 20
    assert dispatcher.take_due(now=timezone.now()) == [(integration.tenant_id, integration.pk)]
    started = sync_schedule.start(integration.tenant_id, integration.pk, now=timezone.now())
    assert started is not None
    assert started.pk == run.pk


@pytest.mark.usefixtures("broken_broker")
def test_what_is_due_while_the_broker_is_away_is_started_when_it_is_back(committed: Cast) -> None:
    due = many(committed, 3)
    with pytest.raises(OperationalError):
        enqueue_due()
    assert sorted(take()) == due


def test_the_broker_gives_what_people_ask_for_before_what_is_due_by_the_clock() -> None:
    queue = f"priority-{uuid4().hex}"
    for argument, options in (
        (1, {"priority": LOW_PRIORITY}),
        (2, {"priority": LOW_PRIORITY}),
        (3, {}),
    ):
        sync_integration.apply_async((argument, argument), queue=queue, **options)
    with sync_integration.app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        assert [waiting.get(timeout=5).payload[0][0] for _ in range(3)] == [3, 1, 2]
        waiting.queue.delete()

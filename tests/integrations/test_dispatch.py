"""The dispatcher: what is due is sent once, however many dispatch, and also when the broker was away."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Folder
from connections.tree import allocate_ids
from integrations import actions, schedule
from integrations.models import Integration, SyncSchedule
from integrations.tasks import sync_integration
from tests.conftest import Cast
from tests.integrations.threads import at_once, in_thread
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


def many(cast: Cast, number: int) -> list[tuple[int, int]]:
    """Make so many integrations that are due."""
    with isolation.as_tenant(cast.acme.pk):
        ids = allocate_ids(Folder, number)
        Folder.objects.bulk_create(
            Folder(id=pk, root_id=pk, path=f"{pk}/", handle=f"root_{pk}", is_managed=True, tenant=cast.acme)
            for pk in ids
        )
        made = Integration.objects.bulk_create(
            Integration(tenant=cast.acme, handle=f"i-{pk}", root_folder_id=pk) for pk in ids
        )
        SyncSchedule.objects.bulk_create(
            SyncSchedule(integration=each, tenant_id=cast.acme.pk, next_due_at=timezone.now()) for each in made
        )
        return [(cast.acme.pk, each.pk) for each in made]


def test_racing_dispatchers_take_each_integration_exactly_once(committed: Cast) -> None:
    due = many(committed, 1_200)

    def take() -> list[tuple[int, int]]:
        taken: list[tuple[int, int]] = []
        while batch := schedule.take_due(now=timezone.now()):
            taken += batch
        return taken

    shares = at_once(take, take)
    assert sorted([*shares[0], *shares[1]]) == sorted(due)


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
    assert sorted(schedule.take_due(now=timezone.now())) == sorted(others)
    is_done.set()
    thread.join()
    assert schedule.take_due(now=timezone.now()) == [held]


def test_what_is_on_its_way_is_sent_again_only_when_it_got_lost(integration: Integration) -> None:
    SyncSchedule.objects.update(next_due_at=timezone.now() - timedelta(seconds=1))
    assert len(schedule.take_due(now=timezone.now())) == 1
    assert schedule.take_due(now=timezone.now()) == []
    assert len(schedule.take_due(now=timezone.now() + schedule.DISPATCH_PATIENCE + timedelta(seconds=1))) == 1


@pytest.fixture
def broken_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Messages are sent to where nobody listens."""
    app = sync_integration.app
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    yield
    monkeypatch.undo()
    app.amqp._producer_pool = None


@pytest.mark.usefixtures("broken_broker")
def test_a_sync_that_is_asked_for_while_the_broker_is_away_starts_through_the_dispatcher(
    integration: Integration, committed: Cast
) -> None:
    began = time.monotonic()
    with isolation.as_tenant(integration.tenant_id):
        run = actions.request_sync(integration=integration, by=committed.org_owner, now=timezone.now())
    assert time.monotonic() - began < 5
    assert schedule.take_due(now=timezone.now()) == [(integration.tenant_id, integration.pk)]
    started = schedule.start(integration.tenant_id, integration.pk, now=timezone.now())
    assert started is not None
    assert started.pk == run.pk

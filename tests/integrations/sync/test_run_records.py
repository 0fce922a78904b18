"""Runs are kept for their time, and the last of each integration for longer."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import clean_up, retention
from integrations.models import Delivery, Integration, SyncRun
from integrations.models.notifications import Event
from integrations.sync import run_records
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

NOW = timezone.now()
State = SyncRun.State


@pytest.fixture
def one(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Integration:
    """An integration without runs; of each integration the last three are kept, and of all those of ten days."""
    monkeypatch.setattr(retention, "LAST_RUNS", 3)
    settings.PIPES_RUNS_KEPT_DAYS = 10
    return _integration(cast, "one")


def _integration(cast: Cast, handle: str) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, handle, by=cast.org_owner)
        SyncRun.objects.filter(integration=made).delete()
        return made


def add(integration: Integration, *ages: int, state: State = State.SUCCEEDED) -> None:
    """Let it have run so many days ago, in that order."""
    with isolation.as_tenant(integration.tenant_id):
        SyncRun.objects.bulk_create(
            SyncRun(
                tenant_id=integration.tenant_id,
                integration=integration,
                trigger=SyncRun.Trigger.SCHEDULED,
                state=state,
                queued_at=NOW - timedelta(days=age),
            )
            for age in ages
        )


def ages(integration: Integration) -> list[int]:
    """How many days ago the runs were that are kept, the oldest first."""
    with isolation.as_tenant(integration.tenant_id):
        runs = SyncRun.objects.filter(integration=integration).order_by("pk")
        return [(NOW - queued_at).days for queued_at in runs.values_list("queued_at", flat=True)]


def test_runs_are_kept_for_their_time(one: Integration) -> None:
    add(one, 400, 30, 11, 9, 8, 7, 6)
    clean_up.run(now=NOW)
    assert ages(one) == [9, 8, 7, 6]


def test_the_last_runs_of_each_integration_are_kept_whatever_their_age(one: Integration, cast: Cast) -> None:
    other, fresh = _integration(cast, "other"), _integration(cast, "fresh")
    add(one, 400, 399, 398, 397)
    add(other, 50)
    add(fresh, 2)
    clean_up.run(now=NOW)
    assert (ages(one), ages(other), ages(fresh)) == ([399, 398, 397], [50], [2])


@pytest.mark.parametrize("state", [State.NEEDS_APPROVAL, State.APPROVED, State.QUEUED, State.RUNNING])
def test_a_run_that_waits_for_something_is_kept(one: Integration, state: State) -> None:
    add(one, 100, state=state)
    add(one, 30, 29, 28, 27, state=State.FAILED)
    clean_up.run(now=NOW)
    assert ages(one) == [100, 29, 28, 27]


def test_a_run_of_which_a_message_tells_is_kept_as_long_as_that(one: Integration, cast: Cast) -> None:
    add(one, 30, 29, 28, 27, 26)
    with isolation.as_tenant(cast.acme.pk):
        run = SyncRun.objects.order_by("pk").first()
        Delivery.objects.create(
            tenant_id=one.tenant_id, integration=one, run=run, event=Event.CHANGED, email="a@acme.example"
        )
    clean_up.run(now=NOW)
    assert ages(one) == [30, 28, 27, 26]


def test_many_runs_go_in_batches(one: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "RUNS_AT_ONCE", 4)
    add(one, *[30] * 23, 5)
    clean_up.run(now=NOW)
    assert ages(one) == [30, 30, 5]

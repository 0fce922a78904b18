"""Runs in a row that changed nothing become one record for each day; nothing else is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from integrations import clean_up, tasks
from integrations.models import Delivery, Integration, SyncRun
from integrations.models.notifications import Event
from integrations.sync import run_records
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
TODAY = NOW.replace(hour=0)
State, Trigger = SyncRun.State, SyncRun.Trigger
QUIET: dict[str, object] = {}
CHANGED: dict[str, object] = {"counts": {"move": 2}, "changes": [["move", "connection", "1", "web", "a", "b"]] * 2}
FAILED: dict[str, object] = {"state": State.FAILED, "error": "AWS said no."}


@pytest.fixture
def one(cast: Cast) -> Integration:
    return an_integration(cast, "one")


def an_integration(cast: Cast, handle: str) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, handle, by=cast.org_owner)
        SyncRun.objects.filter(integration=made).delete()
        return made


def add(integration: Integration, since: datetime, kinds: Sequence[dict[str, object]], *, hours: float = 1) -> None:
    """Let it have run like that, one after the other."""
    usual: dict[str, object] = {"trigger": Trigger.SCHEDULED, "state": State.SUCCEEDED}
    with isolation.as_tenant(integration.tenant_id):
        for number, kind in enumerate(kinds):
            at = since + timedelta(hours=hours) * number
            own = {"queued_at": at, "started_at": at, "finished_at": at + timedelta(seconds=9)}
            SyncRun.objects.create(tenant_id=integration.tenant_id, integration=integration, **(usual | own | kind))


def kept(integration: Integration) -> list[tuple[str, int | None]]:
    """What records there are, the oldest first: how each ended and for how many it stands."""
    with isolation.as_tenant(integration.tenant_id):
        runs = SyncRun.objects.filter(integration=integration).order_by("pk")
        return [("changed" if run.counts else str(run.state), run.folded_runs) for run in runs]


def test_quiet_runs_of_a_day_become_one_record_which_is_the_last(one: Integration) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET] * 24)
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 24)]
    with isolation.as_tenant(one.tenant_id):
        run = SyncRun.objects.get(integration=one)
    assert run.folded_since == TODAY - timedelta(days=3)
    assert run.queued_at == TODAY - timedelta(days=2, hours=1)


def test_each_day_has_a_record_of_its_own_and_the_last_ones_stay_apart(one: Integration) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET] * 84)
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 24)] * 2 + [("succeeded", None)] * 36


def test_what_changed_something_or_failed_parts_them_and_stays(one: Integration) -> None:
    kinds = [QUIET, QUIET, CHANGED, QUIET, QUIET, QUIET, FAILED, FAILED, QUIET]
    add(one, TODAY - timedelta(days=3), kinds)
    clean_up.run(now=NOW)
    assert kept(one) == [
        ("succeeded", 2),
        ("changed", None),
        ("succeeded", 3),
        ("failed", None),
        ("failed", None),
        ("succeeded", 1),
    ]


@pytest.mark.parametrize("trigger", sorted(set(Trigger) - {Trigger.SCHEDULED, Trigger.EVENT}))
def test_what_a_person_asked_for_stays(one: Integration, trigger: SyncRun.Trigger) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET, {"trigger": trigger}, QUIET])
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 1), ("succeeded", None), ("succeeded", 1)]


def test_what_a_delegate_asked_for_stays(one: Integration, cast: Cast) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET, {"started_by": cast.org_member}, QUIET])
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 1)] * 3


@pytest.mark.parametrize("state", [State.NEEDS_APPROVAL, State.APPLIED, State.DISCARDED, State.SUPERSEDED])
def test_what_asked_stays(one: Integration, state: SyncRun.State) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET, {"state": state}, QUIET])
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 1), (state, None), ("succeeded", 1)]


def test_what_a_message_tells_of_stays(one: Integration) -> None:
    add(one, TODAY - timedelta(days=3), [QUIET, QUIET, QUIET])
    with isolation.as_tenant(one.tenant_id):
        told = SyncRun.objects.filter(integration=one).order_by("pk")[1]
        Delivery.objects.create(
            tenant_id=one.tenant_id, integration=one, run=told, event=Event.CHANGED, email="a@acme.example"
        )
    clean_up.run(now=NOW)
    assert kept(one) == [("succeeded", 1)] * 3


def test_integrations_are_folded_each_for_itself_and_again_the_next_day(one: Integration, cast: Cast) -> None:
    other = an_integration(cast, "other")
    for hour in range(48):
        for integration in (one, other):
            add(integration, TODAY - timedelta(days=2) + timedelta(hours=hour), [QUIET])
    for day in (0, 0, 1, 1):
        clean_up.run(now=NOW + timedelta(days=day))
    assert kept(one) == kept(other) == [("succeeded", 24)] * 2


def test_a_year_that_was_never_folded_is_done_in_batches(one: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "RUNS_AT_ONCE", 10)
    add(one, TODAY - timedelta(days=9), [QUIET] * 60, hours=2)
    clean_up.run(now=NOW)
    stands_for = [count or 0 for _, count in kept(one)]
    assert sum(stands_for) == 60
    assert len(stands_for) <= 12


def test_what_takes_too_long_goes_on_the_next_time(one: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "RUNS_AT_ONCE", 10)
    add(one, TODAY - timedelta(days=9), [QUIET] * 60, hours=2)
    answers = iter([False, False])
    run_records.fold_quiet_runs(one.tenant_id, now=NOW, is_time_up=lambda: next(answers, True))
    assert [count for _, count in kept(one) if count is None] == [None] * 40
    clean_up.run(now=NOW)
    assert sum(count or 0 for _, count in kept(one)) == 60


def test_the_hourly_task_has_its_time(one: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    add(one, datetime.now(UTC).replace(hour=0) - timedelta(days=9), [QUIET] * 3)
    monkeypatch.setattr(tasks, "CLEAN_UP_SECONDS", 0)
    tasks.clean_up()
    assert kept(one) == [("succeeded", None)] * 3
    monkeypatch.undo()
    tasks.clean_up()
    assert kept(one) == [("succeeded", 3)]

"""A sync that is asked for while one runs follows it: the one that runs may have read past the change."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations.jobs.outcome import Outcome
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import approvals, requests
from integrations.sync import run as sync_run
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.sync.scheduling import finish, make_due, request, row, start, stored
from workspaces import isolation
from workspaces.models import User

Phase = SyncRun.Phase


def press(
    mirror: Synced, by: User, *, at: datetime | None = None, trigger: SyncRun.Trigger = SyncRun.Trigger.MANUAL
) -> SyncRun:
    """Press Sync Integration."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        return requests.request_sync(integration=mirror.integration, by=by, now=at or timezone.now(), trigger=trigger)


def press_held_back(mirror: Synced, by: User, *, at: datetime | None = None) -> SyncRun:
    """Press it as a delegate does who may not approve removals."""
    return press(mirror, by, at=at, trigger=SyncRun.Trigger.SCHEDULED)


def work_and(mirror: Synced, act: Callable[[], object], *, phase: Phase = Phase.COMPARING) -> SyncRun:
    """Run what is due, and do something when that phase begins."""
    seen: set[str] = set()

    def watch(run: SyncRun) -> None:
        if run.phase == phase and phase not in seen and not run.is_over:
            seen.add(phase)
            act()

    run = sync_run.run(mirror.integration.tenant_id, mirror.integration.pk, watch=watch, retries=QUICK)
    assert run is not None
    assert seen == {phase}
    return run


def is_due(mirror: Synced) -> bool:
    return mirror.schedule().next_due_at <= timezone.now()


def test_what_changes_after_a_running_sync_has_read_is_there_after_one_more(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    press(mirror, cast.tenant_owner)

    def change_and_press() -> None:
        mirror.aws.organization.create_account("Late", parent="Sandbox")
        for person in (cast.org_owner, cast.org_owner, cast.tenant_owner):
            press(mirror, person)

    assert work_and(mirror, change_and_press).state == "succeeded"
    assert "late" not in mirror.tree()
    assert is_due(mirror)
    more = mirror.work()
    assert (more.state, more.trigger, more.started_by) == ("succeeded", "manual", cast.org_owner)
    assert "late" in mirror.tree()
    assert not is_due(mirror)
    assert sync_run.run(mirror.integration.tenant_id, mirror.integration.pk) is None
    assert len(mirror.runs()) == 3


def test_the_one_that_follows_is_attended_by_whoever_asked(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(deletion_limit_percent=0, deletion_limit_count=0)
    make_due(mirror.integration)

    def lose_and_press() -> None:
        mirror.aws.organization.remove("Dev")
        press(mirror, cast.org_owner)

    work_and(mirror, lose_and_press)
    assert mirror.work().counts == {"remove": 1}


def test_an_owner_gets_what_they_ask_for_where_a_delegate_has_asked_before(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    long_ago = timezone.now() - timedelta(hours=1)
    first = press_held_back(mirror, cast.org_member, at=long_ago)
    assert press(mirror, cast.org_owner) == press_held_back(mirror, cast.org_member) == first
    assert (stored(first).trigger, stored(first).started_by) == ("manual", cast.org_owner)

    def ask_for_more() -> None:
        press_held_back(mirror, cast.org_member)
        assert (row(mirror.integration).asked_trigger, row(mirror.integration).asked_by) == (
            "scheduled",
            cast.org_member,
        )
        press(mirror, cast.org_owner, at=timezone.now() + timedelta(seconds=9))
        press_held_back(mirror, cast.org_member)

    assert work_and(mirror, ask_for_more).is_attended
    more = mirror.work()
    assert (more.trigger, more.started_by) == ("manual", cast.org_owner)
    press_held_back(mirror, cast.org_member)
    alone = mirror.work()
    assert (alone.trigger, alone.started_by, alone.is_attended) == ("scheduled", cast.org_member, False)


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException"])
def test_one_more_follows_a_sync_that_fails_too(mirror: Synced, cast: Cast, code: str) -> None:
    mirror.work()
    mirror.aws.faults.fail("ListAccounts", code)
    make_due(mirror.integration)
    failed = work_and(mirror, lambda: press(mirror, cast.org_owner), phase=Phase.READING)
    assert failed.state == "failed"
    mirror.aws.faults.clear()
    assert is_due(mirror)
    more = mirror.work()
    assert (more.state, more.trigger) == ("succeeded", "manual")
    assert not is_due(mirror)


def test_a_double_click_on_an_idle_integration_gives_one_sync(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    first = press(mirror, cast.org_owner)
    seen: list[SyncRun] = []
    # The worker is as fast as can be: the second half of the click finds it at the end already.
    work_and(mirror, lambda: seen.append(press(mirror, cast.org_owner, at=first.queued_at + timedelta(seconds=1))))
    assert seen == [first]
    assert not is_due(mirror)


def test_whoever_asks_before_an_attended_sync_has_read_anything_gets_that_one(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    first = press(mirror, cast.tenant_owner)
    running = start(mirror.integration, after=timedelta(minutes=1))
    assert running is not None
    assert press(mirror, cast.org_owner, at=timezone.now() + timedelta(minutes=2)) == first
    assert row(mirror.integration).asked_at is None


def test_whoever_asks_while_a_scheduled_sync_begins_gets_one_that_is_attended(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    make_due(mirror.integration)
    running = start(mirror.integration)
    assert running is not None
    press(mirror, cast.org_owner)
    finish(running, Outcome())
    assert mirror.work().trigger == "manual"


def test_what_is_approved_while_a_sync_runs_is_done_by_the_one_that_follows(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(deletion_limit_percent=0, deletion_limit_count=0)
    mirror.aws.organization.remove("Dev")
    make_due(mirror.integration)
    asked = mirror.work()
    assert asked.state == "needs_approval"

    def approve() -> None:
        with isolation.as_tenant(mirror.integration.tenant_id):
            approvals.approve(run=asked, by=cast.org_owner, now=timezone.now())

    # The limit is looked at after that phase begins, so this one does it; the one that follows has nothing to do.
    make_due(mirror.integration)
    assert work_and(mirror, approve, phase=Phase.READING).counts == {"remove": 1}
    more = mirror.work()
    assert (more.trigger, more.started_by, more.counts) == ("approval", cast.org_owner, {})
    assert stored(asked).state == "applied"
    assert not is_due(mirror)


def test_what_is_approved_while_a_sync_fails_is_done_by_the_one_that_follows(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(deletion_limit_percent=0, deletion_limit_count=0)
    mirror.aws.organization.remove("Dev")
    make_due(mirror.integration)
    asked = mirror.work()

    def approve() -> None:
        with isolation.as_tenant(mirror.integration.tenant_id):
            approvals.approve(run=asked, by=cast.org_owner, now=timezone.now())

    mirror.aws.faults.fail("ListAccounts", "AccessDeniedException", times=1)
    make_due(mirror.integration)
    assert work_and(mirror, approve, phase=Phase.READING).state == "failed"
    assert is_due(mirror)
    assert mirror.work().counts == {"remove": 1}


def test_a_sync_that_takes_over_from_a_dead_worker_is_the_one_that_was_asked_for(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    make_due(mirror.integration)
    assert start(mirror.integration) is not None
    press(mirror, cast.org_owner)
    heir = start(mirror.integration, after=timedelta(minutes=5))
    assert heir is not None
    assert (heir.trigger, heir.started_by_id) == ("manual", cast.org_owner.pk)
    finish(heir, Outcome(), after=timedelta(minutes=5))
    assert row(mirror.integration).asked_at is None
    assert SyncSchedule.objects.get(pk=mirror.integration.pk).next_due_at > timezone.now()


def test_what_the_version_before_asks_for_is_one_more_scheduled_sync(mirror: Synced) -> None:
    """It writes when, and not who."""
    mirror.work()
    request(mirror.integration)
    running = start(mirror.integration)
    assert running is not None
    SyncSchedule.objects.update(asked_at=timezone.now(), next_due_at=timezone.now())
    finish(running, Outcome())
    assert mirror.work().trigger == "scheduled"

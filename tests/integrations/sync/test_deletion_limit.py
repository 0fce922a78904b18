"""A sync that nobody attends asks before it removes much, and then removes what was approved and nothing else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from integrations.jobs.outcome import Outcome
from integrations.models import Integration, KnownSnapshot, SyncRun, SyncSchedule
from integrations.sync import approvals
from integrations.sync import run as sync_run
from integrations.sync import schedule as sync_schedule
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from workspaces import isolation
from workspaces.models import AuditEvent, User

Answer = Callable[[Synced, SyncRun, User], object]

ACCOUNTS = 20  # besides the management account and the two of the fixture


@pytest.fixture
def many(mirror: Synced) -> Synced:
    """An AWS organization of some size, mirrored."""
    for number in range(ACCOUNTS):
        mirror.aws.organization.create_account(f"App {number:02}", parent="Workloads", joined_at=100.0 + number)
    mirror.sync()
    return mirror


def lose(mirror: Synced, *numbers: int) -> None:
    """Accounts leave the AWS organization."""
    for number in numbers:
        mirror.aws.organization.remove(f"App {number:02}")


def scheduled(mirror: Synced) -> SyncRun:
    """The next scheduled run."""
    SyncSchedule.objects.filter(pk=mirror.integration.pk).update(next_due_at=timezone.now())
    return mirror.work()


def approve(mirror: Synced, run: SyncRun, by: User) -> SyncRun:
    """Press *Approve*."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        return approvals.approve(run=run, by=by, now=timezone.now())


def discard(mirror: Synced, run: SyncRun, by: User) -> None:
    """Press *Discard*."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        approvals.discard(run=run, by=by, now=timezone.now())


def an_hour_passes(mirror: Synced) -> None:
    """Make what was read for the question too old to be applied."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        assert KnownSnapshot.objects.update(read_at=timezone.now() - timedelta(hours=1)) == 1


def events(mirror: Synced, action: str) -> list[dict[str, object]]:
    """What the audit log has of it."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        return list(AuditEvent.objects.filter(action=action).values_list("details", flat=True))


def held(mirror: Synced) -> int:
    """How many connections there are."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        return Connection.objects.filter(root=mirror.integration.root_folder_id, removed_at=None).count()


def states(mirror: Synced) -> list[str]:
    """How all runs stand, but for the first."""
    return [run.state for run in mirror.runs()][1:]


def test_a_scheduled_sync_over_the_limit_changes_nothing_and_says_what_it_would_do(many: Synced) -> None:
    before = many.tree()
    lose(many, *range(6))
    many.aws.organization.create_account("New", parent="Sandbox", joined_at=900.0)
    many.aws.calls.clear()
    run = scheduled(many)
    assert run.state == SyncRun.State.NEEDS_APPROVAL
    assert "remove 6 of 23 connections" in run.error
    assert run.counts == {"remove": 6, "create": 1}
    assert many.tree() == before
    # The limit is looked at first: AWS was not asked about each of them.
    assert many.aws.calls.count("DescribeAccount") == 0
    assert many.schedule().claim is None
    assert many.schedule().failures == 0


@pytest.mark.parametrize(
    ("lost", "percent", "count", "asks"),
    [
        pytest.param(5, 20, 5, False, id="over the share but not the number"),
        pytest.param(6, 30, 5, False, id="over the number but not the share"),
        pytest.param(6, 20, 5, True, id="over both"),
        pytest.param(1, 0, 0, True, id="any removal"),
        pytest.param(20, 100, 0, False, id="never"),
    ],
)
def test_the_limit_is_a_share_and_a_number(many: Synced, lost: int, percent: int, count: int, asks: bool) -> None:
    with isolation.as_tenant(many.integration.tenant_id):
        Integration.objects.update(deletion_limit_percent=percent, deletion_limit_count=count)
    lose(many, *range(lost))
    run = scheduled(many)
    assert (run.state == SyncRun.State.NEEDS_APPROVAL) == asks
    assert held(many) == ACCOUNTS + 3 - (0 if asks else lost)


def test_accounts_that_aws_calls_closed_count_too(many: Synced) -> None:
    for number in range(6):
        many.aws.organization.set_state(f"App {number:02}", "CLOSED")
    assert scheduled(many).state == SyncRun.State.NEEDS_APPROVAL


def test_suspended_accounts_are_not_removed_and_so_do_not_count(many: Synced) -> None:
    for number in range(ACCOUNTS):
        many.aws.organization.set_state(f"App {number:02}", "SUSPENDED")
    assert scheduled(many).state == SyncRun.State.SUCCEEDED


def test_whoever_starts_a_sync_looks_on_and_is_not_asked(many: Synced) -> None:
    lose(many, *range(12))
    assert many.sync().state == SyncRun.State.SUCCEEDED
    assert held(many) == ACCOUNTS + 3 - 12


def test_a_sync_that_starts_long_after_it_was_asked_for_is_attended_by_nobody(many: Synced) -> None:
    lose(many, *range(12))
    asked = many.request()
    with isolation.as_tenant(many.integration.tenant_id):
        SyncRun.objects.filter(pk=asked.pk).update(queued_at=timezone.now() - timedelta(hours=9))
    assert many.work().state == SyncRun.State.NEEDS_APPROVAL


def test_a_sync_that_replaces_one_whose_worker_died_is_as_old_as_that(many: Synced) -> None:
    lose(many, *range(12))
    asked = many.request()
    long_ago = timezone.now() - timedelta(hours=9)
    with isolation.as_tenant(many.integration.tenant_id):
        SyncRun.objects.filter(pk=asked.pk).update(state=SyncRun.State.RUNNING, queued_at=long_ago, started_at=long_ago)
    SyncSchedule.objects.update(claim=asked.claim, claim_expires_at=long_ago)
    assert many.work().state == SyncRun.State.NEEDS_APPROVAL


def test_approving_later_reads_again_and_removes(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    an_hour_passes(many)
    approve(many, asked, cast.org_owner)
    applied = many.work()
    assert applied.trigger == SyncRun.Trigger.APPROVAL
    assert applied.started_by == cast.org_owner
    assert held(many) == ACCOUNTS + 3 - 6
    assert states(many) == ["applied", "succeeded"]
    assert events(many, "integration.removals_approved") == [{"run": asked.number, "removals": 6}]


def test_an_approval_while_a_sync_runs_is_done_by_the_next(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    SyncSchedule.objects.filter(pk=many.integration.pk).update(next_due_at=timezone.now())
    running = sync_schedule.start(many.integration.tenant_id, many.integration.pk, now=timezone.now())
    assert running is not None
    with isolation.as_tenant(many.integration.tenant_id):
        SyncRun.objects.filter(pk=running.pk).update(phase=SyncRun.Phase.READING)
    approve(many, asked, cast.org_owner)
    with isolation.as_tenant(many.integration.tenant_id):
        sync_schedule.finish(running, Outcome("AWS said no."), now=timezone.now())
    done = many.work()
    assert (done.state, done.started_by) == (SyncRun.State.SUCCEEDED, cast.org_owner)
    assert held(many) == ACCOUNTS + 3 - 6
    assert states(many) == ["applied", "failed", "succeeded"]


def test_the_share_is_of_what_is_there_and_not_of_what_has_gone_before(many: Synced) -> None:
    lose(many, *range(9))
    many.sync()
    with isolation.as_tenant(many.integration.tenant_id):
        Integration.objects.update(deletion_limit_percent=20, deletion_limit_count=0)
    lose(many, 9, 10, 11)
    run = scheduled(many)
    assert run.state == SyncRun.State.NEEDS_APPROVAL
    assert "remove 3 of 14 connections" in run.error


def test_an_approval_covers_what_was_shown_and_nothing_more(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    approve(many, asked, cast.org_owner)
    an_hour_passes(many)
    lose(many, 6)
    again = many.work()
    assert again.state == SyncRun.State.NEEDS_APPROVAL
    assert len(again.removals) == 7
    assert states(many) == ["superseded", "needs_approval"]
    assert held(many) == ACCOUNTS + 3


def test_what_came_back_before_the_approved_sync_is_kept(many: Synced, cast: Cast) -> None:
    gone = many.aws.organization.remove("App 06")
    lose(many, *range(6))
    asked = scheduled(many)
    many.aws.organization.create_account("App 06", account_id=gone.id, parent="Workloads", joined_at=gone.joined_at)
    approve(many, asked, cast.org_owner)
    assert many.work().state == SyncRun.State.SUCCEEDED
    assert many.connection("App 06").removed_at is None
    assert held(many) == ACCOUNTS + 3 - 6


def test_an_approval_survives_a_sync_that_fails(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    approve(many, scheduled(many), cast.org_owner)
    many.aws.faults.fail("AssumeRole", "AccessDenied", times=1)
    assert many.work().state == SyncRun.State.FAILED
    assert scheduled(many).state == SyncRun.State.SUCCEEDED
    assert held(many) == ACCOUNTS + 3 - 6
    # … and is used up by one that succeeds.
    lose(many, *range(6, 15))
    assert scheduled(many).state == SyncRun.State.NEEDS_APPROVAL


def test_discarding_changes_nothing_and_the_next_sync_asks_again(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    discard(many, asked, cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        assert not KnownSnapshot.objects.exists()
    assert held(many) == ACCOUNTS + 3
    assert states(many) == ["discarded"]
    assert events(many, "integration.removals_discarded") == [{"run": asked.number}]
    assert scheduled(many).state == SyncRun.State.NEEDS_APPROVAL


def test_a_later_question_takes_the_place_of_the_earlier(many: Synced) -> None:
    lose(many, *range(6))
    scheduled(many)
    scheduled(many)
    assert states(many) == ["superseded", "needs_approval"]


def test_a_question_is_over_when_a_sync_succeeds_without_an_answer(many: Synced) -> None:
    gone = many.aws.organization.remove("App 00")
    lose(many, *range(1, 6))
    scheduled(many)
    many.aws.organization.create_account("App 00", account_id=gone.id, parent="Workloads", joined_at=gone.joined_at)
    assert scheduled(many).state == SyncRun.State.SUCCEEDED
    assert states(many) == ["superseded", "succeeded"]


def test_a_question_stays_when_the_next_sync_fails(many: Synced) -> None:
    lose(many, *range(6))
    scheduled(many)
    many.aws.faults.fail("ListRoots", "AccessDeniedException", times=1)
    scheduled(many)
    assert states(many) == ["needs_approval", "failed"]


@pytest.mark.parametrize("answer", [approve, discard])
def test_a_question_is_answered_once(many: Synced, cast: Cast, answer: Answer) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    discard(many, asked, cast.org_owner)
    with pytest.raises(approvals.NotWaitingError, match=f"{cast.org_owner.email} has discarded this already"):
        answer(many, asked, cast.tenant_owner)
    scheduled(many)
    with pytest.raises(approvals.NotWaitingError, match="discarded this already"):
        answer(many, asked, cast.tenant_owner)
    assert states(many) == ["discarded", "needs_approval"]


def test_a_question_that_was_replaced_cannot_be_answered(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    scheduled(many)
    with pytest.raises(approvals.NotWaitingError, match="A later sync took the place"):
        approve(many, asked, cast.org_owner)


def test_a_deleted_integration_asks_nothing(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    asked = scheduled(many)
    with isolation.as_tenant(many.integration.tenant_id):
        SyncRun.objects.filter(pk=asked.pk).delete()
    with pytest.raises(approvals.NotWaitingError, match="deleted meanwhile"):
        approve(many, asked, cast.org_owner)


def test_an_approved_removal_is_still_confirmed_by_aws(many: Synced, cast: Cast) -> None:
    lose(many, *range(6))
    approve(many, scheduled(many), cast.org_owner)
    many.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    assert many.work().state == SyncRun.State.FAILED
    assert held(many) == ACCOUNTS + 3


def test_the_claim_must_hold_when_a_question_is_recorded(many: Synced) -> None:
    lose(many, *range(6))

    def take_away(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            expired = timezone.now() - timedelta(seconds=1)
            SyncSchedule.objects.update(claim=None, claim_expires_at=expired)

    SyncSchedule.objects.update(next_due_at=timezone.now())
    sync_run.run(many.integration.tenant_id, many.integration.pk, watch=take_away)
    assert SyncRun.State.NEEDS_APPROVAL not in states(many)


def test_asking_about_each_that_is_gone_is_shown_as_it_goes_on(many: Synced) -> None:
    lose(many, *range(ACCOUNTS))
    many.request()
    seen: list[tuple[str, int]] = []
    many.aws.faults.latency = 0.2
    run = sync_run.run(
        many.integration.tenant_id, many.integration.pk, watch=lambda it: seen.append((it.phase, it.aws_calls))
    )
    assert run is not None
    assert run.counts == {"remove": ACCOUNTS}
    confirming = [calls for phase, calls in seen if phase == SyncRun.Phase.CONFIRMING]
    assert len(set(confirming)) > 1, seen
    assert [phase for phase, _ in seen].index("confirming") < len(seen) - 1 - [p for p, _ in seen][::-1].index(
        "comparing"
    )

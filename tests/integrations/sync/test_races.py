"""Syncs among other transactions: committed for real, with somebody else at the same rows."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection
from integrations.models import SyncRun, SyncSchedule
from integrations.sync import run as sync_run
from integrations.sync import schedule
from tests import factories
from tests.conftest import make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.threads import at_once, in_thread, meeting, wait_until_waiting
from workspaces import isolation
from workspaces.access import Scope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def committed(aws: RunningAws, transactional_db: None) -> Synced:
    """An organization-level integration by role, before its first sync, committed."""
    cast = make_cast()
    return make_mirror(aws, cast.at_org, cast)


def backend_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("takes_another", [False, True], ids=["one waits", "both wait"])
def test_a_handle_that_somebody_takes_at_the_last_moment_is_planned_around(
    committed: Synced, takes_another: bool
) -> None:
    has_taken, has_lost = threading.Event(), threading.Event()

    def take_it() -> None:
        try:
            take()
        except OperationalError:  # of the two who wait for each other, PostgreSQL may also end this one
            has_lost.set()

    def take() -> None:
        scope = committed.integration.scope
        with isolation.as_tenant(scope.tenant.pk):
            factories.connection(scope, "By hand", handle="prod")
            has_taken.set()
            wait_until_waiting()  # the sync's commit waits for ours
            if takes_another:  # and ours for the sync's
                factories.connection(scope, "By hand", handle="dev")

    thread = in_thread(take_it)
    assert has_taken.wait(10)
    run = committed.work()
    thread.join()
    assert (run.state, run.counts) == ("succeeded", {"create": 5})
    if has_lost.is_set():
        return
    account_id = committed.aws.organization.find("Prod").id
    assert committed.tree()[f"prod_{account_id}"] == "Root/Workloads/Prod active"
    assert committed.schedule().claim is None


def test_first_syncs_of_one_scope_that_want_the_same_handles_all_succeed(aws: RunningAws) -> None:
    for number in range(60):
        aws.organization.create_account(f"App {number}", parent="Workloads", joined_at=10.0 + number)
    cast = make_cast()
    mirrors = [make_mirror(aws, cast.at_org, cast, f"twin-{number}") for number in range(8)]
    runs = at_once(*(twin.work for twin in mirrors))
    assert {(run.state, run.error) for run in runs} == {("succeeded", "")}


def test_no_transaction_is_open_while_aws_is_asked(committed: Synced) -> None:
    committed.work()
    committed.aws.organization.remove("Dev")
    open_transactions: list[int] = []

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
            )
            open_transactions.append(cursor.fetchone()[0])
        connection.close()

    operations = ("AssumeRole", "DescribeOrganization", "ListRoots", "ListAccounts", "DescribeAccount")
    for operation in operations:
        committed.aws.faults.after_call(operation, 1, look)
    assert committed.sync().counts == {"remove": 1}
    assert open_transactions == [0] * len(operations)


def test_a_worker_asks_the_database_little_where_nothing_changed(
    committed: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_run, "_PROGRESS_SECONDS", 60.0)  # however slow this machine is today
    committed.sync()
    committed.request()
    with CaptureQueriesContext(connection) as captured:
        performed = sync_run.perform(committed.integration.tenant_id, committed.integration.pk)
    assert performed == committed.runs()[-1].pk
    # To start, to look whether it has to read, to say that it reads and that it compares, to compare and record.
    assert len(captured) == 9 + 4 + 4 + 4 + 6


def test_comparing_and_recording_takes_six_statements_where_nothing_changed(committed: Synced) -> None:
    committed.work()
    with CaptureQueriesContext(connection) as captured:
        committed.sync()
    statements = [query["sql"] for query in captured.captured_queries]
    end = next(number for number, sql in enumerate(statements) if "WITH freed" in sql)
    begin = max(number for number, sql in enumerate(statements[:end]) if sql == "BEGIN")
    assert statements[end + 1] == "COMMIT"
    assert len(statements[begin : end + 2]) == 6


def test_a_database_connection_that_is_cut_in_the_middle_fails_the_run_and_the_next_one_heals(
    committed: Synced,
) -> None:
    backend = backend_id()

    def cut(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
            other.close()

    integration = committed.integration
    sync_run.run(integration.tenant_id, integration.pk, watch=cut, retries=QUICK)
    assert committed.tree() == {"root": "Root"}
    waiting, schedule = committed.runs()[0], committed.schedule()
    assert (waiting.state, schedule.claim, schedule.takeovers) == ("queued", None, 1)
    assert "The database was away in the middle of this sync" in waiting.error
    assert schedule.next_due_at < timezone.now()  # it is started again at once
    assert committed.sync().state == "succeeded"
    assert [(run.pk, run.state, run.error) for run in committed.runs()] == [(waiting.pk, "succeeded", "")]


@pytest.mark.parametrize("phase", [SyncRun.Phase.READING, SyncRun.Phase.COMPARING])
def test_a_run_that_was_taken_over_changes_nothing_whether_it_succeeds_or_fails(
    committed: Synced, phase: SyncRun.Phase
) -> None:
    if phase == SyncRun.Phase.READING:
        committed.aws.faults.fail("ListAccounts", "AccessDeniedException")
    integration = committed.integration
    heirs: list[SyncRun | None] = []

    def take_over(run: SyncRun) -> None:
        if run.phase == phase and not heirs:
            later = timezone.now() + timedelta(minutes=5)
            heirs.append(schedule.start(integration.tenant_id, integration.pk, now=later))

    lost = sync_run.run(integration.tenant_id, integration.pk, watch=take_over, retries=QUICK)
    (heir,) = heirs
    assert lost is not None
    assert heir is not None
    assert (lost.state, lost.error[:43]) == ("failed", "The worker that ran this stopped in the mid")
    assert committed.tree() == {"root": "Root"}
    assert committed.schedule().claim == heir.claim


def test_two_workers_with_the_same_message_sync_once(committed: Synced) -> None:
    integration = committed.integration
    runs: list[SyncRun | None] = []

    def work() -> None:
        runs.append(sync_run.run(integration.tenant_id, integration.pk, retries=QUICK))

    meeting(SyncSchedule.objects.filter(pk=integration.pk), work, work, tenant_id=integration.tenant_id)
    assert sorted(run.state if run else "" for run in runs) == ["", "succeeded"]
    assert len(committed.runs()) == 1


def test_two_syncs_in_one_scope_at_the_same_time_share_out_the_handles(aws: RunningAws, committed: Synced) -> None:
    scope = committed.integration.scope
    with isolation.as_tenant(scope.tenant.pk):
        other = make_other(aws, scope)
    both_have_read = threading.Barrier(2)

    def work(mirror: Synced) -> None:
        has_read = threading.Event()

        def wait_for_the_other(run: SyncRun) -> None:
            if run.phase == SyncRun.Phase.COMPARING and not has_read.is_set():
                has_read.set()
                both_have_read.wait(60)

        sync_run.run(scope.tenant.pk, mirror.integration.pk, watch=wait_for_the_other, retries=QUICK)

    at_once(lambda: work(committed), lambda: work(other))
    assert not both_have_read.broken
    assert [mirror.runs()[-1].state for mirror in (committed, other)] == ["succeeded"] * 2
    with isolation.as_tenant(scope.tenant.pk):
        held = list(Connection.objects.values_list("handle", flat=True))
    assert len(held) == len(set(held)) == 6


def make_other(aws: RunningAws, scope: Scope) -> Synced:
    """A second integration of the same AWS organization in the same scope."""
    made = factories.integration(scope, "other", by=factories.user("other-owner"))
    made.role_arn = aws.roles.create_discovery(made.discovery_external_id, name="pipes-other")
    made.save(update_fields=["role_arn"])
    return Synced(aws, made)

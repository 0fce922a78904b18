"""Targeted syncs among everything else: killed, stopped, without a database, beside people and questions."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from integrations import clean_up
from integrations.aws.calls import rate_limit
from integrations.models import AwsEvent, Integration, SyncRun, SyncSchedule
from integrations.settings import change, deletion
from integrations.sync import approvals
from integrations.sync import run as sync_run
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.events.watched import Watched, ids
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.living import buried, dying, expire_claim
from tests.threads import meeting
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def moved(watched: Watched, mirror: Synced) -> Callable[[], None]:
    """Make a change that waits to be looked at; gives what checks that it is there, once."""
    named = ids(mirror)
    watched.change(lambda: mirror.aws.organization.move(named["Dev"], named["Sandbox"]))
    watched.later(2)

    def check() -> None:
        assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)
        assert watched.events() == []
        assert mirror.schedule().claim is None
        assert [run.counts for run in mirror.runs()[1:] if run.counts] == [{"move": 1}]

    return check


def perform(mirror: Synced, watch: Callable[[SyncRun], None]) -> SyncRun | None:
    return sync_run.run(mirror.integration.tenant_id, mirror.integration.pk, watch=watch, retries=QUICK)


@pytest.mark.parametrize("at", range(4))
def test_a_killed_worker_loses_nothing(watched: Watched, mirror: Synced, moved: Callable[[], None], at: int) -> None:
    before = in_tree(mirror.integration)
    with buried(mirror):
        perform(mirror, dying(at))
    if mirror.schedule().claim is not None:
        assert in_tree(mirror.integration) == before
        assert len(watched.events()) == 1
        expire_claim(mirror)
    watched.work()
    moved()


def test_a_database_that_goes_away_and_a_worker_that_stops_lose_nothing(
    watched: Watched, mirror: Synced, moved: Callable[[], None]
) -> None:
    before = in_tree(mirror.integration)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]

    def cut(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
            other.close()

    perform(mirror, cut)
    (waiting,) = mirror.runs()[1:]
    assert (waiting.state, waiting.kind) == ("queued", "targeted")
    assert "The database was away" in waiting.error
    assert in_tree(mirror.integration) == before

    def stop(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.READING:
            rate_limit.stop()

    try:
        perform(mirror, stop)
    finally:
        rate_limit._stopping.clear()
    (waiting,) = mirror.runs()[1:]
    assert (waiting.state, "The worker was stopped" in waiting.error) == ("queued", True)
    assert in_tree(mirror.integration) == before
    run = watched.only_run()
    assert (run.pk, run.state, run.error, run.kind) == (waiting.pk, "succeeded", "", "targeted")
    moved()


def test_two_workers_with_one_message_look_once(mirror: Synced, moved: Callable[[], None]) -> None:
    mirror.aws.calls.clear()
    row = SyncSchedule.objects.filter(pk=mirror.integration.pk)
    work = lambda: perform(mirror, lambda _: None)  # noqa: E731
    runs = meeting(row, work, work, tenant_id=mirror.integration.tenant_id)
    assert sorted(run.state if run else "" for run in runs) == ["", "succeeded"]
    assert mirror.aws.calls.count("DescribeAccount") == 1
    moved()


def test_a_person_who_asks_while_one_runs_gets_a_full_one_after_it(
    watched: Watched, mirror: Synced, moved: Callable[[], None]
) -> None:
    asked = list[SyncRun]()

    def ask(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING and not asked:
            asked.append(mirror.request())

    looked = perform(mirror, ask)
    assert looked is not None
    assert (looked.kind, looked.counts) == ("targeted", {"move": 1})
    run = watched.only_run(after=0)
    assert (run.kind, run.trigger, run.counts) == ("full", "manual", {})
    moved()


def test_settings_that_are_saved_while_one_runs_or_waits_hold(
    watched: Watched, mirror: Synced, committed: Cast
) -> None:
    named = ids(mirror)

    def save(prefix: str) -> None:
        with isolation.as_tenant(committed.acme.pk):
            found = Integration.objects.select_related("tenant", "organization").get(pk=mirror.integration.pk)
            version, found.handle_prefix = str(found.version), prefix
            change.change_connection_settings(
                integration=found, wanted=found, version=version, seen="", by=committed.org_owner
            )

    mirror.aws.faults.lag(named["Dev"], reads=1)
    watched.change(lambda: mirror.aws.organization.rename(named["Dev"], "Develop"))
    assert watched.only_run().state == "queued"
    save("a_")

    def save_once(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING and "a_prod" in mirror.tree():
            save("b_")

    watched.later(4)
    run = perform(mirror, save_once)
    assert run is not None
    assert (run.state, run.error) == ("succeeded", "")
    watched.work(after=4)
    assert watched.events() == []
    assert mirror.tree()["b_develop"] == "Root/Workloads/Develop active"
    assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)


def test_an_integration_that_is_deleted_while_one_waits_takes_its_events_along(
    watched: Watched, mirror: Synced, committed: Cast
) -> None:
    named = ids(mirror)
    mirror.aws.faults.lag(named["Dev"], reads=9)
    watched.change(lambda: mirror.aws.organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().state == "queued"
    with isolation.as_tenant(committed.acme.pk):
        deletion.request_removal(integration=mirror.integration, by=committed.org_owner, now=timezone.now())
    clean_up.remove(committed.acme.pk, mirror.integration.pk)
    with isolation.as_tenant(committed.acme.pk):
        assert not AwsEvent.objects.exists()
        assert not SyncRun.objects.exists()
    assert perform(mirror, lambda _: None) is None


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_question_is_neither_answered_nor_lost_by_looks(
    watched: Watched, mirror: Synced, committed: Cast, is_approved: bool
) -> None:
    with isolation.as_tenant(committed.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    named, organization = ids(mirror), mirror.aws.organization
    watched.change(lambda: organization.remove(named["Prod"]))
    looked, asks = watched.work()
    assert (looked.kind, looked.changes) == ("targeted", [])
    assert "deletion limit" in looked.why_full
    assert (asks.kind, asks.state) == ("full", "needs_approval")
    assert watched.events() == []  # the question is what became of it
    assert watched.work(after=90) == []
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().counts == {"move": 1}
    (question,) = (run for run in mirror.runs() if run.state == "needs_approval")
    assert question.pk == asks.pk
    if not is_approved:
        with isolation.as_tenant(committed.acme.pk):
            approvals.discard(run=question, by=committed.org_owner, now=timezone.now())
        assert "prod" in mirror.tree()
        return
    with isolation.as_tenant(committed.acme.pk):
        approvals.approve(run=question, by=committed.org_owner, now=timezone.now())
    run = watched.only_run(after=0)
    assert (run.kind, run.trigger, run.counts, run.read_by) == ("full", "approval", {"remove": 1}, "")
    assert in_tree(mirror.integration) == in_aws(organization)

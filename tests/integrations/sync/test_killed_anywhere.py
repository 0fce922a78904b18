"""Processes are killed, and the database goes away, at any moment of a sync: the tree is whole and the next run heals.

The moments are other ones each time; ``PIPES_TEST_KILLS=100`` tries so many.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections

from integrations.models import SyncRun
from tests.conftest import make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from tests.integrations.planning.trees import NAMES
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.living import CHANGES, Change, Life, expire_claim, facts_of
from tests.integrations.sync.test_killed_worker import wait_for
from tests.integrations.sync.victims import NAME, Victim, Victims, victims
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("PIPES_TEST_KILLS", "8"))
OF_VICTIMS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
CUTS = max(4, KILLS // 2)


@pytest.fixture(scope="module")
def makers(django_db_setup: None) -> Iterator[Victims]:
    """What makes victims that work on the database of the tests."""
    with victims(django_settings.DATABASES["default"]["NAME"]) as made:
        yield made


@pytest.fixture
def mirror(aws: RunningAws, transactional_db: None) -> Synced:
    """A committed integration that has synced, of an AWS organization that answers slowly."""
    cast = make_cast()
    made = make_mirror(aws, cast.at_org, cast)
    made.work()
    aws.faults.latency = 0.03
    return made


@pytest.fixture
def start(makers: Victims, mirror: Synced) -> Callable[[], Victim]:
    """Let a victim sync what was asked for."""
    integration = mirror.integration

    def start() -> Victim:
        return makers.start(integration.tenant_id, integration.pk, endpoint_url=mirror.aws.endpoint_url)

    return start


def live(life: Life) -> None:
    """Let some of everything happen in AWS."""
    for _ in range(4):
        life.make(Change(random.choice(CHANGES), random.randrange(99), random.randrange(99), random.choice(NAMES)))


def open_backends() -> int:
    """How many connections of victims the database still knows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {OF_VICTIMS}", [NAME])
        return int(cursor.fetchone()[0])


def ended(*started: Victim) -> bool:
    """Whether they are gone, and the database knows it."""
    return not any(victim.is_alive for victim in started) and open_backends() == 0


def seconds_of_a_sync(mirror: Synced, start: Callable[[], Victim]) -> float:
    """How long a sync takes that nobody disturbs, from when it began."""
    mirror.request()
    victim = start()
    wait_for(lambda: ended(victim))
    run = mirror.runs()[-1]
    assert run.state == "succeeded"
    assert run.started_at is not None
    return (run.since - run.started_at).total_seconds()


def wait_until_some_moment(mirror: Synced, seconds: float, share: float) -> None:
    """Wait until a sync that takes so many seconds has come about so far; 0 is its beginning."""
    wait_for(lambda: mirror.runs()[-1].state != "queued")
    time.sleep(seconds * random.uniform(share, share + 0.2) if share else 0)


def check_whole_and_heal(mirror: Synced, before: object) -> str:
    """Check what a dead sync left, and that the next one is exact; gives how the dead one stood."""
    organization, facts = mirror.aws.organization, facts_of(mirror.integration)
    left = mirror.runs()[-1]
    after = in_tree(mirror.integration)
    assert after == (in_aws(organization) if left.state == "succeeded" else before)
    assert (mirror.schedule().claim is not None) is (left.state == "running")
    expire_claim(mirror)
    healed = mirror.sync()
    assert (healed.state, healed.error) == ("succeeded", "")
    assert in_tree(mirror.integration) == in_aws(organization)
    assert facts.items() <= facts_of(mirror.integration).items()
    assert mirror.schedule().claim is None
    assert all(run.is_over for run in mirror.runs())
    return left.state


def test_a_process_that_is_killed_at_any_moment_leaves_a_whole_tree(
    mirror: Synced, start: Callable[[], Victim]
) -> None:
    seconds, life, found = seconds_of_a_sync(mirror, start), Life(mirror.aws.organization), set()
    for number in range(KILLS):
        live(life)
        before = in_tree(mirror.integration)
        mirror.request()
        victim = start()
        wait_until_some_moment(mirror, seconds, number / KILLS)
        victim.kill()
        wait_for(lambda: ended(victim))  # noqa: B023
        found.add(check_whole_and_heal(mirror, before))
    assert "running" in found


@contextmanager
def holding_the_schedule(mirror: Synced) -> Iterator[None]:
    """Hold the row that a sync locks before it writes to the tree."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT 1 FROM integrations_syncschedule WHERE integration_id = %s FOR UPDATE", [mirror.integration.pk]
        )
        yield
        cursor.execute("ROLLBACK")
    other.close()


def is_waiting() -> bool:
    """Whether a victim waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 {OF_VICTIMS} AND wait_event_type = 'Lock'", [NAME])
        return cursor.fetchone() is not None


@pytest.mark.parametrize("has_written", [False, True], ids=["before it writes", "before it commits"])
def test_a_process_that_is_killed_around_its_writes_leaves_the_tree_as_it_was(
    mirror: Synced, start: Callable[[], Victim], has_written: bool
) -> None:
    mirror.aws.organization.remove("Dev")
    mirror.aws.organization.create_account("New", joined_at=99.0)
    is_held = threading.Event()
    mirror.aws.faults.after_call("ListAccounts", 1, lambda: is_held.wait(60))
    before, run = in_tree(mirror.integration), mirror.request()
    victim = start()
    wait_for(lambda: mirror.runs()[-1].phase == "reading")
    with isolation.as_tenant(run.tenant_id):
        with holding_the_schedule(mirror):
            is_held.set()
            wait_for(is_waiting)
            if has_written:
                SyncRun.objects.select_for_update().get(pk=run.pk)
        if has_written:
            wait_for(is_waiting)
        victim.kill()
        wait_for(lambda: not victim.is_alive)
    wait_for(lambda: ended(victim))
    assert check_whole_and_heal(mirror, before) == "running"


def test_a_database_that_goes_away_for_a_moment_leaves_a_whole_tree(
    mirror: Synced, start: Callable[[], Victim]
) -> None:
    seconds, life = seconds_of_a_sync(mirror, start), Life(mirror.aws.organization)
    for number in range(CUTS):
        live(life)
        before = in_tree(mirror.integration)
        mirror.request()
        victim = start()
        wait_until_some_moment(mirror, seconds, number / CUTS)
        go_away(0.2)
        wait_for(lambda: ended(victim))  # noqa: B023
        check_whole_and_heal(mirror, before)


def go_away(seconds: float) -> None:
    """Cut the connections of all victims, and let nobody connect for that long."""
    owner = connections["owner"]
    name = owner.ops.quote_name(django_settings.DATABASES["default"]["NAME"])
    with owner.get_new_connection(owner.get_connection_params()) as raw, connection.cursor() as cursor:
        raw.autocommit = True
        raw.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        try:
            cursor.execute(f"SELECT pg_terminate_backend(pid) {OF_VICTIMS}", [NAME])
            time.sleep(seconds)
        finally:
            raw.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")


def test_of_two_processes_one_syncs_and_if_it_dies_the_other_has_done_nothing(
    mirror: Synced, start: Callable[[], Victim]
) -> None:
    for dies in (False, True):
        may_go_on = threading.Event()
        mirror.aws.faults.after_call("ListAccounts", 1, lambda: may_go_on.wait(60))  # noqa: B023
        mirror.aws.organization.create_account(f"New {dies}", joined_at=99.0)
        before, known = in_tree(mirror.integration), len(mirror.runs())
        mirror.request()
        both = [start(), start()]
        wait_for(lambda: mirror.runs()[-1].phase == "reading")
        if dies:
            for victim in both:
                victim.kill()
        may_go_on.set()
        wait_for(lambda: ended(*both))  # noqa: B023
        assert len(mirror.runs()) == known + 1
        assert check_whole_and_heal(mirror, before) == ("running" if dies else "succeeded")

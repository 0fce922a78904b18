"""Claims of processes that ended are free at once; those of processes that live, or of another host, stay."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations.jobs import lease
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import dispatcher
from tests.integrations.sync.scheduling import make_due, row, start

pytestmark = pytest.mark.django_db(transaction=True)

_HOLDER = """
import pathlib, sys
from integrations.jobs import lease
lease.begin(pathlib.Path(sys.argv[1]))
print(lease.new_claim(), flush=True)
sys.stdin.read()
"""


class Holder:
    """A process that holds a claim."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", _HOLDER, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.claim = uuid.UUID(self.process.stdout.readline().strip())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    there = Holder(tmp_path)
    yield there
    there.kill()


def give(integration: Integration, claim: uuid.UUID) -> None:
    """Have the sync that runs be that process's."""
    SyncSchedule.objects.filter(pk=integration.pk).update(claim=claim)


def test_what_a_process_holds_is_free_when_it_was_killed_and_not_before(
    integration: Integration, holder: Holder, tmp_path: Path
) -> None:
    start(integration)
    give(integration, holder.claim)
    before = row(integration).claim_expires_at
    lease.free_claims_of_ended(tmp_path)
    assert row(integration).claim_expires_at == before
    holder.kill()
    assert dispatcher.take_due(now=timezone.now()) == []
    lease.free_claims_of_ended(tmp_path)
    late = timezone.now() + timedelta(minutes=10)  # nobody dispatched meanwhile; the clock did not jump
    dispatcher.mend_clock(now=late)
    assert dispatcher.take_due(now=late) == [(integration.tenant_id, integration.pk)]
    assert [*tmp_path.iterdir()] == []


def test_what_a_process_of_another_host_holds_is_left_alone(
    integration: Integration, holder: Holder, tmp_path: Path
) -> None:
    start(integration)
    give(integration, holder.claim)
    before = row(integration).claim_expires_at
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / f"elsewhere-{file.name.rpartition('-')[2]}")
    holder.kill()
    lease.free_claims_of_ended(tmp_path)
    assert row(integration).claim_expires_at == before


def test_a_sync_that_kills_its_process_each_time_waits_before_it_is_started_again(
    integration: Integration, tmp_path: Path
) -> None:
    make_due(integration)
    taken_over: list[SyncRun | None] = []
    for _ in range(3):
        taken_over.append(start(integration))
        if taken_over[-1] is None:
            break
        holder = Holder(tmp_path)
        give(integration, holder.claim)
        holder.kill()
        lease.free_claims_of_ended(tmp_path)
    assert [run is not None for run in taken_over] == [True, True, False]
    assert row(integration).takeovers == 2
    assert row(integration).next_due_at > timezone.now() + timedelta(seconds=30)


def test_a_row_is_one_holders_until_the_claim_expires_or_is_given_back(integration: Integration) -> None:
    rows, now, minute = SyncSchedule.objects.filter(pk=integration.pk), timezone.now(), timedelta(minutes=1)
    first = lease.take(rows, now=now, lifetime=minute, failures=3)
    assert first is not None
    assert row(integration).failures == 3
    assert lease.take(rows, now=now, lifetime=minute) is None
    assert lease.push(rows, first, until=now + 2 * minute)
    assert lease.take(rows, now=now + 2 * minute, lifetime=minute) is None
    heir = lease.take(rows, now=now + 3 * minute, lifetime=minute)
    assert heir is not None
    assert not lease.push(rows, first, until=now + 9 * minute)
    assert not lease.release(rows, first)
    assert lease.ours(rows, heir).exists()
    assert lease.release(rows, heir, failures=0)
    assert (row(integration).claim, row(integration).claim_expires_at, row(integration).failures) == (None, None, 0)

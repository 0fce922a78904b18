"""When a targeted sync looks again: for what it has not seen, and for what it was not told in time."""

import json

import pytest
from django.db import connections
from django.utils import timezone

from integrations.events import reading, receiving
from integrations.models import SyncRun, SyncSchedule
from tests.integrations.conftest import Synced
from tests.integrations.events.watched import SECOND, SIGN_OF_LIFE, Watched, ids
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_that_comes_as_a_run_begins_is_looked_at_after_it(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    organization.rename(named["Prod"], "Prod 2")
    (unseen,) = watched.untold
    watched.untold.clear()
    watched.change(lambda: organization.rename(named["Dev"], "Dev 2"))

    def keep() -> None:  # after the events of this run were taken, and found that one waits already
        report = reading.read(json.dumps(unseen).encode(), now=timezone.now())
        with isolation.as_tenant(mirror.integration.tenant_id):
            receiving._keep(watched.issued.inlet, report, timezone.now())
        connections.close_all()

    mirror.aws.faults.after_call("DescribeAccount", 1, keep)
    assert watched.only_run().counts == {"rename": 1}
    assert [event.name for event in watched.events()] == ["PutAccountName"]
    assert watched.only_run(after=3).counts == {"rename": 1}
    assert mirror.tree()["prod_2"] == "Root/Workloads/Prod 2 active"


def test_a_look_that_is_due_again_is_not_put_off_because_full_syncs_rest(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.send(SIGN_OF_LIFE)
    mirror.aws.faults.lag(named["Dev"], reads=1)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().state == "queued"
    SyncSchedule.objects.update(full_due_at=timezone.now() + SECOND, next_due_at=timezone.now() + SECOND)
    assert watched.work(after=1.5) == []  # the clock's turn comes, and is put off
    assert watched.only_run(after=3).counts == {"move": 1}


def test_a_run_that_waits_for_aws_ends_though_other_events_come(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    organization.rename(named["Dev"], "Other")
    watched.change(lambda: organization.rename(named["Dev"], "Dev"))
    runs = dict[int, SyncRun]()
    for _ in range(45):
        organization.rename(named["Dev"], "Other")
        watched.change(lambda: organization.rename(named["Dev"], "Dev"))
        runs |= {run.pk: run for run in watched.work(after=5)}
    assert {run.state for run in [*runs.values()][:-1]} == {"succeeded"}
    assert len(runs) == 2

"""What follows from events that a look does not answer: questions, full syncs, trust that ends, and what people do."""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.utils import timezone

from integrations.events import inlets
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.settings import change
from integrations.sync import approvals, requests
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.events.watched import SIGN_OF_LIFE, Watched, ids
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removal_over_the_limit_asks_once_and_leaves_the_rest_to_the_schedule(
    watched: Watched, mirror: Synced, committed: Cast
) -> None:
    integration, named = mirror.integration, ids(mirror)
    with isolation.as_tenant(integration.tenant_id):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    watched.change(lambda: mirror.aws.organization.remove(named["Dev"]))
    looked, asked = watched.work()
    assert (looked.kind, asked.kind, asked.state) == ("targeted", "full", "needs_approval")
    assert watched.events() == []
    assert watched.work(after=120) == []
    with isolation.as_tenant(integration.tenant_id):
        approvals.discard(run=asked, by=committed.org_owner, now=timezone.now())
    assert watched.work(after=120) == []
    watched.change(lambda: mirror.aws.organization.rename(named["Prod"], "Prod 2"))
    assert watched.only_run().counts == {"rename": 1}  # that is no removal, and waits for nobody
    assert mirror.sync().counts == {"remove": 1}


def test_what_was_looked_for_in_vain_a_full_sync_looks_for(watched: Watched, mirror: Synced) -> None:
    named = ids(mirror)
    mirror.aws.faults.show_states(named["Dev"], *["ACTIVE"] * 10)
    watched.change(lambda: mirror.aws.organization.close(named["Dev"], now=True))
    while watched.events():
        watched.work(after=5)
    mirror.aws.faults.catch_up()
    assert mirror.connection("Dev").state == "active"
    watched.send(SIGN_OF_LIFE)
    run = watched.only_run(after=16 * 60)
    assert (run.kind, run.counts, run.differing, run.unreported) == ("full", {"remove": 1}, 0, 0)


def test_a_state_that_aws_takes_back_in_silence_is_counted_and_not_more(watched: Watched, mirror: Synced) -> None:
    named = ids(mirror)
    watched.change(lambda: mirror.aws.organization.close(named["Dev"]))
    assert watched.only_run().counts == {"state": 1}
    mirror.aws.organization.set_state(named["Dev"], "ACTIVE")
    mirror.aws.organization.rename(named["Prod"], "Prod 2")
    for _ in range(25):
        watched.send(SIGN_OF_LIFE)
        if runs := watched.work(after=3500):
            break
    (run,) = runs
    assert (run.trigger, run.state, run.counts) == ("scheduled", "succeeded", {"state": 1, "rename": 1})
    assert (run.differing, run.unreported) == (1, 1)


def test_a_long_read_does_not_take_back_what_was_shown_before_it(
    watched: Watched, mirror: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().counts == {"move": 1}
    organization.move(named["Dev"], named["Workloads"])  # as the list still has it

    watched.later(60)
    mirror.request()
    late = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=100))  # it takes long
    monkeypatch.setattr("integrations.sync.targeted.followed.timezone", late)
    mirror.aws.faults.after_call("ListAccounts", 1, partial(organization.move, named["Dev"], named["Sandbox"]))
    assert mirror.work().counts == {}
    assert mirror.tree()["dev"] == "Root/Sandbox/Dev active"


def test_trust_ends_with_the_key_the_inlet_and_the_settings(watched: Watched, mirror: Synced, committed: Cast) -> None:
    integration, owner = mirror.integration, committed.org_owner
    organization, named = mirror.aws.organization, ids(mirror)

    def trust() -> None:
        watched.change(lambda: organization.rename(named["Dev"], f"Dev {timezone.now()}"))
        watched.work()
        assert watched.work(after=1000) == []

    trust()
    with isolation.as_tenant(integration.tenant_id):
        made_at = watched.issued.inlet.key_made_at.isoformat()
        watched.issued = inlets.rotate_key(integration=integration, made_at=made_at, by=owner, now=timezone.now())
    assert watched.only_run(after=1000).trigger == "scheduled"
    trust()
    with isolation.as_tenant(integration.tenant_id):
        SyncSchedule.objects.update(failures=3)
        requests.forget_failures(integration)
    assert watched.only_run(after=1000).trigger == "scheduled"
    trust()
    with isolation.as_tenant(integration.tenant_id):
        inlets.close(integration=integration, by=owner)
    assert watched.only_run(after=1000).trigger == "scheduled"


def test_a_shorter_interval_counts_from_now_whatever_events_come(
    watched: Watched, mirror: Synced, committed: Cast
) -> None:
    integration, named = mirror.integration, ids(mirror)
    with isolation.as_tenant(integration.tenant_id):
        SyncSchedule.objects.update(interval_seconds=24 * 3600, full_due_at=timezone.now() + timedelta(days=1))
        version = str(Integration.objects.get().version)
        change.change_schedule(integration=integration, minutes=5, version=version, by=committed.org_owner)
        requests.forget_failures(integration)
    watched.change(lambda: mirror.aws.organization.rename(named["Dev"], "Dev 2"))
    assert watched.only_run().kind == "targeted"
    assert mirror.schedule().full_due_at <= timezone.now() + timedelta(minutes=5)  # type: ignore[operator]


def test_an_event_that_comes_twice_keeps_no_other_waiting(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    mirror.aws.faults.lag(named["Dev"], seconds=3600)
    organization.rename(named["Dev"], "Dev 2")
    (told,) = watched.untold
    watched.tell()
    assert watched.only_run().state == "queued"
    assert watched.send(told)
    assert mirror.schedule().event_at is None
    watched.change(lambda: organization.rename(named["Prod"], "Prod 2"))
    assert watched.only_run().counts == {"rename": 1}


def test_only_a_full_sync_says_that_the_tree_is_as_in_aws(watched: Watched, mirror: Synced) -> None:
    named = ids(mirror)
    mirror.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    mirror.aws.faults.fail("ListAccounts", "AccessDeniedException")
    watched.change(lambda: mirror.aws.organization.rename(named["Dev"], "Dev 2"))
    looked, failed = watched.work()
    assert (looked.state, failed.state) == ("succeeded", "failed")
    with isolation.as_tenant(mirror.integration.tenant_id):
        good_since = SyncRun.objects.good_since([mirror.integration])
    assert good_since == {mirror.integration.pk: mirror.runs()[0].finished_at}


def test_an_event_that_came_in_as_the_inlet_closed_starts_nothing(watched: Watched, mirror: Synced) -> None:
    mirror.aws.organization.rename(ids(mirror)["Dev"], "Dev 2")
    watched.tell()
    with isolation.as_tenant(mirror.integration.tenant_id):  # as closing leaves it, but for the row
        SyncSchedule.objects.update(heard_at=None, last_event_at=None, event_at=None, next_due_at=timezone.now())
    assert [run.kind for run in watched.work()] == ["full"]
    assert watched.work(after=60) == []

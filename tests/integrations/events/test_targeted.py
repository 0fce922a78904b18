"""Targeted syncs: what an event names is looked at, and nothing else changes."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client

from integrations.models import SyncRun
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced
from tests.integrations.events.watched import SIGN_OF_LIFE, Watched, ids

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_account_that_moved_is_moved_by_two_calls(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    mirror.aws.calls.clear()
    run = watched.only_run()
    assert (run.kind, run.trigger, run.state) == ("targeted", "event", "succeeded")
    assert [change[:2] for change in run.changes] == [["move", "connection"]]
    assert mirror.tree()["dev"] == "Root/Sandbox/Dev active"
    assert mirror.aws.calls.operations() == ["AssumeRole", "DescribeAccount"]
    assert run.aws_calls == 2
    assert run.covered == [named["Dev"]]
    assert run.lag_seconds is not None
    assert [name for name, _, _ in run.events or ()] == ["MoveAccount"]
    assert watched.events() == []
    assert watched.work() == []


def test_a_new_account_in_a_new_ou_brings_the_ous_above_it(watched: Watched, mirror: Synced) -> None:
    organization = mirror.aws.organization

    def grow() -> None:
        above = organization.create_unit("Above", parent=ids(mirror)["Workloads"])
        inside = organization.create_unit("Inside", parent=above.id)
        watched.untold.clear()  # both are lost
        organization.create_account("New", parent=inside.id)

    watched.change(grow)
    run = watched.only_run()
    assert run.kind == "targeted"
    assert run.counts == {"create": 3}
    assert mirror.tree()["new"] == "Root/Workloads/Above/Inside/New active"
    assert watched.events() == []


def test_what_aws_says_is_gone_or_closed_is_removed(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.remove(named["Dev"]))
    assert watched.only_run().counts == {"remove": 1}
    watched.change(lambda: organization.close(named["Prod"], now=True))
    assert watched.only_run().counts == {"remove": 1}
    watched.change(lambda: organization.delete_unit(named["Sandbox"]))
    assert watched.only_run().counts == {"remove": 1}
    assert mirror.tree() == {"root": "Root", "workloads": "Root/Workloads", "management": "Root/Management active"}
    assert [run.kind for run in mirror.runs()[1:]] == ["targeted"] * 3


def test_names_follow(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.rename(named["Sandbox"], "Play"))
    watched.change(lambda: organization.rename(named["Dev"], "Development"))
    run = watched.only_run()
    assert run.counts == {"rename": 2}
    assert run.aws_calls == 3
    assert mirror.tree()["play"] == "Root/Play"


def test_a_change_that_aws_does_not_show_yet_is_looked_for_again(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    mirror.aws.faults.lag(named["Dev"], reads=3)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    run = watched.only_run()
    assert (run.state, run.phase, run.aws_calls) == ("queued", "lagging", 2)
    assert watched.work(after=1) == []
    assert watched.only_run(after=3).state == "queued"
    assert watched.only_run(after=6).aws_calls == 6
    run = watched.only_run(after=12)
    assert (run.state, run.counts, run.aws_calls, run.number) == ("succeeded", {"move": 1}, 8, 2)
    assert mirror.tree()["dev"] == "Root/Sandbox/Dev active"
    assert watched.events() == []


def test_what_shows_nothing_for_two_minutes_counts_as_nothing(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    organization.rename(named["Dev"], "Other")
    watched.change(lambda: organization.rename(named["Dev"], "Dev"))
    looks, seconds = list[SyncRun](), 0
    while not looks or not looks[-1].is_over:
        looks += watched.work(after=1)
        seconds += 1
    assert 60 <= seconds <= 125  # and what the test itself took
    assert 5 <= len(looks) <= 7
    assert {run.pk for run in looks} == {looks[0].pk}
    assert (looks[-1].state, looks[-1].counts, looks[-1].aws_calls) == ("succeeded", {}, 2 * len(looks))
    assert watched.events() == []
    assert watched.work(after=60) == []


def test_a_person_who_asks_meanwhile_gets_a_full_sync(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    mirror.aws.faults.lag(named["Dev"], reads=1)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().state == "queued"
    run = mirror.sync()
    assert (run.number, run.kind, run.trigger, run.counts) == (2, "full", "manual", {"move": 1})
    assert watched.events() == []
    assert watched.work(after=30) == []


def test_the_state_of_an_account_does_not_go_back_for_a_moment(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.close(named["Dev"]))
    assert watched.only_run().counts == {"state": 1}
    mirror.aws.faults.show_states(named["Dev"], "ACTIVE")
    watched.change(lambda: organization.rename(named["Dev"], "Closing"))
    assert watched.only_run(after=5).counts == {"rename": 1}
    assert mirror.tree()["closing"] == "Root/Workloads/Closing pending_closure"
    run = watched.only_run(after=16 * 60)
    assert (run.kind, run.counts) == ("full", {})


def test_a_state_that_really_goes_back_is_told_by_the_full_sync_that_follows(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    organization.set_state(named["Dev"], "SUSPENDED")  # AWS sends no event
    assert mirror.sync().counts == {"state": 1}
    organization.set_state(named["Dev"], "ACTIVE")
    watched.change(lambda: organization.rename(named["Dev"], "Dev 2"))
    assert watched.only_run().counts == {"rename": 1}
    assert mirror.schedule().untold_at is not None
    run = watched.only_run(after=16 * 60)
    assert (run.kind, run.counts) == ("full", {"state": 1})
    assert mirror.tree()["dev_2"] == "Root/Workloads/Dev 2 active"


def test_it_comes_and_goes_once(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.create_account("Brief", parent=named["Sandbox"]))
    assert watched.only_run().counts == {"create": 1}
    brief = ids(mirror)["Brief"]
    mirror.aws.faults.fail("DescribeAccount", "AccountNotFoundException", on=brief, times=2)
    watched.change(lambda: organization.rename(brief, "Brief 2"))
    assert watched.only_run(after=5).state == "queued"
    assert watched.only_run(after=5).state == "queued"
    assert watched.only_run(after=10).counts == {"rename": 1}
    assert [run.counts for run in mirror.runs()[1:]] == [{"create": 1}, {"rename": 1}]


def test_a_move_back_that_is_told_is_shown_at_once(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    for place in ("Sandbox", "Workloads", "Sandbox"):
        watched.later(2)
        watched.change(partial(organization.move, named["Dev"], named[place]))
        assert watched.only_run(after=5).counts == {"move": 1}
        assert mirror.tree()["dev"] == f"Root/{place}/Dev active"


def test_a_full_sync_right_after_does_not_take_back_what_its_lists_do_not_show_yet(
    watched: Watched, mirror: Synced
) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().counts == {"move": 1}
    organization.move(named["Dev"], named["Workloads"])  # as the list still has it
    mirror.aws.faults.after_call("ListAccounts", 1, lambda: organization.move(named["Dev"], named["Sandbox"]))
    mirror.aws.calls.clear()
    run = mirror.sync()
    assert (run.kind, run.counts, run.differing) == ("full", {}, None)
    assert mirror.aws.calls.count("DescribeAccount") == 1
    assert mirror.tree()["dev"] == "Root/Sandbox/Dev active"


def test_what_a_targeted_sync_got_wrong_is_counted_by_the_next_full_one(
    watched: Watched, mirror: Synced, committed: Cast, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    watched.only_run()
    organization.move(named["Dev"], named["Workloads"])
    watched.later(300)
    run = mirror.sync()
    assert (run.counts, run.differing) == ({"move": 1}, 1)
    client.force_login(committed.org_owner)
    own = mirror.integration.scope.url("integration_detail", integration=mirror.integration.handle)
    assert "Tell the operator of this installation" in client.get(f"{own}processes/{run.number}/").content.decode()
    assert any("targeted_sync_differs" in record.message for record in caplog.records)


def test_while_events_come_full_syncs_rest_for_a_day(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    assert watched.only_run().kind == "targeted"
    kinds = list[tuple[str, str]]()
    for _ in range(25):
        watched.send(SIGN_OF_LIFE)
        kinds += [(run.kind, run.trigger) for run in watched.work(after=3600)]
    assert kinds == [("full", "scheduled")]
    watched.send(SIGN_OF_LIFE)
    assert watched.work(after=2 * 3600) == []
    assert watched.only_run(after=2 * 3600).trigger == "scheduled"  # nothing has come for three hours
    assert watched.only_run(after=20 * 60).trigger == "scheduled"


def test_a_change_that_no_event_told_ends_the_rest(watched: Watched, mirror: Synced) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.rename(named["Dev"], "Dev 2"))
    assert watched.only_run().kind == "targeted"
    organization.rename(named["Prod"], "Prod 2")
    for _ in range(24):
        watched.send(SIGN_OF_LIFE)
        assert watched.work(after=3500) == []
    watched.send(SIGN_OF_LIFE)
    run = watched.only_run(after=3500)
    assert (run.counts, run.unreported, run.differing) == ({"rename": 1}, 1, 0)
    watched.send(SIGN_OF_LIFE)
    assert watched.only_run(after=1000).kind == "full"


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda aws: setattr(aws.wire, "has_paths", False), "AWS does not say where"),
        (lambda aws: aws.faults.fail("DescribeAccount", "AccessDeniedException"), "may not call DescribeAccount"),
    ],
)
def test_what_does_not_fit_is_read_whole_and_says_why(
    watched: Watched, mirror: Synced, break_it: Callable[[RunningAws], object], why: str
) -> None:
    organization, named = mirror.aws.organization, ids(mirror)
    break_it(mirror.aws)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    looked, full = watched.work()
    assert (looked.kind, looked.state, looked.counts) == ("targeted", "succeeded", {})
    assert why in looked.why_full
    assert (full.kind, full.trigger, full.counts, full.why_full) == ("full", "event", {"move": 1}, looked.why_full)
    assert watched.events() == []


@pytest.mark.parametrize(
    ("number", "why"),
    [(55, "They are about 55 accounts and OUs."), (110, "More than 100 events came at once.")],
)
def test_more_than_fifty_at_once_are_one_full_sync_when_the_last_has_come(
    watched: Watched, mirror: Synced, number: int, why: str
) -> None:
    organization = mirror.aws.organization
    for place in range(number):
        watched.change(partial(organization.create_unit, f"Unit {place}"))
    assert watched.work(after=1) == []
    run = watched.only_run(after=8)
    assert (run.kind, run.trigger, run.counts, run.why_full) == ("full", "event", {"create": number}, why)
    assert watched.events() == []
    assert [run.kind for run in watched.work(after=180)] == []


def test_pages_say_what_was_followed_how_fast_and_how_often_everything_is_read(
    watched: Watched, mirror: Synced, committed: Cast, client: Client
) -> None:
    client.force_login(committed.org_owner)
    own = mirror.integration.scope.url("integration_detail", integration=mirror.integration.handle)

    def page(path: str) -> str:
        return " ".join(client.get(own + path).content.decode().split())

    assert "Everything is read every 15 minutes, for no event has come yet" in page("advanced/events/")
    organization, named = mirror.aws.organization, ids(mirror)
    watched.change(lambda: organization.move(named["Dev"], named["Sandbox"]))
    watched.only_run()
    watched.send(SIGN_OF_LIFE)
    run = page("processes/2/")
    assert "Targeted sync of one account or OU: nothing else was read" in run
    assert "MoveAccount" in run
    assert re.search(r"<dt>From event to tree</dt> <dd>\d\.\d s</dd>", run)
    assert 'Event from AWS <span class="muted">(targeted)</span>' in page("processes/")
    events = page("advanced/events/")
    assert re.search(r"\d\.\d s and 2 calls of AWS, \d\.\d s at most, in the last targeted sync that", events)
    assert "Everything is read every 24 hours, for events are known to come" in events
    assert "Everything is read every 24 hours" in page("advanced/")
    mirror.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    watched.change(lambda: organization.move(named["Dev"], named["Workloads"]))
    watched.work(after=5)
    assert "Why that was not enough" in page("processes/3/")
    assert "A full sync follows." in page("processes/3/")
    assert "Why everything was read" in page("processes/4/")


def test_the_schedule_while_events_come_is_set_on_advanced(
    watched: Watched, mirror: Synced, committed: Cast, client: Client
) -> None:
    client.force_login(committed.org_owner)
    own = mirror.integration.scope.url("integration_detail", integration=mirror.integration.handle) + "advanced/"
    for hours in ("0", "169", "often"):
        refused = client.post(own + "schedule/", {"minutes": "15", "hours": hours, "version": "1"}).content.decode()
        assert "Enter a number of hours from 1 to 168" in refused
        assert f'value="{hours}"' in refused
    client.post(own + "schedule/", {"minutes": "15", "hours": "6", "version": "1"})
    assert mirror.schedule().rest_seconds == 6 * 3600

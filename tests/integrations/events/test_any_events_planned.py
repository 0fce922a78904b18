"""Whatever happens and whatever is told of it: a targeted plan makes true what was looked at, and nothing else.

Without a database: our look asks the stand-in's operations, our planner plans, and the plan is applied in memory.
``PIPES_TEST_HISTORIES=5000`` tries so many other histories than those that are always the same.
"""

import os
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, cast

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.aws.discovery.look import look_at
from integrations.aws.session import AwsSession
from integrations.events.reading import Report
from integrations.planning import absence, diff
from integrations.planning.reconcile import Held, Taken, Tree, plan
from integrations.planning.selection import Selection, select
from integrations.planning.targeted import hints
from integrations.planning.targeted.fitting import check_told, known_of, only_within
from integrations.planning.targeted.partial import DoesNotFitError, Partial
from integrations.planning.targeted.undoing import Aspect, Shown, taken_back
from tests.fakes.aws.faults import Faults
from tests.integrations.events.living_events import (
    Session,
    Step,
    Told,
    all_of,
    is_ticked,
    marks,
    read,
    selection_of,
    small_organization,
    steps,
)
from tests.integrations.planning.trees import UNREAD, Node, applied, seen, synced, told

HISTORIES = int(os.environ.get("PIPES_TEST_HISTORIES", "0"))
EVERYTHING = Selection()


class Mirror:
    """A tree in memory that follows an AWS organization by events, as syncs do."""

    def __init__(self, told_by: Told, selection: Selection) -> None:
        self.organization, self.selection = told_by.organization, selection
        self.faults = Faults()
        self.organization.listeners.append(self.faults.heard)
        self.tree = UNREAD
        self.shown: list[Shown] = []
        self.now = timezone.now()
        self.sync()

    def sync(self) -> None:
        """Read everything."""
        snapshot = select(all_of(self.organization), self.selection)
        self.note(diff.describe(plan(self.tree, snapshot, Taken()), self.tree, snapshot))
        self.tree = synced(self.tree, snapshot)
        assert seen(self.tree) == told(snapshot)

    def note(self, changes: list[diff.Change]) -> None:
        self.shown += [Shown(change, self.now) for change in changes]

    def look(self, reports: list[Report], *, is_old: bool) -> str:
        """Follow events as a targeted sync does, and hold it to what AWS showed; gives what came of it."""
        organization, before = self.organization, self.tree
        self.now += timedelta(minutes=1)
        occurred_at = self.now - timedelta(minutes=5 if is_old else 0)
        events = [hints.Told(occurred_at, each.hints) for each in reports]
        session = Session(organization, self.faults)
        try:
            known = known_of(
                before, organization_id=organization.id, management_account_id=organization.management_account_id
            )
            asked = look_at(cast("AwsSession", session), hints.to_look_at(events), known, on_answer=lambda: None)
            undone, partial = dict[Aspect, datetime](), asked
            changes, planned, snapshot = self.plan(partial)
            if undone := taken_back(changes, self.shown, events):
                partial = asked.keeping(undone, known)
                changes, planned, snapshot = self.plan(partial)
            check_told(planned, partial.gone, events)
        except DoesNotFitError:
            self.sync()
            return "all is read"
        assert absence.to_confirm(planned, before, snapshot) <= asked.gone
        assert not taken_back(changes, self.shown, events)
        self.note(changes)
        self.tree = applied(planned, before)
        self.check(before, asked, session, undone)
        return "held back" if undone else "changed" if changes else "nothing"

    def plan(self, partial: Partial) -> Any:
        known = known_of(
            self.tree,
            organization_id=self.organization.id,
            management_account_id=self.organization.management_account_id,
        )
        snapshot = partial.over(known)
        planned = only_within(plan(self.tree, select(snapshot, self.selection), Taken()), partial.covers)
        return diff.describe(planned, self.tree, snapshot), planned, snapshot

    def check(self, before: Tree, asked: Partial, session: Session, undone: dict[Aspect, datetime]) -> None:
        """Each node that was looked at is as AWS showed it; all others are what they were, to the last field."""
        assert asked.covers == {source_id for source_id in session.shown if source_id}
        was, now = by_id(before), by_id(self.tree)
        assert {key: held for key, held in was.items() if key not in asked.covers} == {
            key: held for key, held in now.items() if key not in asked.covers
        }
        for source_id in asked.covers:
            aspects = {aspect for each, aspect in undone if each == source_id}
            shown, there = self.expected(source_id, session), seen(self.tree).get(source_id)
            if "there" in aspects:
                assert (was.get(source_id) is None) == (now.get(source_id) is None)
                assert seen(before).get(source_id) == there
            elif shown is None:
                assert there is None
            elif there is None:  # an OU that is not ticked, and in which nothing is mirrored
                assert not source_id.isdecimal()
                assert not is_ticked(self.selection, session.lines[source_id])
            else:
                held = was.get(source_id)
                kept = (held.parent, held.title, held.state) if held else ("", "", "")
                names = ("move", "rename", "state")
                assert there == tuple(
                    kept[place] if name in aspects else shown[place] for place, name in enumerate(names)
                )

    def expected(self, source_id: str, session: Session) -> Node | None:
        """What has to be there, given what AWS showed and what is ticked."""
        shown = session.shown[source_id]
        if shown is None or shown[2] == "closed":
            return None
        if source_id.isdecimal() and not is_ticked(self.selection, session.lines[source_id]):
            return None
        return shown


def by_id(tree: Tree) -> dict[str, Held]:
    return {held.source_id: held for held in (*tree.folders, *tree.connections)}


came_of_it: Counter[str] = Counter()


def follow(told_by: Told, mirror: Mirror, history: list[Step]) -> None:
    for number, step in enumerate(history):
        mirror.faults.catch_up()
        if step.lag:
            mirror.faults.lag(reads=step.lag)
        reports = read(told_by.live(step, number))
        if reports:
            came_of_it[mirror.look(reports, is_old=step.is_old)] += 1
        if step.lag and reports:  # and once more, when more of it is shown
            came_of_it[mirror.look(reports, is_old=step.is_old)] += 1
    mirror.sync()


calm = settings(
    max_examples=HISTORIES or 150,
    derandomize=not HISTORIES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_whatever_is_told_of_any_history_only_what_aws_showed_changes() -> None:
    came_of_it.clear()

    @calm
    @given(history=st.lists(steps, min_size=4, max_size=8))
    def tries(history: list[Step]) -> None:
        told_by = Told(small_organization())
        follow(told_by, Mirror(told_by, EVERYTHING), history)

    tries()
    assert came_of_it["changed"] > came_of_it["all is read"]
    assert came_of_it["held back"] > 0


def test_of_a_part_that_is_mirrored_too() -> None:
    came_of_it.clear()

    @calm
    @given(history=st.lists(steps, min_size=4, max_size=8), ticks=marks, is_root_ticked=st.booleans())
    def tries(history: list[Step], ticks: list[tuple[bool, int]], is_root_ticked: bool) -> None:
        told_by = Told(small_organization())
        selection = selection_of(told_by.organization, ticks, is_root_ticked=is_root_ticked)
        follow(told_by, Mirror(told_by, selection), history)

    tries()
    assert came_of_it["changed"] > came_of_it["all is read"] > 0

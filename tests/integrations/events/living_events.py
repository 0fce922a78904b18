"""Any history of an AWS organization with the events that tell of it: lost, doubled, late and out of order."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from hypothesis import strategies as st

from integrations.aws.errors import Gone
from integrations.events import reading
from integrations.events.reading import Report, Sort
from integrations.planning.selection import ROOT, Selection
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder
from tests.fakes.aws import AwsOrganization, StandInError, new_organization, operations
from tests.fakes.aws.errors import ApiError
from tests.fakes.aws.events import events_of
from tests.fakes.aws.faults import Faults
from tests.fakes.aws.operations import Question
from tests.fakes.aws.organization import Account, Unit
from tests.fakes.aws.organization import Change as Happened
from tests.fakes.aws.world import Wire
from tests.integrations.planning.trees import Node
from tests.integrations.sync.living import Change, Life, changes


class Post(NamedTuple):
    """What becomes of the next event: never sent, sent twice, or so many steps late; ``turn`` shuffles those of one."""

    is_lost: bool
    is_doubled: bool
    late: int
    turn: int


posts = st.builds(
    Post,
    st.integers(0, 9).map(lambda number: number == 9),
    st.integers(0, 4).map(lambda number: number == 4),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.integers(0, 3),
)
lags = st.sampled_from([0, 0, 0, 1, 2])  # for so many reads each change is shown late


class Step(NamedTuple):
    """What happens between two looks."""

    made: list[Change]
    lag: int
    posts: list[Post]
    is_back: bool  # what happened in the step before becomes again what it was
    is_old: bool  # what comes then tells of what happened before the last look


steps = st.builds(
    Step,
    st.lists(changes, min_size=2, max_size=4),
    lags,
    st.lists(posts, min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
)
marks = st.lists(st.tuples(st.sampled_from([True, True, False]), st.integers(0, 99)), min_size=1, max_size=3)


def small_organization() -> AwsOrganization:
    """Two OUs of two accounts each, one inside the other."""
    organization = new_organization("acme", joined_at=1.0)
    one = organization.create_unit("One")
    for unit in (one, organization.create_unit("Other", parent=one.id)):
        for number in (1, 2):
            organization.create_account(f"Account {number}", parent=unit.id, joined_at=2.0)
    return organization


@dataclass
class Told:
    """An AWS organization that lives, and the post that brings its events."""

    organization: AwsOrganization
    life: Life = field(init=False)
    way: list[tuple[int, int, bytes]] = field(default_factory=list)  # when, in which order, what
    untold: list[dict[str, Any]] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.life = Life(self.organization)
        self.organization.listeners.append(self.heard)

    def heard(self, change: Happened) -> None:
        self.untold += events_of(change)
        self.happened.append(change)

    def take_back(self, happened: Happened) -> None:
        """Have something become again what it was, where AWS lets it."""
        organization, before, after = self.organization, happened.before, happened.after
        with suppress(StandInError):
            if isinstance(before, Account) and isinstance(after, Account):
                organization.move(before.id, before.parent_id)
                organization.rename(before.id, before.name)
                organization.set_state(before.id, before.state)
            elif isinstance(before, Account):
                organization.create_account(before.name, account_id=before.id, parent=before.parent_id)
            elif before is None and isinstance(after, Account):
                organization.remove(after.id)
            elif before and after:
                organization.rename(before.id, before.name)

    def live(self, step: Step, number: int) -> list[bytes]:
        """Make the changes of a step, and give the events that arrive after it."""
        before, self.happened = self.happened, []
        for happened in reversed(before if step.is_back else []):
            self.take_back(happened)
        for change in step.made[: 1 if step.is_back else None]:
            self.life.make(change)
        for index, event in enumerate(self.untold):
            post = step.posts[index % len(step.posts)]
            if not post.is_lost:
                sent = (number + post.late, post.turn, json.dumps(event).encode())
                self.way += [sent, sent] if post.is_doubled else [sent]
        self.untold.clear()
        arrived = sorted((each for each in self.way if each[0] <= number), key=lambda each: each[:2])
        self.way = [each for each in self.way if each[0] > number]
        return [body for _, _, body in arrived]


def read(bodies: Iterable[bytes]) -> list[Report]:
    """Read events, each once, and keep those about accounts and OUs."""
    reports = [reading.read(body, now=timezone.now()) for body in bodies]
    return [*{report.event_id: report for report in reports if report.sort is Sort.CHANGE}.values()]


@dataclass
class Session:
    """Answers as AWS does, from this process; ``shown`` is what it said of each node, None where it is not there."""

    organization: AwsOrganization
    faults: Faults
    shown: dict[str, Node | None] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def call(self, operation: str, *, subject: str = "", budget: object = None, **parameters: str) -> dict[str, Any]:
        with self.organization.lock:
            seen = self.faults.seen(self.organization, operation, parameters)
            try:
                answer = operations.answer(operation, Question(seen, parameters, Wire()))
            except ApiError as error:
                self.shown[subject] = None
                raise Gone(str(error), operation=operation, code=error.code) from None
            if subject:
                self.shown[subject] = node_of(seen.accounts.get(subject) or seen.units[subject])
                self.lines[subject] = seen.lineage(subject)
        if "Account" in answer:
            joined_at = datetime.fromtimestamp(answer["Account"]["JoinedTimestamp"], UTC)
            answer["Account"]["JoinedTimestamp"] = joined_at
        return answer


def node_of(node: Account | Unit) -> Node:
    return node.parent_id, node.name, node.state.lower() if isinstance(node, Account) else ""


def all_of(organization: AwsOrganization) -> Snapshot:
    """Everything, as a full sync reads it."""
    folders = [SnapshotFolder(organization.root_id, None, "Root")]
    for folder in folders:  # grows meanwhile
        inside = [organization.units[unit_id] for unit_id in organization.units_in(folder.source_id)]
        folders += [SnapshotFolder(unit.id, unit.parent_id, unit.name) for unit in inside]
    accounts = [organization.accounts[account_id] for account_id in organization.account_ids]
    return Snapshot(
        organization.id,
        organization.management_account_id,
        tuple(folders),
        tuple(
            SnapshotAccount(
                account.id,
                account.parent_id,
                account.name,
                AccountState(account.state.lower()),
                datetime.fromtimestamp(account.joined_at, UTC),
                account.email,
            )
            for account in accounts
        ),
    )


def selection_of(organization: AwsOrganization, ticks: list[tuple[bool, int]], *, is_root_ticked: bool) -> Selection:
    """Mark some of what is there."""
    ids = [*organization.units, *organization.accounts]
    chosen = {ids[number % len(ids)]: is_ticked for is_ticked, number in ticks} | {ROOT: is_root_ticked}
    include = frozenset(each for each, is_ticked in chosen.items() if is_ticked)
    return Selection(include, frozenset(chosen) - include - {ROOT})


def is_ticked(selection: Selection, line: list[str]) -> bool:
    """Whether the nearest mark on the way up from a node ticks it; ``line`` leads from the root down to it."""
    marks = selection.marks
    return next((marks[each] for each in reversed(line[1:]) if each in marks), marks.get(ROOT, False))

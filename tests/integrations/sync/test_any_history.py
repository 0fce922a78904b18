"""Whatever happens in AWS, to its answers, to the worker and to the tree: syncs are exact and take nothing away.

``PIPES_TEST_HISTORIES=500`` tries so many other histories than the few that are always the same.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from integrations.models import Integration, SettingsTrial, SyncRun, SyncSchedule
from integrations.sync import run as sync_run
from integrations.sync.steps.work import Watch
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, new_organization
from tests.fakes.aws.world import Wire
from tests.integrations.conftest import QUICK, make_mirror
from tests.integrations.planning.trees import Node
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.faulty import CALLS, FAULTS
from tests.integrations.sync.living import (
    ACTS,
    Change,
    Life,
    act,
    buried,
    changes,
    check_constraints,
    dying,
    expire_claim,
)
from tests.integrations.sync.living import facts_of as facts
from tests.integrations.sync.saving import Tick, change_credentials, choose, mirrored
from workspaces import isolation

HISTORIES = int(os.environ.get("PIPES_TEST_HISTORIES", "0"))
STEPS = 15
LIMIT = 1  # so many connections may go in a sync that nobody asked for
FREQUENT = ("ListAccounts", "ListOrganizationalUnitsForParent", "ListAccountsForParent", "DescribeAccount")

wires = st.builds(
    Wire,
    states=st.sampled_from(["state", "both", "status"]),
    has_paths=st.booleans(),
    empty_page_every=st.sampled_from([0, 1, 2]),
    page_size=st.sampled_from([1, 2, 20]),
)
ticks = st.tuples(st.sampled_from(["include", "exclude"]), st.integers(0, 99))
quick_faults = st.sampled_from([name for name in FAULTS if name not in ("hangs", "elsewhere", "elsewhere once")])
some_faults = st.just("") | quick_faults


class AnyHistory(RuleBasedStateMachine):
    """One integration, from before its first sync; each history undoes itself."""

    aws: RunningAws
    cast: Cast

    @initialize()
    def begin(self) -> None:
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.is_fine = True
        self.aws.faults.clear()
        self.aws.world.wire = Wire()
        organization = new_organization("acme", joined_at=1.0)
        self.aws.world.organizations[:] = [organization]
        self.aws.organization = self.aws.roles.organization = organization
        self.aws.iam.roles.pop(f"arn:aws:iam::{organization.management_account_id}:role/pipes-main", None)
        for unit in (organization.create_unit("One"), organization.create_unit("Other")):
            for number in (1, 2):
                organization.create_account(f"Account {number}", parent=unit.id, joined_at=2.0)
        self.life = Life(organization)
        self.mirror = make_mirror(self.aws, self.cast.at_org, self.cast)
        with isolation.as_tenant(self.cast.acme.pk):
            Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=LIMIT)

    @rule(made=st.lists(changes, min_size=1, max_size=6))
    def aws_changes(self, made: list[Change]) -> None:
        for change in made:
            self.life.make(change)

    @rule(wire=wires)
    def aws_words_its_answers_otherwise(self, wire: Wire) -> None:
        if wire.states == "status":  # it knows fewer states, so nothing could be compared
            wire.states = "both"
        self.aws.world.wire = wire

    @rule(kind=st.sampled_from(ACTS), number=st.integers(0, 99))
    def somebody_works_on_the_tree(self, kind: str, number: int) -> None:
        act(kind, number, self.mirror, self.cast)

    @rule(ticks=st.lists(ticks, min_size=1, max_size=3), operation=st.sampled_from(FREQUENT), fault=some_faults)
    def somebody_chooses_accounts(self, ticks: list[Tick], operation: str, fault: str) -> None:
        with self.check_saving(operation, fault) as ended:
            ended.append(choose(self.mirror, self.cast, ticks))

    @rule(number=st.integers(0, 99), operation=st.sampled_from(FREQUENT), fault=some_faults)
    def somebody_changes_the_credentials(self, number: int, operation: str, fault: str) -> None:
        with self.check_saving(operation, fault) as ended:
            ended.append(change_credentials(self.mirror, self.cast, f"pipes-{number}"))

    @contextmanager
    def check_saving(self, operation: str, fault: str) -> Iterator[list[bool]]:
        """Save something, whatever AWS does meanwhile: the tree is exact then, or as it was."""
        self.is_fine, ended = False, list[bool]()
        integration, organization = self.mirror.integration, self.aws.organization
        tree, done = in_tree(integration), facts(integration)
        if fault:
            FAULTS[fault].plan(self.aws, operation, 0)
        yield ended
        self.aws.faults.clear()
        check_constraints()
        assert done.items() <= facts(integration).items()
        assert in_tree(integration) == (mirrored(in_aws(organization), self.mirror) if ended == [True] else tree)
        with isolation.as_tenant(integration.tenant_id):
            SettingsTrial.objects.all().delete()
        self.is_fine = True

    @rule()
    def time_passes(self) -> None:
        expire_claim(self.mirror)

    @rule()
    def it_syncs(self) -> None:
        self.check_sync()

    @rule(leaving=st.integers(0, 3))
    def it_syncs_by_the_schedule_after_some_have_left(self, leaving: int) -> None:
        self.life.let_leave(leaving)
        there = connections_in(in_tree(self.mirror.integration))
        SyncSchedule.objects.filter(pk=self.mirror.integration.pk).update(next_due_at=timezone.now())
        run = self.check_sync(is_asked_for=False)
        if run is not None and run.trigger == SyncRun.Trigger.SCHEDULED:  # not one that somebody had asked for
            assert len(there - connections_in(in_tree(self.mirror.integration))) <= LIMIT

    @rule(operation=st.sampled_from([*CALLS]), fault=quick_faults, after=st.integers(0, 4))
    def it_syncs_and_meets_a_fault(self, operation: str, fault: str, after: int) -> None:
        FAULTS[fault].plan(self.aws, operation, after)
        self.check_sync()
        self.aws.faults.clear()

    @rule(at=st.integers(0, 5))
    def it_is_killed_while_it_syncs(self, at: int) -> None:
        with buried(self.mirror):
            self.check_sync(dying(at))

    @rule(change=changes, operation=st.sampled_from(FREQUENT), number=st.integers(1, 4))
    def it_syncs_while_aws_changes(self, change: Change, operation: str, number: int) -> None:
        self.aws.faults.after_call(operation, number, lambda: self.life.make(change))
        self.check_sync()
        self.aws.faults.clear()

    def check_sync(self, watch: Watch = lambda _: None, *, is_asked_for: bool = True) -> SyncRun | None:
        """Sync, whatever comes of it, and check that nothing was made of it that neither was nor is."""
        self.is_fine = False
        integration, organization = self.mirror.integration, self.aws.organization
        tree, done = in_tree(integration), facts(integration)
        told = mirrored(in_aws(organization), self.mirror)
        if is_asked_for:
            self.mirror.request()
        run = None
        try:
            run = sync_run.run(integration.tenant_id, integration.pk, watch=watch, retries=QUICK)
        finally:
            check_constraints()
            after, tells = in_tree(integration), mirrored(in_aws(organization), self.mirror)
            assert done.items() <= facts(integration).items()
            assert not tree.keys() & told.keys() & tells.keys() - after.keys()
            if run is not None and run.state == SyncRun.State.SUCCEEDED:
                check_mixture(after, told, tells)
            else:
                assert after == tree
                assert run is None or run.error
        self.is_fine = True
        return run

    def teardown(self) -> None:
        """End with a sync that nothing disturbs."""
        try:
            if self.is_fine:
                self.aws.faults.clear()
                self.aws.world.wire = Wire()
                expire_claim(self.mirror)
                run = self.check_sync()
                assert run is not None
                assert (run.state, run.error) == ("succeeded", "")
                assert in_tree(self.mirror.integration) == mirrored(in_aws(self.aws.organization), self.mirror)
        finally:
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)


def connections_in(tree: dict[str, Node]) -> set[str]:
    """The ids of the accounts that a tree shows."""
    return {source_id for source_id in tree if source_id.isdecimal()}


def check_mixture(tree: dict[str, Node], told: dict[str, Node], tells: dict[str, Node]) -> None:
    """Each node as AWS had it when the sync began, or when it ended: the same where nothing changed meanwhile."""
    assert told.keys() & tells.keys() <= tree.keys() <= told.keys() | tells.keys()
    for source_id, node in tree.items():
        assert node in (told.get(source_id), tells.get(source_id))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_any_history_ends_exact(aws: RunningAws, cast: Cast) -> None:
    machine = type("Histories", (AnyHistory,), {"aws": aws, "cast": cast})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=HISTORIES or 20,
            stateful_step_count=STEPS,
            derandomize=not HISTORIES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

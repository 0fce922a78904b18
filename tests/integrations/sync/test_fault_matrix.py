"""Each call of a sync with whatever AWS may do to it: the tree stays as it was or becomes what AWS holds.

Each operation meets each fault at one moment (the first, a middle or the last of its calls, in turn). With
``PIPES_TEST_WHOLE_MATRIX=1`` it meets it at all of them, and after each a sync without faults must heal.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from integrations.aws.calls.retry import OPERATIONS
from integrations.aws.session import AwsSession
from tests.conftest import make_cast
from tests.fakes.aws import AwsOrganization, faults, new_organization, reading_organizations, running_aws, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.world import Wire
from tests.integrations.conftest import QUICK, Synced, environment_for, make_mirror, settings_for
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.faulty import CALLS, FAULTS, LIST_CHILDREN, LIST_UNITS, moments

pytestmark = [pytest.mark.neutral, pytest.mark.sweep]

IS_WHOLE = bool(os.environ.get("PIPES_TEST_WHOLE_MATRIX"))


def chosen(operation: str, turn: int) -> list[int]:
    """The moments at which an operation meets its so-many-th fault; what is decided by AssumeRole decides all."""
    every = moments(operation)
    return every if IS_WHOLE or operation == "AssumeRole" else [every[turn % len(every)]]


CELLS = [
    (operation, fault, after)
    for number, operation in enumerate(CALLS)
    for turn, fault in enumerate(FAULTS, start=number)
    for after in chosen(operation, turn)
]


def old_organization() -> AwsOrganization:
    """Accounts and units, of which some will be gone."""
    organization = new_organization("acme", joined_at=1.0)
    workloads = organization.create_unit("Workloads").id
    for name in ("Sandbox", "Spare", "Lab"):
        organization.create_unit(name)
    for name in ("Prod", "Dev", "Test", "Closing", "Gone 1", "Gone 2", "Gone 3"):
        organization.create_account(name, parent=workloads, joined_at=2.0)
    for number in (1, 2, 3):
        organization.create_unit(f"Old {number}", parent=workloads)
    return organization


def change(organization: AwsOrganization) -> None:
    """Let everything happen that can happen to accounts and units."""
    organization.rename("Workloads", "Work")
    organization.rename("Prod", "Production")
    organization.move("Dev", "Sandbox")
    organization.suspend("Test")
    organization.close("Closing", now=True)
    fresh = organization.create_unit("Fresh", parent=organization.find("Work").id)
    organization.create_account("New", parent=fresh.id, joined_at=3.0)
    for number in (1, 2, 3):
        organization.remove(f"Gone {number}")
        organization.delete_unit(f"Old {number}")


@pytest.fixture(scope="module")
def mirror(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Synced]:
    """A tree that was true once, and an AWS organization that has changed since; for all cells, each undoes itself."""
    with (
        django_db_blocker.unblock(),
        running_aws(old_organization()) as aws,
        override_settings(**settings_for(aws)),
        pytest.MonkeyPatch.context() as patched,
        transaction.atomic(),
    ):
        for name, text in environment_for(aws).items():
            patched.setenv(name, text)
        cast = make_cast()
        made = make_mirror(aws, cast.at_org, cast)
        other = new_organization("other")
        other.create_account("Theirs", joined_at=2.0)
        aws.world.organizations.append(other)
        trust = trusting(VENDOR_ROLE_ARN, made.integration.discovery_external_id)
        aws.roles.create("elsewhere", trust, reading_organizations(), account=other.management_account_id)
        assert made.work().state == "succeeded"
        change(aws.organization)
        yield made
        transaction.set_rollback(True)


@contextmanager
def scene(mirror: Synced, operation: str) -> Iterator[None]:
    """Arrange what makes a sync call the operation; leaves nothing behind, in the database as in AWS."""
    mirror.aws.calls.clear()
    try:
        with transaction.atomic(), pytest.MonkeyPatch.context() as patched:
            mirror.aws.world.wire = Wire(page_size=2)
            CALLS[operation].arrange(mirror)
            if operation == LIST_CHILDREN:  # leaves are probed while the pace allows no more lists
                patched.setattr(AwsSession, "is_dry", lambda _, of: of == LIST_UNITS)
            yield
            transaction.set_rollback(True)
    finally:
        mirror.aws.faults.clear()


def test_every_operation_and_every_kind_of_fault_has_its_cells(mirror: Synced) -> None:
    assert CALLS.keys() == OPERATIONS.keys()
    used = set()
    for fault in FAULTS.values():
        fault.plan(mirror.aws, "AssumeRole", 0)
        fault.plan(mirror.aws, "ListAccounts", 0)
        used |= {planned.kind for planned in mirror.aws.faults.planned}
        mirror.aws.faults.clear()
    assert used == set(faults.KINDS)


def test_a_cell_that_fails_leaves_no_fault_to_the_next(mirror: Synced) -> None:
    with suppress(ZeroDivisionError), scene(mirror, "DescribeAccount"):
        mirror.aws.faults.fail("ListRoots", "ServiceException")
        raise ZeroDivisionError
    assert mirror.aws.faults.planned == []


@pytest.mark.parametrize("operation", CALLS)
def test_without_a_fault_each_scene_makes_its_calls_and_the_tree_is_exact(mirror: Synced, operation: str) -> None:
    with scene(mirror, operation):
        run = mirror.sync()
        assert (run.state, run.error) == ("succeeded", "")
        assert mirror.aws.calls.count(operation) >= CALLS[operation].least
        assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)


@pytest.mark.parametrize(("operation", "name", "after"), CELLS)
def test_after_any_fault_the_tree_is_as_before_or_exact(mirror: Synced, operation: str, name: str, after: int) -> None:
    fault, before = FAULTS[name], in_tree(mirror.integration)
    with scene(mirror, operation):
        fault.plan(mirror.aws, operation, after)
        planned = mirror.aws.faults.planned[-1]
        mirror.request()
        run = mirror.work(fault.retries)
        assert planned.met > 0
        if run.state == "succeeded":
            assert run.error == ""
            assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)
        else:
            assert not fault.heals, run.error
            assert (run.state, run.changes, run.counts) == ("failed", [], {})
            assert run.error.endswith((".", "}}", '"'))
            assert in_tree(mirror.integration) == before
        schedule = mirror.schedule()
        assert (schedule.claim, schedule.failures) == (None, int(run.state == "failed"))
        if IS_WHOLE:
            mirror.aws.faults.clear()
            mirror.request()
            assert mirror.work(QUICK).state == "succeeded"
            assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)

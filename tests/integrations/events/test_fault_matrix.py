"""Each call of a targeted sync with whatever AWS may do to it: the tree stays as it was, or is what AWS holds.

Everything that events tell of has happened at once. After each fault the next sync makes it exact.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from integrations.models import SyncRun, SyncSchedule
from tests.conftest import make_cast
from tests.fakes.aws import AwsOrganization, new_organization, reading_organizations, running_aws, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK, Synced, environment_for, make_mirror, settings_for
from tests.integrations.events.watched import Watched
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.faulty import FAULTS, Fault
from workspaces import isolation

pytestmark = [pytest.mark.neutral, pytest.mark.sweep]

# Each call of a look, how often it is made at least, and the members without which its answer is stripped.
CALLS = {
    "AssumeRole": (1, ()),
    "DescribeAccount": (5, ("Account", "Id", "Name", "State", "Paths", "JoinedTimestamp")),
    "DescribeOrganizationalUnit": (4, ("OrganizationalUnit", "Id", "Name", "Path")),
    "DescribeOrganization": (1, ("Organization", "Id")),
}


def stripped(member: str) -> Fault:
    return Fault(lambda aws, name, after: aws.faults.strip(name, member, after=after))


WITHOUT = {
    (operation, f"without {member}"): stripped(member)
    for operation, (_, members) in CALLS.items()
    for member in members
}
KINDS = [name for name in FAULTS if name not in ("page token twice", "without a part", "without its result")]
CELLS = {(operation, name): FAULTS[name] for operation in CALLS for name in KINDS} | WITHOUT


def after_of(operation: str, turn: int) -> int:
    """How many calls go well before the fault, in turn: none, half of them, all but the last."""
    least, _ = CALLS[operation]
    return (0, least // 2, least - 1)[turn % 3]


def change(organization: AwsOrganization) -> None:
    """Let everything happen that events tell of."""
    organization.move("Dev", "Sandbox")
    organization.rename("Prod", "Production")
    organization.rename("Spare", "Spare 2")
    organization.close("Closing", now=True)
    organization.remove("Gone")
    organization.delete_unit("Old")
    fresh = organization.create_unit("Fresh", parent="Workloads")
    inside = organization.create_unit("Inside", parent=fresh.id)
    organization.create_account("New", parent=inside.id, joined_at=3.0)


@pytest.fixture(scope="module")
def watched(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Watched]:
    """A tree that was true, and events that wait; for all cells, each of which undoes itself."""
    old = new_organization("acme", joined_at=1.0)
    workloads = old.create_unit("Workloads").id
    for unit in ("Sandbox", "Spare", "Old"):
        old.create_unit(unit)
    for name in ("Prod", "Dev", "Closing", "Gone"):
        old.create_account(name, parent=workloads, joined_at=2.0)
    with (
        django_db_blocker.unblock(),
        running_aws(old) as aws,
        override_settings(**settings_for(aws)),
        pytest.MonkeyPatch.context() as patched,
        transaction.atomic(),
    ):
        for name, text in environment_for(aws).items():
            patched.setenv(name, text)
        cast = make_cast()
        made = make_mirror(aws, cast.at_org, cast)
        other = new_organization("other")
        aws.world.organizations.append(other)
        trust = trusting(VENDOR_ROLE_ARN, made.integration.discovery_external_id)
        aws.roles.create("elsewhere", trust, reading_organizations(), account=other.management_account_id)
        watching = Watched.over(made, cast)
        with isolation.as_tenant(cast.acme.pk):  # nothing that was shown just now is held back
            SyncRun.objects.update(finished_at=timezone.now() - timedelta(hours=1))
        watching.change(lambda: change(old))
        yield watching
        transaction.set_rollback(True)


@pytest.fixture
def mirror(watched: Watched) -> Iterator[Synced]:
    watched.mirror.aws.calls.clear()
    with transaction.atomic():
        yield watched.mirror
        transaction.set_rollback(True)
    watched.mirror.aws.faults.clear()


def due_now(mirror: Synced) -> None:
    SyncSchedule.objects.filter(pk=mirror.integration.pk).update(next_due_at=timezone.now())


def test_without_a_fault_one_look_makes_all_its_calls_and_the_tree_is_exact(mirror: Synced) -> None:
    due_now(mirror)
    run = mirror.work()
    assert (run.kind, run.state, run.error, run.why_full) == ("targeted", "succeeded", "", "")
    assert in_tree(mirror.integration) == in_aws(mirror.aws.organization)
    assert all(mirror.aws.calls.count(operation) >= least for operation, (least, _) in CALLS.items())


@pytest.mark.parametrize(("operation", "name"), CELLS)
def test_after_any_fault_the_tree_is_as_before_or_exact_and_the_next_sync_makes_it_so(
    watched: Watched, mirror: Synced, operation: str, name: str
) -> None:
    fault, before, exact = CELLS[operation, name], in_tree(mirror.integration), in_aws(mirror.aws.organization)
    fault.plan(mirror.aws, operation, after_of(operation, [*CELLS].index((operation, name))))
    planned = mirror.aws.faults.planned[-1]
    due_now(mirror)
    run = mirror.work(fault.retries)
    assert planned.met > 0
    assert run.kind == SyncRun.Kind.TARGETED
    # One that "is not there", as a new account may be for a while, is looked for again beside what has changed.
    is_late = run.state == SyncRun.State.SUCCEEDED and not run.why_full and bool(watched.events())
    is_done = run.state == SyncRun.State.SUCCEEDED and not run.why_full and not is_late
    if fault.heals:
        assert (is_done, run.error) == (True, "")
    after = in_tree(mirror.integration)
    if is_late:  # whether it is the new account that is answered last, threads decide
        assert name in ("elsewhere once", "elsewhere")
        assert all(after.get(each) in (before.get(each), exact.get(each)) for each in {*after, *before, *exact})
    else:
        assert after == (exact if is_done else before)
    assert is_done or is_late or run.error or run.why_full
    assert mirror.schedule().claim is None
    mirror.aws.faults.clear()
    if not is_done:
        due_now(mirror)
        healed = mirror.sync() if is_late else mirror.work(QUICK)
        assert (healed.kind, healed.state, healed.error) == ("full", "succeeded", "")
        assert in_tree(mirror.integration) == exact

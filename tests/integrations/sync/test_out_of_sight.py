"""Units that the credentials may not read, as somebody saved them: what is in them goes, and nothing else."""

import pytest

from integrations.models import Integration
from tests.fakes.aws import new_organization
from tests.integrations.conftest import Synced
from tests.integrations.sync.faulty import FAULTS
from tests.integrations.sync.test_run import FIRST
from workspaces import isolation

LIST_UNITS, LIST_ACCOUNTS = "ListOrganizationalUnitsForParent", "ListAccountsForParent"


def hide(mirror: Synced, unit: str) -> None:
    """Deny a unit from now on, to credentials that were saved knowing that."""
    unit_id = mirror.aws.organization.find(unit).id
    for operation in (LIST_UNITS, LIST_ACCOUNTS):
        mirror.aws.faults.fail(operation, "AccessDeniedException", on=unit_id)
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(unseen_folders=[unit_id])


@pytest.fixture(params=[True, False], ids=["with paths", "without paths"])
def half_hidden(mirror: Synced, request: pytest.FixtureRequest) -> Synced:
    """The first AWS organization, of which Sandbox is out of sight."""
    mirror.aws.wire.has_paths = request.param
    mirror.work()
    hide(mirror, "Sandbox")
    assert mirror.sync().counts == {"remove": 1}
    return mirror


def test_an_account_that_moved_out_of_sight_goes_and_comes_back_the_same(half_hidden: Synced) -> None:
    before = half_hidden.connection("Dev").pk
    half_hidden.aws.organization.move("Dev", "Sandbox")
    assert half_hidden.sync().counts == {"remove": 1}
    assert "dev" not in half_hidden.tree()
    half_hidden.aws.organization.move("Dev", "Workloads")
    assert half_hidden.sync().counts == {"return": 1}
    assert half_hidden.connection("Dev").pk == before


def test_a_unit_that_is_hidden_again_takes_along_what_was_seen_in_it(half_hidden: Synced) -> None:
    organization = half_hidden.aws.organization
    inner = organization.create_unit("Inner", parent=organization.find("Sandbox").id)
    organization.create_account("Deep", parent=inner.id, joined_at=9.0)
    half_hidden.aws.faults.clear()
    assert half_hidden.sync().counts == {"create": 2, "return": 1}
    hide(half_hidden, "Sandbox")
    hide(half_hidden, "Inner")
    hide(half_hidden, "Sandbox")  # as the unseen one again: nobody was told of the inner one
    run = half_hidden.sync()
    assert (run.error, run.counts) == ("", {"remove": 3})
    assert half_hidden.aws.calls.count("DescribeOrganizationalUnit") == 0
    assert half_hidden.tree() == {handle: place for handle, place in FIRST.items() if handle != "sandbox"}


def test_without_paths_an_account_that_moves_between_two_answers_is_not_taken_for_hidden(mirror: Synced) -> None:
    mirror.aws.wire.has_paths = False
    mirror.work()
    hide(mirror, "Sandbox")
    mirror.sync()
    before, organization = mirror.tree(), mirror.aws.organization
    organization.create_unit("Elsewhere")
    # Workloads answers when they have left it, every other unit before they have come.
    mirror.aws.faults.answer(LIST_ACCOUNTS, '{"Accounts": []}', on=organization.find("Workloads").id, times=1)
    run = mirror.sync()
    assert (run.state, "ListAccountsForParent: ChangedWhileReading" in run.error) == ("failed", True)
    assert mirror.tree() == before
    assert mirror.sync().counts == {"create": 1}
    assert mirror.tree() == before | {"elsewhere": "Root/Elsewhere"}


@pytest.mark.parametrize("how", ["closed", "removed"])
def test_what_left_the_aws_organization_goes_although_a_unit_is_hidden(half_hidden: Synced, how: str) -> None:
    organization = half_hidden.aws.organization
    if how == "closed":
        organization.close("Dev", now=True)
    else:
        organization.remove("Dev")
    assert half_hidden.sync().counts == {"remove": 1}
    assert half_hidden.aws.calls.count("DescribeAccount") == (how == "removed")


def test_the_first_sync_leaves_out_what_is_hidden(mirror: Synced) -> None:
    mirror.aws.wire.has_paths = False
    hide(mirror, "Workloads")
    assert mirror.work().counts == {"create": 2}
    assert mirror.tree() == {"root": "Root", "sandbox": "Root/Sandbox", "management": "Root/Management active"}


@pytest.mark.parametrize("fault", ["throttled", "denied", "cut off", "without a part", "dropped", "elsewhere"])
def test_a_second_look_that_fails_takes_nothing_for_hidden(mirror: Synced, fault: str) -> None:
    mirror.aws.wire.has_paths = False
    mirror.work()
    hide(mirror, "Sandbox")
    mirror.sync()
    before, organization = mirror.tree(), mirror.aws.organization
    organization.move("Dev", "Sandbox")
    mirror.aws.world.organizations.append(new_organization("other"))
    FAULTS[fault].plan(mirror.aws, LIST_ACCOUNTS, 2)  # the first look asks the root and Workloads
    run = mirror.sync()
    assert (run.state, LIST_ACCOUNTS in run.error or "ChangedWhileReading" in run.error) == ("failed", True)
    assert mirror.aws.calls.count(LIST_ACCOUNTS) > 2
    assert mirror.tree() == before

"""Syncs of an integration that mirrors a part of its AWS organization."""

from integrations.models import Integration
from tests.conftest import Cast
from tests.fakes.aws.organization import AwsOrganization
from tests.integrations.conftest import Synced
from tests.integrations.sync.test_run import FIRST, words
from workspaces import isolation


def choose(mirror: Synced, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> AwsOrganization:
    """Mirror these OUs and accounts only, or all without these."""
    organization = mirror.aws.organization
    include = [organization.find(name).id for name in only] or ["root"]
    exclude = [organization.find(name).id for name in without] + (["root"] if only else [])
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(
            selection={"include": include, "exclude": exclude}, version=mirror.integration.version + 1
        )
        mirror.integration.refresh_from_db()
    return organization


def facts(mirror: Synced) -> tuple[int, int]:
    with isolation.as_tenant(mirror.integration.tenant_id):
        mirror.integration.refresh_from_db()
    return mirror.integration.selection_facts["mirrored"], mirror.integration.selection_facts["accounts"]


def test_what_is_left_out_goes_softly_without_asking_aws_whether_it_is_gone(mirror: Synced) -> None:
    mirror.work()
    before = mirror.connection("Prod").pk
    assert facts(mirror) == (3, 3)
    choose(mirror, without=("Workloads",))
    assert words(mirror.sync()) == [
        ["remove", "Prod", "Root / Workloads", "not ticked"],
        ["remove", "Dev", "Root / Workloads", "not ticked"],
        ["remove", "Workloads", "Root", "not ticked"],
    ]
    assert mirror.aws.calls.count("DescribeAccount") == mirror.aws.calls.count("DescribeOrganizationalUnit") == 0
    assert mirror.tree().keys() == {"root", "sandbox", "management"}
    assert facts(mirror) == (1, 3)
    choose(mirror)
    assert mirror.sync().counts == {"return": 3}
    assert (mirror.connection("Prod").pk, mirror.tree()) == (before, FIRST)


def test_what_is_left_out_is_never_imported(mirror: Synced) -> None:
    organization = choose(mirror, without=("Workloads",))
    run = mirror.work()
    assert (run.accounts_read, run.counts) == (3, {"create": 2})
    organization.create_account("Later", parent="Workloads")
    organization.create_account("Elsewhere", parent="Sandbox")
    assert words(mirror.sync()) == [["create", "Elsewhere", "", "Root / Sandbox"]]
    assert facts(mirror) == (2, 5)


def test_accounts_that_move_in_and_out_come_and_go(mirror: Synced) -> None:
    organization = choose(mirror, only=("Workloads",))
    mirror.work()
    assert mirror.tree().keys() == {"root", "workloads", "prod", "dev"}
    before = mirror.connection("Prod").pk
    organization.move("Prod", "Sandbox")
    organization.move("Management", "Workloads")
    assert mirror.sync().counts == {"create": 1, "remove": 1}
    assert mirror.tree().keys() == {"root", "workloads", "management", "dev"}
    assert mirror.aws.calls.count("DescribeAccount") == 0
    organization.move("Prod", "Workloads")
    assert mirror.sync().counts == {"return": 1}
    assert mirror.connection("Prod").pk == before
    inner = organization.create_unit("Inner", parent="Workloads")
    organization.create_account("New", parent=inner.id)
    assert mirror.sync().counts == {"create": 2}


def test_an_account_by_itself_is_mirrored_wherever_it_moves(mirror: Synced) -> None:
    organization = choose(mirror, only=("Prod",))
    mirror.work()
    assert mirror.tree() == {"root": "Root", "workloads": "Root/Workloads", "prod": "Root/Workloads/Prod active"}
    before = mirror.connection("Prod").pk
    organization.move("Prod", "Sandbox")
    assert mirror.sync().counts == {"create": 1, "move": 1, "remove": 1}
    assert mirror.tree() == {"root": "Root", "sandbox": "Root/Sandbox", "prod": "Root/Sandbox/Prod active"}
    assert mirror.connection("Prod").pk == before


def test_an_account_in_an_ou_that_is_left_out_stays_in_its_place(mirror: Synced) -> None:
    organization = choose(mirror, without=("Workloads",))
    with isolation.as_tenant(mirror.integration.tenant_id):
        mirror.integration.selection["include"].append(organization.find("Dev").id)
        mirror.integration.save()
    mirror.work()
    assert mirror.tree().keys() == {"root", "sandbox", "management", "workloads", "dev"}


def test_a_closed_account_that_was_chosen_by_itself_leaves_no_empty_ou(mirror: Synced) -> None:
    organization = choose(mirror, only=("Prod",))
    mirror.work()
    organization.close("Prod", now=True)
    assert mirror.sync().counts == {"remove": 2}
    assert mirror.tree().keys() == {"root"}
    assert mirror.aws.calls.count("DescribeAccount") == mirror.aws.calls.count("DescribeOrganizationalUnit") == 0


def test_a_chosen_ou_that_is_deleted_is_confirmed_and_goes(mirror: Synced) -> None:
    organization = choose(mirror, only=("Sandbox", "Prod"))
    mirror.work()
    organization.delete_unit("Sandbox")
    assert words(mirror.sync()) == [["remove", "Sandbox", "Root", "deleted in AWS"]]
    assert mirror.aws.calls.count("DescribeOrganizationalUnit") == 1
    assert mirror.sync().changes == []


def test_what_is_absent_is_still_confirmed_whatever_was_chosen(mirror: Synced) -> None:
    mirror.work()
    organization = choose(mirror, without=("Sandbox", "Workloads"))
    dev = organization.remove("Dev")
    mirror.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    run = mirror.sync()
    assert (run.state, "DescribeAccount" in run.error) == ("failed", True)
    assert mirror.tree() == FIRST  # not even what was left out by choice
    mirror.aws.faults.clear()
    assert mirror.sync().counts == {"remove": 4}
    assert dev.id in {
        call.parameters.get("AccountId") for call in mirror.aws.calls if call.operation == "DescribeAccount"
    }


def test_an_excluded_account_that_nobody_mirrors_may_vanish_unasked(mirror: Synced, cast: Cast) -> None:
    organization = choose(mirror, without=("Dev",))
    mirror.work()
    organization.remove("Dev")
    assert mirror.sync().changes == []
    assert mirror.aws.calls.count("DescribeAccount") == 0

"""Whole syncs against the stand-in AWS: what a person would see in the tree and on the run's page."""

import json

import pytest

from connections import sharing
from integrations.models import SyncRun
from tests.conftest import Cast
from tests.fakes.aws import operations
from tests.fakes.aws.operations import Question
from tests.fakes.aws.world import Wire
from tests.integrations.conftest import Synced, make_mirror
from workspaces import isolation

FIRST = {
    "root": "Root",
    "workloads": "Root/Workloads",
    "sandbox": "Root/Sandbox",
    "management": "Root/Management active",
    "prod": "Root/Workloads/Prod active",
    "dev": "Root/Workloads/Dev active",
}


def words(run: SyncRun) -> list[list[str]]:
    """The diff without the ids."""
    return [[kind, label, before, after] for kind, _, _, label, before, after in run.changes]


def test_the_first_sync_brings_the_whole_aws_organization(mirror: Synced) -> None:
    run = mirror.work()
    assert (run.state, run.error, run.trigger) == ("succeeded", "", "created")
    assert mirror.tree() == FIRST
    assert (run.folders_read, run.accounts_read, run.counts) == (3, 3, {"create": 5})
    assert ["create", "Prod", "", "Root / Workloads"] in words(run)
    assert run.aws_calls == len(mirror.aws.calls)
    with isolation.as_tenant(run.tenant_id):
        mirror.integration.refresh_from_db()
    assert mirror.integration.source_organization_id == mirror.aws.organization.id
    assert mirror.integration.management_account_id == mirror.aws.organization.management_account_id


def test_a_sync_that_finds_nothing_new_says_so(mirror: Synced) -> None:
    mirror.work()
    run = mirror.sync()
    assert (run.state, run.trigger, run.changes, run.counts) == ("succeeded", "manual", [], {})


def test_renamed_moved_and_suspended_accounts_stay_the_same_connections(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    before = mirror.connection("Prod")
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(before, [cast.at_workspace])
    organization = mirror.aws.organization
    organization.rename("Prod", "Production")
    organization.move("Production", "Sandbox")
    organization.suspend("Production")
    run = mirror.sync()
    assert words(run) == [
        ["move", "Production", "Root / Workloads", "Root / Sandbox"],
        ["rename", "Production", "Prod (prod)", "Production (production)"],
        ["state", "Production", "active", "suspended"],
    ]
    assert mirror.tree()["production"] == "Root/Sandbox/Production suspended"
    after = mirror.connection("Production")
    assert (after.pk, bool(after.why_disabled)) == (before.pk, True)
    with isolation.as_tenant(cast.acme.pk):
        assert [grant.workspace for grant in sharing.grants_on(after)] == [cast.fireworks]


def test_a_renamed_unit_keeps_its_folder(mirror: Synced) -> None:
    mirror.work()
    mirror.aws.organization.rename("Workloads", "東京")
    run = mirror.sync()
    assert run.counts == {"rename": 1}
    assert mirror.tree()["dongjing"] == "Root/東京"
    assert mirror.tree()["prod"] == "Root/東京/Prod active"


def test_accounts_that_swap_their_names_swap_their_handles(mirror: Synced) -> None:
    mirror.work()
    prod, dev = mirror.connection("Prod").pk, mirror.connection("Dev").pk
    accounts = {name: mirror.aws.organization.find(name) for name in ("Prod", "Dev")}
    accounts["Prod"].name, accounts["Dev"].name = "Dev", "Prod"
    assert mirror.sync().counts == {"rename": 2}
    assert (mirror.connection("Dev").pk, mirror.connection("Prod").pk) == (prod, dev)
    assert (mirror.connection("Dev").handle, mirror.connection("Prod").handle) == ("dev", "prod")


@pytest.mark.parametrize("how", ["closed", "removed"])
def test_a_closed_or_removed_account_goes_and_comes_back_with_its_grants(mirror: Synced, cast: Cast, how: str) -> None:
    mirror.work()
    before = mirror.connection("Dev")
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(before, [cast.at_workspace])
    organization = mirror.aws.organization
    account = organization.find_account("Dev")
    if how == "closed":
        organization.close("Dev", now=True)
    else:
        organization.remove("Dev")
    gone = mirror.sync()
    why = {"closed": "closed in AWS", "removed": "left the AWS organization"}[how]
    assert words(gone) == [["remove", "Dev", "Root / Workloads", why]]
    assert "dev" not in mirror.tree()
    assert mirror.aws.calls.count("DescribeAccount") == (how == "removed")
    if how == "closed":
        organization.reactivate(account.id)
    else:
        organization.create_account("Dev", account_id=account.id, parent="Workloads", joined_at=9.0)
    assert mirror.sync().counts == {"return": 1}
    after = mirror.connection("Dev")
    assert (after.pk, after.handle, after.removed_at) == (before.pk, "dev", None)
    with isolation.as_tenant(cast.acme.pk):
        assert [grant.workspace for grant in sharing.grants_on(after)] == [cast.fireworks]


def test_an_account_that_aws_lists_no_more_but_calls_closed_is_closed(mirror: Synced) -> None:
    mirror.work()
    told = mirror.aws.organization.remove("Dev")
    row = {"Id": told.id, "Name": told.name, "State": "CLOSED", "JoinedTimestamp": 1}
    mirror.aws.faults.answer("DescribeAccount", json.dumps({"Account": row}))
    assert words(mirror.sync()) == [["remove", "Dev", "Root / Workloads", "closed in AWS"]]


def test_the_states_of_aws_become_those_of_connections(mirror: Synced) -> None:
    organization = mirror.aws.organization
    for state in ("PENDING_ACTIVATION", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"):
        organization.create_account(state, state=state)
    organization.create_account("HIBERNATED").state = "HIBERNATED"
    mirror.work()
    tree = mirror.tree()
    assert [
        tree[name].split()[-1] for name in ("pending_activation", "suspended", "pending_closure", "hibernated")
    ] == [
        "pending_activation",
        "suspended",
        "pending_closure",
        "unknown",
    ]
    assert "closed" not in tree


def test_an_account_that_was_closed_and_is_in_no_list_any_more_goes(mirror: Synced) -> None:
    mirror.work()
    dev = mirror.aws.organization.close("Dev", now=True)
    rows = operations.answer("ListAccounts", Question(mirror.aws.organization, {}, Wire()))["Accounts"]
    rest = [row for row in rows if row["Id"] != dev.id]
    mirror.aws.faults.answer("ListAccounts", json.dumps({"Accounts": rest}))
    assert [line[:3] for line in words(mirror.sync())] == [["remove", "Dev", "Root / Workloads"]]
    assert mirror.aws.calls.count("DescribeAccount") == 1


def test_a_deleted_unit_goes_when_aws_says_that_it_is_gone(mirror: Synced) -> None:
    mirror.work()
    mirror.aws.organization.delete_unit("Sandbox")
    assert words(mirror.sync()) == [["remove", "Sandbox", "Root", "deleted in AWS"]]
    assert mirror.aws.calls.count("DescribeOrganizationalUnit") == 1
    assert "sandbox" not in mirror.tree()


def test_an_access_key_reads_the_same_tree(mirror: Synced) -> None:
    from tests.fakes.aws import reading_organizations

    key = mirror.aws.roles.create_key("pipes", reading_organizations())
    with isolation.as_tenant(mirror.integration.tenant_id):
        mirror.integration.access_mode, mirror.integration.access_key_id = "key", key.id
        mirror.integration.secret_key = key.secret
        mirror.integration.save()
    assert mirror.work().state == "succeeded"
    assert mirror.tree() == FIRST
    assert mirror.aws.calls.count("AssumeRole") == 0


def test_two_integrations_of_one_aws_organization_do_not_touch_each_other(mirror: Synced, cast: Cast) -> None:
    mirror.work()
    other = make_mirror(mirror.aws, cast.at_org, cast, "other")
    other.work()
    assert mirror.tree() == FIRST
    ids = {account.name: account.id for account in mirror.aws.organization.accounts.values()}
    assert {f"prod_{ids['Prod']}", f"dev_{ids['Dev']}", f"management_{ids['Management']}"} < other.tree().keys()
    mirror.aws.organization.rename("Prod", "Production")
    mirror.sync()
    assert other.connection("Prod").handle == f"prod_{ids['Prod']}"


def test_the_role_is_proved_to_refuse_strangers_once_a_day(mirror: Synced) -> None:
    mirror.work()
    assert mirror.aws.calls.count("AssumeRole") == 3
    mirror.sync()
    assert mirror.aws.calls.count("AssumeRole") == 4


def test_a_run_can_be_watched(mirror: Synced) -> None:
    from integrations.sync import run as sync_run

    seen: list[tuple[str, str]] = []
    sync_run.run(
        mirror.integration.tenant_id, mirror.integration.pk, watch=lambda run: seen.append((run.state, run.phase))
    )
    assert seen == [("running", "reading"), ("running", "comparing"), ("succeeded", "")]

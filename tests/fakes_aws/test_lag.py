"""Reads that answer late: what was before a change is seen for a while, and a state may go back."""

from typing import Any

from tests.fakes.aws import AwsOrganization, RunningAws
from tests.fakes_aws.asking import code_of, ids_of


def path_of(reader: Any, account_id: str) -> str:
    return str(reader.describe_account(AccountId=account_id)["Account"]["Paths"][0])


def test_lists_and_single_reads_say_the_same_of_each(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    organization.suspend("web")
    for has_paths in (True, False):
        aws.wire.has_paths = has_paths
        for account in reader.list_accounts()["Accounts"]:
            assert reader.describe_account(AccountId=account["Id"])["Account"] == account
        units = reader.list_organizational_units_for_parent(ParentId=organization.root_id)["OrganizationalUnits"]
        for unit in units:
            described = reader.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"]
            assert described == unit
            assert ("Path" in unit) is has_paths


def test_single_reads_have_buckets_of_their_own(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    aws.faults.clock = lambda: 100.0
    aws.faults.throttle_as_published()
    web, prod = organization.find_account("web").id, organization.find_parent("Prod")
    for _ in range(8):
        reader.describe_account(AccountId=web)
        reader.describe_organizational_unit(OrganizationalUnitId=prod)
    assert code_of(reader.describe_account, AccountId=web) == "TooManyRequestsException"
    assert code_of(reader.describe_organizational_unit, OrganizationalUnitId=prod) == "TooManyRequestsException"


def test_a_move_is_seen_after_so_many_reads(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    web, db = organization.find_account("web").id, organization.find_account("db").id
    before = organization.path(web)
    aws.faults.lag(web, reads=2)
    organization.move("web", "Root")
    organization.move("db", "Root")
    after = organization.path(web)
    assert path_of(reader, db) == organization.path(db)
    assert after in [path for row in reader.list_accounts()["Accounts"] for path in row["Paths"]]
    assert [path_of(reader, web) for _ in range(3)] == [before, before, after]
    assert reader.list_parents(ChildId=web)["Parents"][0]["Id"] == organization.root_id


def test_changes_are_seen_after_so_many_seconds_in_lists_too(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    now = 100.0
    aws.faults.clock = lambda: now
    aws.faults.lag(seconds=10, lists=True)
    prod = organization.find_parent("Prod")
    gone, new = organization.remove("web").id, organization.create_account("new", parent="Prod").id
    unit = organization.create_unit("New").id
    inside = organization.create_account("inside", parent=unit).id
    organization.rename("Prod", "Live")
    for is_late in (True, False):
        accounts = ids_of(reader.list_accounts, "Accounts")
        units = ids_of(
            reader.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=organization.root_id
        )
        assert (gone in accounts, new in accounts, inside in accounts) == (is_late, not is_late, not is_late)
        assert (unit in units) is not is_late
        assert (gone in ids_of(reader.list_accounts_for_parent, "Accounts", ParentId=prod)) is is_late
        described = reader.describe_organizational_unit(OrganizationalUnitId=prod)["OrganizationalUnit"]
        assert described["Name"] == ("Prod" if is_late else "Live")
        missing = gone if not is_late else new
        assert code_of(reader.describe_account, AccountId=missing) == "AccountNotFoundException"
        now += 10


def test_an_account_may_be_in_an_ou_that_no_list_has_yet_and_an_ou_may_be_seen_when_it_is_gone(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    aws.faults.lag(organization.id, lists=True)
    unit = organization.create_unit("New").id
    aws.faults.past.lags.clear()
    web = organization.move("web", unit).id
    roots = ids_of(reader.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=organization.root_id)
    assert unit not in roots
    assert unit in path_of(reader, web)
    aws.faults.catch_up()
    assert reader.describe_organizational_unit(OrganizationalUnitId=unit)
    organization.move("web", "Root")
    aws.faults.lag(unit)
    organization.delete_unit(unit)
    assert reader.describe_organizational_unit(OrganizationalUnitId=unit)
    aws.faults.clear()
    assert code_of(reader.describe_organizational_unit, OrganizationalUnitId=unit).startswith("OrganizationalUnitNot")


def test_a_state_may_go_back(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    web = organization.close("web", now=True).id
    aws.faults.show_states(web, "ACTIVE", "PENDING_CLOSURE", "ACTIVE", "PENDING_CLOSURE")
    states = [reader.describe_account(AccountId=web)["Account"]["State"] for _ in range(6)]
    assert states == ["ACTIVE", "PENDING_CLOSURE", "ACTIVE", "PENDING_CLOSURE", "CLOSED", "CLOSED"]

"""The answers of Organizations: members as AWS sends them today, pages of twenty, errors by code."""

from typing import Any

import pytest

from tests.fakes.aws import AwsOrganization, RunningAws
from tests.fakes_aws.asking import code_of, error_of, ids_of, pages_of


def test_an_account_has_a_state_and_a_path_and_no_status(reader: Any, organization: AwsOrganization) -> None:
    web, prod = organization.find_account("web"), organization.find_parent("Prod")
    workloads = organization.find_parent("Workloads")
    account = reader.describe_account(AccountId=web.id)["Account"]
    assert account["State"] == "ACTIVE"
    assert "Status" not in account
    assert account["Paths"] == [f"{organization.id}/{organization.root_id}/{workloads}/{prod}/{web.id}/"]
    start = f"arn:aws:organizations::{organization.management_account_id}"
    assert account["Arn"] == f"{start}:account/{organization.id}/{web.id}"
    assert account["JoinedTimestamp"].timestamp() == pytest.approx(web.joined_at, abs=1)


def test_an_ou_has_a_path_and_the_root_has_none(reader: Any, organization: AwsOrganization) -> None:
    workloads = organization.find_parent("Workloads")
    unit = reader.describe_organizational_unit(OrganizationalUnitId=workloads)["OrganizationalUnit"]
    assert unit["Path"] == f"{organization.id}/{organization.root_id}/{workloads}/"
    assert "Path" not in reader.list_roots()["Roots"][0]


@pytest.mark.parametrize(
    ("states", "has_paths", "members"),
    [("state", False, {"State"}), ("both", True, {"State", "Status", "Paths"}), ("status", False, {"Status"})],
)
def test_answers_can_be_worded_as_before(
    aws: RunningAws, reader: Any, states: str, has_paths: bool, members: set[str]
) -> None:
    aws.wire.states, aws.wire.has_paths = states, has_paths
    account = reader.list_accounts()["Accounts"][0]
    assert {"State", "Status", "Paths"} & set(account) == members


def test_a_closed_account_is_pending_then_closed_and_read_suspended_in_status(
    aws: RunningAws, reader: Any, organization: AwsOrganization
) -> None:
    aws.wire.states = "both"
    web = organization.find_account("web").id
    organization.close(web)
    account = reader.describe_account(AccountId=web)["Account"]
    assert (account["State"], account["Status"]) == ("PENDING_CLOSURE", "PENDING_CLOSURE")
    organization.close(web, now=True)
    account = reader.describe_account(AccountId=web)["Account"]
    assert (account["State"], account["Status"]) == ("CLOSED", "SUSPENDED")


def test_a_page_has_twenty_accounts_at_most(reader: Any, organization: AwsOrganization) -> None:
    for number in range(41):
        organization.create_account(f"account {number}")
    pages = pages_of(reader.list_accounts, "Accounts")
    assert [len(page) for page in pages] == [20, 20, 5]
    assert {account["Id"] for page in pages for account in page} == set(organization.accounts)
    refusal = error_of(reader.list_accounts, MaxResults=21)
    assert (refusal["Code"], refusal["Status"]) == ("InvalidInputException", 400)
    assert [len(page) for page in pages_of(reader.list_accounts, "Accounts", MaxResults=15)] == [15, 15, 15]


def test_a_full_last_page_has_no_token(reader: Any, organization: AwsOrganization) -> None:
    while len(organization.accounts) < 20:
        organization.create_account("one more")
    assert "NextToken" not in reader.list_accounts()


def test_a_page_may_be_empty_although_more_follows(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    aws.wire.empty_page_every = 1
    pages = pages_of(reader.list_accounts, "Accounts", MaxResults=3)
    assert [len(page) for page in pages] == [0, 3, 0, 1]
    assert ids_of(reader.list_roots, "Roots") == [organization.root_id]


def test_pages_may_be_smaller_than_asked_for(aws: RunningAws, reader: Any, organization: AwsOrganization) -> None:
    aws.wire.page_size = 2
    pages = pages_of(reader.list_accounts, "Accounts", MaxResults=20)
    assert [len(page) for page in pages] == [2, 2]
    assert [account["Id"] for page in pages for account in page] == organization.account_ids


def test_the_cursor_survives_changes_between_pages(reader: Any, organization: AwsOrganization) -> None:
    for number in range(60):
        organization.create_account(f"account {number}")
    first = reader.list_accounts()
    seen = [account["Id"] for account in first["Accounts"]]
    still_to_come = [account for account in organization.account_ids if account not in seen]
    organization.remove(seen[-1])
    organization.remove(still_to_come[0])
    second = reader.list_accounts(NextToken=first["NextToken"])
    assert [account["Id"] for account in second["Accounts"]] == still_to_come[1:21]


@pytest.mark.parametrize("token", ["", "not base64!", "e30=", "bnVsbA=="])
def test_a_made_up_token_is_invalid(reader: Any, token: str) -> None:
    assert code_of(reader.list_accounts, NextToken=token) == "InvalidInputException"


def test_the_token_of_another_list_is_invalid(reader: Any, organization: AwsOrganization) -> None:
    token = reader.list_accounts(MaxResults=1)["NextToken"]
    ou = organization.find_parent("Prod")
    assert code_of(reader.list_accounts_for_parent, ParentId=ou, NextToken=token) == "InvalidInputException"


def test_parents_and_children_agree(reader: Any, organization: AwsOrganization) -> None:
    prod, workloads = organization.find_parent("Prod"), organization.find_parent("Workloads")
    accounts = set(organization.accounts_in(prod))
    assert set(ids_of(reader.list_accounts_for_parent, "Accounts", ParentId=prod)) == accounts
    assert set(ids_of(reader.list_children, "Children", ParentId=prod, ChildType="ACCOUNT")) == accounts
    units = ids_of(reader.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=workloads)
    assert units == [prod]
    units = ids_of(reader.list_children, "Children", ParentId=workloads, ChildType="ORGANIZATIONAL_UNIT")
    assert units == [prod]
    assert reader.list_parents(ChildId=prod)["Parents"] == [{"Id": workloads, "Type": "ORGANIZATIONAL_UNIT"}]
    assert reader.list_parents(ChildId=workloads)["Parents"] == [{"Id": organization.root_id, "Type": "ROOT"}]


def test_what_does_not_exist_is_named_by_its_kind(reader: Any) -> None:
    assert code_of(reader.describe_account, AccountId="000000000001") == "AccountNotFoundException"
    missing = "ou-abcd-12345678"
    assert (
        code_of(reader.describe_organizational_unit, OrganizationalUnitId=missing)
        == "OrganizationalUnitNotFoundException"
    )
    assert code_of(reader.list_accounts_for_parent, ParentId=missing) == "ParentNotFoundException"
    assert code_of(reader.list_parents, ChildId=missing) == "ChildNotFoundException"


def test_an_id_of_another_form_is_invalid_input(reader: Any) -> None:
    assert code_of(reader.describe_account, AccountId="12") == "InvalidInputException"
    assert code_of(reader.list_accounts_for_parent, ParentId="Prod") == "InvalidInputException"


def test_delegated_administrators_have_no_paths(reader: Any, organization: AwsOrganization) -> None:
    organization.delegate("audit")
    rows = reader.list_delegated_administrators()["DelegatedAdministrators"]
    assert [row["Name"] for row in rows] == ["audit"]
    assert "Paths" not in rows[0]


def test_names_in_any_script_arrive_unchanged(reader: Any, organization: AwsOrganization) -> None:
    names = {"東京 <b>&", "sandbox-ليلى", "🔐 \\ \" '", "line\nbreak"}
    for name in names:
        organization.create_unit(name)
    page = reader.list_organizational_units_for_parent(ParentId=organization.root_id)
    assert names <= {unit["Name"] for unit in page["OrganizationalUnits"]}

"""What both AWS stand-ins must show our client, so that neither of them is trusted alone."""

import pytest

from integrations.aws.discovery.read import confirm_gone, identify, read_snapshot
from integrations.aws.errors import NotInOrganization
from integrations.aws.session import open_session
from integrations.planning.snapshot import AccountState, Progress, Snapshot
from tests.contract.plain import PlainAws


def read(plain: PlainAws) -> Snapshot:
    return read_snapshot(open_session(plain.role))


def test_a_role_says_who_it_is_and_in_which_aws_organization(plain: PlainAws) -> None:
    identity = identify(open_session(plain.role))
    assert identity.account_id == identity.management_account_id == plain.management_account_id
    assert identity.arn == f"arn:aws:sts::{plain.management_account_id}:assumed-role/pipes-discovery/pipes-acme-sync"
    assert identity.organization_id.startswith("o-")


def test_an_access_key_reads_the_same_aws_organization_as_a_role(plain: PlainAws) -> None:
    plain.create_account("Alpha", plain.create_unit("Security", plain.root_id))
    assert read_snapshot(open_session(plain.key)) == read(plain)


def test_the_whole_tree_comes_with_the_root_first_and_parents_before_their_children(plain: PlainAws) -> None:
    security = plain.create_unit("Security", plain.root_id)
    audit = plain.create_unit("Audit", security)
    logs = plain.create_account("Logs", audit)
    snapshot = read(plain)
    assert [(folder.source_id, folder.parent_id, folder.name) for folder in snapshot.folders] == [
        (plain.root_id, None, "Root"),
        (security, plain.root_id, "Security"),
        (audit, security, "Audit"),
    ]
    accounts = {account.source_id: account for account in snapshot.accounts}
    assert accounts.keys() == {plain.management_account_id, logs}
    assert (accounts[logs].parent_id, accounts[logs].name) == (audit, "Logs")
    assert accounts[logs].state is AccountState.ACTIVE
    assert accounts[logs].joined_at.tzinfo is not None
    assert "@" in accounts[logs].email
    assert accounts[plain.management_account_id].parent_id == plain.root_id


def test_more_units_than_fit_on_a_page_all_come(plain: PlainAws) -> None:
    units = {plain.create_unit(f"Unit {number}", plain.root_id) for number in range(23)}
    assert {folder.source_id for folder in read(plain).folders} == {*units, plain.root_id}


def test_reading_twice_gives_the_same_snapshot(plain: PlainAws) -> None:
    for number in range(5):
        plain.create_account(f"Account {number}", plain.create_unit(f"Unit {number}", plain.root_id))
    assert read(plain) == read(plain)


def test_a_moved_account_and_a_renamed_unit_show_in_the_next_snapshot(plain: PlainAws) -> None:
    old, new = plain.create_unit("Old", plain.root_id), plain.create_unit("New", plain.root_id)
    account = plain.create_account("Alpha", old)
    plain.move(account, new)
    plain.rename_unit(new, "Newer")
    snapshot = read(plain)
    assert {folder.source_id: folder.name for folder in snapshot.folders}[new] == "Newer"
    assert {account.source_id: account.parent_id for account in snapshot.accounts}[account] == new


def test_progress_ends_with_everything_that_the_snapshot_holds(plain: PlainAws) -> None:
    plain.create_account("Alpha", plain.create_unit("Security", plain.root_id))
    seen: list[Progress] = []
    calls: list[None] = []
    session = open_session(plain.role, on_call=lambda: calls.append(None))
    read_snapshot(session, on_progress=seen.append)
    assert (seen[-1].folders, seen[-1].accounts) == (2, 2)
    assert seen[-1].calls == session.calls == len(calls)


def test_only_what_does_not_exist_is_confirmed_as_gone(plain: PlainAws) -> None:
    unit, kept_unit = plain.create_unit("Unit", plain.root_id), plain.create_unit("Kept", plain.root_id)
    account, kept = plain.create_account("Alpha", plain.root_id), plain.create_account("Beta", plain.root_id)
    plain.remove(account)
    plain.delete_unit(unit)
    said = confirm_gone(open_session(plain.role), accounts=[account, kept], folders=[unit, kept_unit])
    assert {one.source_id for one in said if one.is_gone} == {account, unit}
    assert not any(one.is_closed for one in said)


def test_an_account_in_no_aws_organization_is_told_so(plain: PlainAws) -> None:
    plain.dissolve()
    with pytest.raises(NotInOrganization, match="DescribeOrganization: AWSOrganizationsNotInUseException"):
        identify(open_session(plain.role))

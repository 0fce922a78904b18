"""How the tree is read: states, paths, pages, changes in the middle, and how many calls that takes."""

import pytest

from integrations.aws.discovery.read import read_snapshot
from integrations.aws.errors import ChangedWhileReading, IncompleteAnswer, Refused, UnexpectedAnswer
from integrations.aws.session import RoleCredentials, open_session
from integrations.planning.snapshot import AccountState, Snapshot
from tests.fakes.aws import RunningAws
from tests.fakes.aws.organization import STATES


def parents(snapshot: Snapshot) -> dict[str, str]:
    return {account.source_id: account.parent_id for account in snapshot.accounts}


@pytest.mark.parametrize("words", ["state", "both", "status"])
def test_the_state_is_read_from_state_and_else_from_status(aws: RunningAws, role: RoleCredentials, words: str) -> None:
    aws.wire.states = words
    account = aws.organization.create_account("Alpha", state="SUSPENDED")
    snapshot = read_snapshot(open_session(role))
    states = {account.source_id: account.state for account in snapshot.accounts}
    assert states[account.id] is AccountState.SUSPENDED
    assert states[aws.organization.management_account_id] is AccountState.ACTIVE


def test_where_state_and_status_differ_the_state_counts(aws: RunningAws, role: RoleCredentials) -> None:
    aws.wire.states = "both"  # a closed account has the Status SUSPENDED, one that was never activated ACTIVE
    ids = {aws.organization.create_account(state, state=state).id: state for state in STATES}
    snapshot = read_snapshot(open_session(role))
    assert {a.source_id: a.state.upper() for a in snapshot.accounts if a.source_id in ids} == ids


def test_every_state_of_aws_comes_through(aws: RunningAws, role: RoleCredentials) -> None:
    ids = {aws.organization.create_account(state, state=state).id: state for state in STATES}
    snapshot = read_snapshot(open_session(role))
    assert {a.source_id: a.state.upper() for a in snapshot.accounts if a.source_id in ids} == ids


def test_a_state_that_aws_adds_later_is_unknown(aws: RunningAws, role: RoleCredentials) -> None:
    aws.organization.create_account("Alpha").state = "HIBERNATED"
    assert AccountState.UNKNOWN in {account.state for account in read_snapshot(open_session(role)).accounts}


def test_names_in_any_script_come_through_as_they_are(aws: RunningAws, role: RoleCredentials) -> None:
    names = {"Büro", "東京", "<script>alert(1)</script>", "a/b", "🚀", "x" * 128}
    for name in names:
        aws.organization.create_unit(name)
    assert {folder.name for folder in read_snapshot(open_session(role)).folders} == names | {"Root"}


@pytest.mark.parametrize("pages", [1, 2])
def test_empty_pages_without_end_end_the_read_soon(aws: RunningAws, role: RoleCredentials, pages: int) -> None:
    for number in range(60):
        aws.organization.create_account(f"Account {number}")
    aws.wire.empty_after = pages
    with pytest.raises(IncompleteAnswer, match="50 pages in a row were empty") as failed:
        read_snapshot(open_session(role))
    assert failed.value.is_transient
    assert aws.calls.count("ListAccounts") <= pages + 50


def test_as_many_empty_pages_as_are_borne_do_not_end_a_list(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.answer("ListAccounts", '{"Accounts": [], "NextToken": "one"}', times=1)
    with pytest.raises((Refused, UnexpectedAnswer)):  # the stand-in does not know that token: it was followed
        read_snapshot(open_session(role))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x" * 129, "Name of {} has 129 characters, and 128 are the most"), ("", "Name of {} is missing")],
)
def test_an_impossible_name_is_told_with_the_account_and_the_field(
    aws: RunningAws, role: RoleCredentials, name: str, expected: str
) -> None:
    made = aws.organization.create_account("Odd")
    made.name = name
    with pytest.raises((UnexpectedAnswer, IncompleteAnswer)) as failed:
        read_snapshot(open_session(role))
    assert expected.format(made.id) in failed.value.sentence
    unit = aws.organization.create_unit("Odd")
    made.name, unit.name = "Even", name
    with pytest.raises((UnexpectedAnswer, IncompleteAnswer)) as failed:
        read_snapshot(open_session(role))
    assert expected.format(unit.id) in failed.value.sentence


def test_an_impossible_id_is_told_with_the_name(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.answer("ListAccounts", '{"Accounts": [{"Id": "12", "Name": "Odd", "State": "ACTIVE"}]}')
    with pytest.raises(UnexpectedAnswer, match="Id of Odd is '12', which is not such an id"):
        read_snapshot(open_session(role))


def test_empty_pages_do_not_end_a_list(aws: RunningAws, role: RoleCredentials) -> None:
    for number in range(45):
        aws.organization.create_account(f"Account {number}", parent="")
    whole = read_snapshot(open_session(role))
    aws.wire.empty_page_every = 1
    assert read_snapshot(open_session(role)) == whole
    assert len(whole.accounts) == 46


@pytest.mark.parametrize("has_paths", [True, False])
def test_a_unit_with_accounts_on_many_pages_is_read_whole(
    aws: RunningAws, role: RoleCredentials, has_paths: bool
) -> None:
    aws.wire.has_paths = has_paths
    unit = aws.organization.create_unit("Big")
    ids = {aws.organization.create_account(f"Account {number}", parent=unit.id).id for number in range(41)}
    placed = parents(read_snapshot(open_session(role)))
    assert {account_id for account_id, parent_id in placed.items() if parent_id == unit.id} == ids


def deep_tree(aws: RunningAws) -> list[str]:
    """One unit on each of the five levels, an account in each; returns the ids of the units."""
    line = [""]
    for level in range(1, 6):
        line.append(aws.organization.create_unit(f"Level {level}", parent=line[-1]).id)
        aws.organization.create_account(f"Account {level}", parent=line[-1])
    return line[1:]


def test_the_best_way_takes_one_call_for_each_page_and_each_unit_above_the_fifth_level(
    aws: RunningAws, role: RoleCredentials
) -> None:
    deepest = deep_tree(aws)[-1]
    session = open_session(role)
    aws.calls.clear()
    read_snapshot(session)
    listed = [call.parameters["ParentId"] for call in aws.calls if "ParentId" in call.parameters]
    assert deepest not in listed
    assert len(listed) == len(set(listed)) == 5
    assert len(aws.calls) == 5 + 4  # GetCallerIdentity, DescribeOrganization, ListRoots, ListAccounts


def test_the_number_of_calls_is_that_of_pages_and_units_at_any_size(aws: RunningAws, role: RoleCredentials) -> None:
    for units, accounts in ((7, 45), (19, 130)):
        while len(aws.organization.units) < units:
            top = aws.organization.create_unit(f"Unit {len(aws.organization.units)}")
            aws.organization.create_unit("Inner", parent=top.id)
        while len(aws.organization.accounts) < accounts:
            inner = list(aws.organization.units)[len(aws.organization.accounts) % units]
            aws.organization.create_account("Account", parent=inner)
        session = open_session(role)
        aws.calls.clear()
        read_snapshot(session)
        pages, lists = -(-len(aws.organization.accounts) // 20), len(aws.organization.units) + 1
        assert len(aws.calls) <= 1.05 * (pages + lists + 3)
        assert aws.calls.count("ListRoots") == 1  # AWS allows one a second


def test_without_paths_each_unit_is_asked_for_its_accounts(aws: RunningAws, role: RoleCredentials) -> None:
    deep_tree(aws)
    with_paths = read_snapshot(open_session(role))
    aws.wire.has_paths = False
    assert read_snapshot(open_session(role)) == with_paths
    assert aws.calls.count("ListAccountsForParent") == 6


def test_an_account_that_moves_while_it_is_read_is_in_one_place(aws: RunningAws, role: RoleCredentials) -> None:
    old, new = aws.organization.create_unit("Old"), aws.organization.create_unit("New")
    accounts = [aws.organization.create_account(f"Account {number}", parent=old.id) for number in range(45)]
    moving = max(account.id for account in accounts)
    aws.faults.after_call("ListAccounts", 1, lambda: aws.organization.move(moving, new.id))
    assert parents(read_snapshot(open_session(role)))[moving] == new.id


def test_without_paths_a_move_in_the_middle_is_noticed_and_read_again(aws: RunningAws, role: RoleCredentials) -> None:
    old, new = aws.organization.create_unit("Old"), aws.organization.create_unit("New")
    account = aws.organization.create_account("Alpha", parent=old.id)
    aws.wire.has_paths = False
    aws.faults.after_call("ListAccounts", 1, lambda: aws.organization.remove(account.id))
    assert account.id not in parents(read_snapshot(open_session(role)))
    assert aws.calls.count("ListAccounts") == 2
    assert new.id in {folder.source_id for folder in read_snapshot(open_session(role)).folders}


def test_without_paths_lists_that_never_agree_fail_the_read(aws: RunningAws, role: RoleCredentials) -> None:
    account = aws.organization.create_account("Alpha", parent="")
    aws.wire.has_paths = False
    aws.faults.answer("ListAccountsForParent", '{"Accounts": []}')
    with pytest.raises(ChangedWhileReading, match="2 accounts are not in both lists") as changed:
        read_snapshot(open_session(role))
    assert min(account.id, aws.organization.management_account_id) in str(changed.value)
    assert aws.calls.count("ListAccounts") == 2


def test_a_unit_made_after_its_parent_was_asked_is_found_through_the_paths(
    aws: RunningAws, role: RoleCredentials
) -> None:
    parent = aws.organization.create_unit("Parent")
    aws.faults.answer("ListOrganizationalUnitsForParent", '{"OrganizationalUnits": []}', on=parent.id)
    child = aws.organization.create_unit("New", parent=parent.id)
    grandchild = aws.organization.create_unit("Newer", parent=child.id)
    account = aws.organization.create_account("Alpha", parent=grandchild.id)
    snapshot = read_snapshot(open_session(role))
    assert parents(snapshot)[account.id] == grandchild.id
    assert [folder.name for folder in snapshot.folders] == ["Root", "Parent", "New", "Newer"]
    assert aws.calls.count("DescribeOrganizationalUnit") == 2


def test_a_unit_that_vanishes_while_it_is_read_makes_us_read_again(aws: RunningAws, role: RoleCredentials) -> None:
    unit = aws.organization.create_unit("Short-lived")
    aws.faults.after_call("ListOrganizationalUnitsForParent", 1, lambda: aws.organization.delete_unit(unit.id))
    snapshot = read_snapshot(open_session(role))
    assert [folder.name for folder in snapshot.folders] == ["Root"]


def test_an_account_listed_in_two_places_is_asked_about_once_more(aws: RunningAws, role: RoleCredentials) -> None:
    unit = aws.organization.create_unit("Unit")
    account = aws.organization.create_account("Alpha", parent=unit.id)
    rows = [row(aws, aws.organization.management_account_id), row(aws, account.id), row(aws, account.id)]
    rows[2] = rows[2].replace(f"/{unit.id}/", "/")
    aws.faults.answer("ListAccounts", f'{{"Accounts": [{", ".join(rows)}]}}')
    assert parents(read_snapshot(open_session(role)))[account.id] == unit.id
    assert aws.calls.count("DescribeAccount") == 1


def row(aws: RunningAws, account_id: str) -> str:
    path = aws.organization.path(account_id)
    return f'{{"Id": "{account_id}", "Name": "A", "State": "ACTIVE", "JoinedTimestamp": 1, "Paths": ["{path}"]}}'


def test_a_list_without_the_management_account_is_incomplete(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.answer("ListAccounts", '{"Accounts": []}')
    with pytest.raises(IncompleteAnswer, match=f"management account {aws.organization.management_account_id}"):
        read_snapshot(open_session(role))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"Id": "12345", "Name": "A", "State": "ACTIVE", "JoinedTimestamp": 1}', "Id of A is '12345'"),
        ('{"Id": "111122223333", "Name": "A", "State": "ACTIVE", "JoinedTimestamp": 1, "Paths": ["x"]}', "is 'x'"),
        (
            '{"Id": "111122223333", "Name": "A", "State": "ACTIVE", "JoinedTimestamp": 1,'
            ' "Paths": ["o-aaaaaaaaaa/r-aaaa/111122223333/"]}',
            "in another AWS organization",
        ),
        (
            '{"Id": "111122223333", "Name": "%s", "State": "ACTIVE", "JoinedTimestamp": 1}' % ("x" * 129),
            "Name of 111122223333 has 129 characters",
        ),
    ],
)
def test_an_impossible_row_is_refused(aws: RunningAws, role: RoleCredentials, answer: str, said: str) -> None:
    aws.faults.answer("ListAccounts", f'{{"Accounts": [{answer}]}}')
    with pytest.raises(UnexpectedAnswer, match=said):
        read_snapshot(open_session(role))


@pytest.mark.parametrize("missing", ["Id", "Name", "State", "JoinedTimestamp"])
def test_a_row_without_one_of_its_parts_is_incomplete(aws: RunningAws, role: RoleCredentials, missing: str) -> None:
    cut = row(aws, aws.organization.management_account_id).replace(f'"{missing}"', '"Else"')
    aws.faults.answer("ListAccounts", f'{{"Accounts": [{cut}]}}')
    with pytest.raises(IncompleteAnswer, match=f"{missing}"):
        read_snapshot(open_session(role))


def test_a_page_token_that_comes_twice_is_refused(aws: RunningAws, role: RoleCredentials) -> None:
    aws.faults.answer("ListAccounts", '{"Accounts": [], "NextToken": "again"}')
    with pytest.raises(UnexpectedAnswer, match="the same page token came twice"):
        read_snapshot(open_session(role))


def test_a_unit_in_two_places_is_refused(aws: RunningAws, role: RoleCredentials) -> None:
    first, second = aws.organization.create_unit("First"), aws.organization.create_unit("Second")
    child = aws.organization.create_unit("Child", parent=first.id)
    body = f'{{"OrganizationalUnits": [{{"Id": "{child.id}", "Name": "Child"}}]}}'
    aws.faults.answer("ListOrganizationalUnitsForParent", body, on=second.id)
    with pytest.raises(UnexpectedAnswer, match=f"{child.id} is in two places"):
        read_snapshot(open_session(role))

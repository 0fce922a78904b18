"""Where an account is: what its paths say, what is refused of them, and what is asked instead."""

import json

import pytest

from integrations.aws.discovery.read import read_snapshot
from integrations.aws.errors import ChangedWhileReading, UnexpectedAnswer
from integrations.aws.session import RoleCredentials, open_session
from tests.contract.test_reading import parents, row
from tests.fakes.aws import RunningAws


@pytest.mark.parametrize("places", [0, 2])
def test_an_account_of_which_aws_does_not_say_one_place_fails_the_read(
    aws: RunningAws, role: RoleCredentials, places: int
) -> None:
    unit = aws.organization.create_unit("Unit")
    account = aws.organization.create_account("Alpha", parent=unit.id)
    one = json.loads(row(aws, account.id))
    other = {**one, "Paths": [one["Paths"][0].replace(f"/{unit.id}/", "/")]}
    management = json.loads(row(aws, aws.organization.management_account_id))
    aws.faults.answer("ListAccounts", json.dumps({"Accounts": [management, one, other]}))
    told = {**one, "Paths": (one["Paths"] + other["Paths"])[:places]}
    aws.faults.answer("DescribeAccount", json.dumps({"Account": told}))
    with pytest.raises(ChangedWhileReading, match=f"is in {places} places"):
        read_snapshot(open_session(role))


def test_one_account_without_a_path_is_enough_to_ask_every_unit(aws: RunningAws, role: RoleCredentials) -> None:
    unit = aws.organization.create_unit("Unit")
    account = aws.organization.create_account("Alpha", parent=unit.id)
    rows = [json.loads(row(aws, it)) for it in (aws.organization.management_account_id, account.id)]
    del rows[1]["Paths"]
    aws.faults.answer("ListAccounts", json.dumps({"Accounts": rows}))
    assert parents(read_snapshot(open_session(role)))[account.id] == unit.id
    assert aws.calls.count("ListAccountsForParent") == 2


def test_a_path_that_puts_a_unit_elsewhere_is_refused_because_units_never_move(
    aws: RunningAws, role: RoleCredentials
) -> None:
    outer, inner = aws.organization.create_unit("Outer"), aws.organization.create_unit("Inner")
    account = aws.organization.create_account("Alpha", parent=inner.id)
    moved = json.loads(row(aws, account.id))
    moved["Paths"] = [moved["Paths"][0].replace(f"/{inner.id}/", f"/{outer.id}/{inner.id}/")]
    rows = [json.loads(row(aws, aws.organization.management_account_id)), moved]
    aws.faults.answer("ListAccounts", json.dumps({"Accounts": rows}))
    with pytest.raises(UnexpectedAnswer, match="AWS does not move units"):
        read_snapshot(open_session(role))


@pytest.mark.parametrize(
    "form",
    [
        "{org}/{root}/{id}",
        "{org}/{root}/Unit/{id}/",
        "{org}/{root}/111122223333/",
        "/{org}/{root}/{id}/",
        "{root}/{id}/",
    ],
)
def test_a_path_of_another_form_is_refused(aws: RunningAws, role: RoleCredentials, form: str) -> None:
    organization = aws.organization
    only = json.loads(row(aws, organization.management_account_id))
    path = form.format(org=organization.id, root=organization.root_id, id=organization.management_account_id)
    aws.faults.answer("ListAccounts", json.dumps({"Accounts": [{**only, "Paths": [path]}]}))
    with pytest.raises(UnexpectedAnswer, match="the path of"):
        read_snapshot(open_session(role))


@pytest.mark.parametrize("has_paths", [True, False])
def test_the_management_account_may_be_in_a_unit(aws: RunningAws, role: RoleCredentials, has_paths: bool) -> None:
    aws.wire.has_paths = has_paths
    unit = aws.organization.create_unit("Core")
    aws.organization.move(aws.organization.management_account_id, unit.id)
    assert parents(read_snapshot(open_session(role))) == {aws.organization.management_account_id: unit.id}


def test_account_ids_keep_their_leading_zeros(aws: RunningAws, role: RoleCredentials) -> None:
    aws.organization.create_account("Zero", account_id="000000000012")
    assert "000000000012" in parents(read_snapshot(open_session(role)))


def test_an_answer_about_another_account_places_nothing(aws: RunningAws, role: RoleCredentials) -> None:
    unit = aws.organization.create_unit("Unit")
    account, other = (aws.organization.create_account(name, parent=unit.id) for name in ("Alpha", "Beta"))
    management = aws.organization.management_account_id
    rows = [json.loads(row(aws, it)) for it in (management, account.id, account.id, other.id)]
    rows[2]["Paths"] = [rows[2]["Paths"][0].replace(f"/{unit.id}/", "/")]
    aws.faults.answer("ListAccounts", json.dumps({"Accounts": rows}))
    aws.faults.answer("DescribeAccount", json.dumps({"Account": rows[3]}))
    with pytest.raises(UnexpectedAnswer, match=f"DescribeAccount for {account.id} .* it is about {other.id}"):
        read_snapshot(open_session(role))


def test_an_answer_about_another_unit_names_nothing(aws: RunningAws, role: RoleCredentials) -> None:
    unit, other = aws.organization.create_unit("Unit"), aws.organization.create_unit("Other")
    aws.organization.create_account("Alpha", parent=unit.id)
    aws.faults.answer("ListOrganizationalUnitsForParent", '{"OrganizationalUnits": []}')
    aws.faults.answer(
        "DescribeOrganizationalUnit", f'{{"OrganizationalUnit": {{"Id": "{other.id}", "Name": "Other"}}}}'
    )
    with pytest.raises(UnexpectedAnswer, match=f"{unit.id} .* it is about {other.id}"):
        read_snapshot(open_session(role))

"""Each change is told once, in the shapes of CloudTrail, with the ids by which it can be looked up."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.aws import AwsOrganization, new_organization
from tests.fakes.aws.events import API_CALL, SERVICE_EVENT, events_of
from tests.fakes.aws.organization import Change

Act = Callable[[AwsOrganization], object]


@pytest.fixture
def told(organization: AwsOrganization) -> list[Change]:
    heard: list[Change] = []
    organization.listeners.append(heard.append)
    return heard


def detail_of(change: Change, name: str) -> dict[str, Any]:
    (event,) = [each for each in events_of(change) if each["detail"]["eventName"] == name]
    return dict(event["detail"])


@pytest.mark.parametrize(
    ("act", "names"),
    [
        (lambda it: it.create_account("new"), ["CreateAccount", "CreateAccountResult"]),
        (lambda it: it.create_account("new", parent="Prod"), ["CreateAccount", "CreateAccountResult", "MoveAccount"]),
        (lambda it: it.create_account("new", joined_method="INVITED"), ["AcceptHandshake"]),
        (lambda it: it.close("web"), ["CloseAccount"]),
        (lambda it: it.close("web", now=True), ["CloseAccount", "CloseAccountResult"]),
        (lambda it: it.move("web", "Root"), ["MoveAccount"]),
        (lambda it: it.rename("web", "website"), ["PutAccountName"]),
        (lambda it: it.remove("web"), ["RemoveAccountFromOrganization"]),
        (lambda it: it.remove("web", by_member=True), ["LeaveOrganization"]),
        (lambda it: it.create_unit("New", parent="Prod"), ["CreateOrganizationalUnit"]),
        (lambda it: it.rename("Prod", "Live"), ["UpdateOrganizationalUnit"]),
        (lambda it: it.suspend("web"), []),
    ],
)
def test_a_change_is_told_once_by_the_events_that_aws_sends_of_it(
    organization: AwsOrganization, told: list[Change], act: Act, names: list[str]
) -> None:
    act(organization)
    (change,) = told
    events = events_of(change)
    assert [event["detail"]["eventName"] for event in events] == names
    assert events_of(change) == events
    assert len({event["id"] for event in events}) == len(names)
    for event in events:
        assert json.loads(json.dumps(event)) == event
        assert event["account"] == organization.management_account_id
        assert event["detail-type"] == (SERVICE_EVENT if event["detail"]["eventName"].endswith("Result") else API_CALL)
        assert event["detail"]["eventSource"] == event["source"].removeprefix("aws.") + ".amazonaws.com"


def test_what_changes_nothing_or_is_refused_is_not_told(organization: AwsOrganization, told: list[Change]) -> None:
    organization.move("web", "Prod")
    organization.reactivate("web")
    with pytest.raises(Exception, match="not empty"):
        organization.delete_unit("Prod")
    assert told == []


def test_an_event_says_which_account_it_is_about(organization: AwsOrganization, told: list[Change]) -> None:
    web, prod = organization.find_account("web").id, organization.find_parent("Prod")
    organization.move("web", "Root")
    organization.close("web", now=True)
    organization.remove("web", by_member=True)
    moved, closed, left = told
    assert detail_of(moved, "MoveAccount")["requestParameters"] == {
        "accountId": web,
        "sourceParentId": prod,
        "destinationParentId": organization.root_id,
    }
    assert detail_of(closed, "CloseAccount")["requestParameters"] == {"accountId": web}
    status = detail_of(closed, "CloseAccountResult")["serviceEventDetails"]["closeAccountStatus"]
    assert (status["accountId"], status["state"]) == (web, "SUCCEEDED")
    assert detail_of(left, "LeaveOrganization")["userIdentity"]["accountId"] == web


def test_a_new_account_is_named_only_once_it_is_made(organization: AwsOrganization, told: list[Change]) -> None:
    made = organization.create_account("new").id
    invited = organization.create_account("invited", joined_method="INVITED").id
    asked = detail_of(told[0], "CreateAccount")["responseElements"]["createAccountStatus"]
    done = detail_of(told[0], "CreateAccountResult")["serviceEventDetails"]["createAccountStatus"]
    assert "accountId" not in asked
    assert (done["id"], done["accountId"], done["accountName"]) == (asked["id"], made, "****")
    parties = detail_of(told[1], "AcceptHandshake")["responseElements"]["handshake"]["parties"]
    assert {"id": invited, "type": "ACCOUNT"} in parties


def test_an_event_says_which_ou_it_is_about(organization: AwsOrganization, told: list[Change]) -> None:
    unit = organization.create_unit("New", parent="Workloads")
    organization.rename(unit.id, "Newer")
    organization.delete_unit(unit.id)
    made, renamed, deleted = told
    created = detail_of(made, "CreateOrganizationalUnit")
    assert created["responseElements"]["organizationalUnit"]["id"] == unit.id
    assert created["requestParameters"] == {"parentId": unit.parent_id, "name": "New"}
    asked = {"organizationalUnitId": unit.id, "name": "Newer"}
    assert detail_of(renamed, "UpdateOrganizationalUnit")["requestParameters"] == asked
    assert detail_of(deleted, "DeleteOrganizationalUnit")["requestParameters"] == {"organizationalUnitId": unit.id}


def test_the_management_account_does_not_name_itself_when_it_is_renamed(
    organization: AwsOrganization, told: list[Change]
) -> None:
    organization.rename(organization.management_account_id, "Payer")
    organization.rename("web", "website")
    own, other = (detail_of(change, "PutAccountName") for change in told)
    assert "accountId" not in own["requestParameters"]
    assert own["userIdentity"]["accountId"] == organization.management_account_id
    assert other["requestParameters"]["accountId"] == organization.find_account("website").id


def test_events_come_in_the_home_region_of_the_partition() -> None:
    gov = new_organization("gov", partition="aws-us-gov")
    heard: list[Change] = []
    gov.listeners.append(heard.append)
    gov.create_unit("One")
    assert events_of(heard[0])[0]["region"] == "us-gov-west-1"

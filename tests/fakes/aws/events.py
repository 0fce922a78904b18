"""The events by which EventBridge tells of changes in an AWS organization, in the shapes that CloudTrail gives them.

AWS tells the home Region of the management account, and nothing of what it did itself: it sends no event when it
suspends an account or lets it work again. Names of accounts are hidden, as they are in CloudTrail.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.aws.operations import arn
from tests.fakes.aws.organization import Account, Change, letters
from tests.fakes.aws.template import REGIONS

Event = dict[str, Any]
Members = dict[str, Any]

API_CALL = "AWS API Call via CloudTrail"
SERVICE_EVENT = "AWS Service Event via CloudTrail"
HIDDEN = "****"


def events_of(change: Change) -> list[Event]:
    """Return what EventBridge sends of one change, oldest first; the same events for the same change."""
    teller = _Teller(change)
    match change.before, change.after:
        case None, Account() as account:
            return _joined(teller, account)
        case Account() as account, None:
            return _left(teller, account)
        case Account() as before, Account() as after:
            return _account_changed(teller, before, after)
        case _, _:
            return _unit_changed(teller)


def scheduled_event(account_id: str, rule: str, *, partition: str, at: float) -> Event:
    """Return what a rule with a schedule sends each time."""
    region = REGIONS.get(partition, "us-east-1")
    event = _envelope("Scheduled Event", "aws.events", account_id, region, at, str(uuid.uuid4()))
    return {**event, "resources": [f"arn:{partition}:events:{region}:{account_id}:rule/{rule}"], "detail": {}}


def _envelope(kind: str, source: str, account_id: str, region: str, at: float, event_id: str) -> Event:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": kind,
        "source": source,
        "account": account_id,
        "time": _time(at),
        "region": region,
        "resources": [],
        "detail": {},
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _long_time(at: float) -> str:
    """Return a moment as AWS Organizations writes it inside of events."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


@dataclass(frozen=True, slots=True)
class _Teller:
    """Words the events of one change."""

    change: Change

    def call(
        self, name: str, parameters: Members | None, answer: Members | None = None, *, by: str = "", at: str = ""
    ) -> Event:
        """Return the event of a call to AWS Organizations, or to the service ``at``; ``by`` another account."""
        organization = self.change.organization
        caller = by or organization.management_account_id
        detail = {
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:admin",
                "arn": f"arn:{organization.partition}:sts::{caller}:assumed-role/Admin/admin",
                "accountId": caller,
            },
            "requestParameters": parameters,
            "responseElements": answer,
            "eventType": "AwsApiCall",
            "recipientAccountId": caller,
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "console.amazonaws.com",
        }
        return self._event(API_CALL, at or "organizations", name, detail)

    def result(self, name: str, details: Members) -> Event:
        """Return the event by which AWS Organizations tells how something ended that took a while."""
        management = self.change.organization.management_account_id
        detail = {
            "userIdentity": {"accountId": management, "invokedBy": "AWS Internal"},
            "requestParameters": None,
            "responseElements": None,
            "serviceEventDetails": details,
            "eventType": "AwsServiceEvent",
            "recipientAccountId": management,
            "sourceIPAddress": "AWS Internal",
            "userAgent": "AWS Internal",
        }
        return self._event(SERVICE_EVENT, "organizations", name, detail)

    def _event(self, kind: str, service: str, name: str, detail: Members) -> Event:
        change, organization = self.change, self.change.organization
        region = REGIONS.get(organization.partition, "us-east-1")
        seed = f"{organization.id}/{change.node.id}/{change.at}/{name}"
        common = {
            "eventVersion": "1.11",
            "eventTime": _time(change.at),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "requestID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{seed}/request")),
            "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{seed}/detail")),
            "readOnly": False,
            "managementEvent": True,
            "eventCategory": "Management",
        }
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, seed))
        envelope = _envelope(kind, f"aws.{service}", organization.management_account_id, region, change.at, event_id)
        return {**envelope, "detail": {**common, **detail}}


def _joined(teller: _Teller, account: Account) -> list[Event]:
    organization, at = teller.change.organization, teller.change.at
    if account.joined_method == "INVITED":
        handshake = {
            "id": f"h-{letters(account.id, 12)}",
            "state": "ACCEPTED",
            "action": "INVITE",
            "parties": [{"id": organization.id, "type": "ORGANIZATION"}, {"id": account.id, "type": "ACCOUNT"}],
        }
        events = [
            teller.call("AcceptHandshake", {"handshakeId": handshake["id"]}, {"handshake": handshake}, by=account.id)
        ]
    else:
        status: Members = {
            "id": f"car-{letters(account.id, 32)}",
            "state": "IN_PROGRESS",
            "accountName": HIDDEN,
            "requestedTimestamp": _long_time(at),
        }
        done = {**status, "state": "SUCCEEDED", "accountId": account.id, "completedTimestamp": _long_time(at)}
        asked = {"accountName": HIDDEN, "email": HIDDEN}
        events = [
            teller.call("CreateAccount", asked, {"createAccountStatus": status}),
            teller.result("CreateAccountResult", {"createAccountStatus": done}),
        ]
    if account.parent_id != organization.root_id:  # AWS puts every account into the root first
        events.append(_moved(teller, account.id, organization.root_id, account.parent_id))
    return events


def _left(teller: _Teller, account: Account) -> list[Event]:
    if teller.change.by_member:
        return [teller.call("LeaveOrganization", None, by=account.id)]
    return [teller.call("RemoveAccountFromOrganization", {"accountId": account.id})]


def _account_changed(teller: _Teller, before: Account, after: Account) -> list[Event]:
    if before.parent_id != after.parent_id:
        return [_moved(teller, after.id, before.parent_id, after.parent_id)]
    if before.name != after.name:
        is_own = after.id == teller.change.organization.management_account_id  # which cannot name itself
        asked = {"accountName": HIDDEN} if is_own else {"accountName": HIDDEN, "accountId": after.id}
        return [teller.call("PutAccountName", asked, at="account")]
    events = []
    if after.state in ("PENDING_CLOSURE", "CLOSED") and before.state not in ("PENDING_CLOSURE", "CLOSED"):
        events.append(teller.call("CloseAccount", {"accountId": after.id}))
    if after.state == "CLOSED" and before.state != "CLOSED":
        at = _long_time(teller.change.at)
        status = {"accountId": after.id, "state": "SUCCEEDED", "requestedTimestamp": at, "completedTimestamp": at}
        events.append(teller.result("CloseAccountResult", {"closeAccountStatus": status}))
    return events


def _moved(teller: _Teller, account_id: str, source: str, destination: str) -> Event:
    asked = {"accountId": account_id, "sourceParentId": source, "destinationParentId": destination}
    return teller.call("MoveAccount", asked)


def _unit_changed(teller: _Teller) -> list[Event]:
    change, unit = teller.change, teller.change.node
    if change.after is None:
        return [teller.call("DeleteOrganizationalUnit", {"organizationalUnitId": unit.id})]
    shown = {"id": unit.id, "arn": arn(change.organization, "ou", unit.id), "name": unit.name}
    answer = {"organizationalUnit": shown}
    if change.before is None:
        return [teller.call("CreateOrganizationalUnit", {"parentId": unit.parent_id, "name": unit.name}, answer)]
    return [teller.call("UpdateOrganizationalUnit", {"organizationalUnitId": unit.id, "name": unit.name}, answer)]

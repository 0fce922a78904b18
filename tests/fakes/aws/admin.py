"""The stand-in's own door, for its command line and for tests in other processes; from this machine only."""

import ipaddress
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from tests.fakes.aws import commands
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.organization import AwsOrganization, StandInError
from tests.fakes.aws.signature import Request
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.wire import Response
from tests.fakes.aws.world import World

PREFIX = "/_stand-in/"


def respond(stand_in: StandIn, request: Request, client: str) -> Response:
    """Answer ``POST command`` and ``GET health|show|tree|calls|events`` with JSON."""
    if not ipaddress.ip_address(client).is_loopback:
        return _json(403, {"error": "The stand-in's own door opens from its own machine only."})
    what = request.path.removeprefix(PREFIX)
    if request.method == "POST" and what == "command":
        return _command(stand_in, request)
    if request.method == "GET" and what == "health":
        return _json(200, {"ok": True})
    if request.method == "GET" and what == "show":
        return _json(200, show(stand_in.world))
    if request.method == "GET" and what == "tree":
        return _json(200, {"text": "\n\n".join(tree(item) for item in stand_in.world.organizations)})
    if request.method == "GET" and what == "calls":
        return _json(200, {"calls": dict(Counter(stand_in.calls.operations()))})
    if request.method == "GET" and what == "events":
        return _json(200, {"sent": [asdict(each) for each in tuple(stand_in.bus.sent)]})
    return _json(404, {"error": f"There is nothing at {request.path}."})


def _command(stand_in: StandIn, request: Request) -> Response:
    try:
        asked = json.loads(request.body)
        return _json(200, {"said": commands.run(stand_in, asked["command"], asked["arguments"])})
    except StandInError as error:
        return _json(400, {"error": str(error)})
    except (ValueError, KeyError, TypeError) as error:
        return _json(400, {"error": f"The command is not complete: {error!r}."})


def _json(status: int, members: dict[str, Any]) -> Response:
    return Response(status, json.dumps(members).encode(), {"Content-Type": "application/json"})


def show(world: World) -> dict[str, Any]:
    """Return what somebody needs to use the stand-in: AWS organizations, our own key pair, all other key pairs."""
    vendor = [key for key in world.iam.keys.values() if key.principal_arn == VENDOR_ROLE_ARN]
    return {
        "organizations": [
            {
                "label": item.label,
                "id": item.id,
                "partition": item.partition,
                "root": item.root_id,
                "management_account": item.management_account_id,
                "accounts": len(item.accounts),
                "ous": len(item.units),
            }
            for item in world.organizations
        ],
        "vendor": {
            "PIPES_AWS_PRINCIPAL_ARN": VENDOR_ROLE_ARN,
            "AWS_ACCESS_KEY_ID": vendor[0].id if vendor else "",
            "AWS_SECRET_ACCESS_KEY": vendor[0].secret if vendor else "",
        },
        "keys": [
            {"principal": key.principal_arn, "access_key": key.id, "secret_key": key.secret}
            for key in world.iam.keys.values()
            if key not in vendor
        ],
        "roles": sorted(set(world.iam.roles) - {VENDOR_ROLE_ARN}),
        "stack_sets": [{"name": item.name, "targets": item.targets} for item in world.iam.stack_sets],
    }


def tree(organization: AwsOrganization) -> str:
    """Return the AWS organization as indented lines: OUs with a slash, accounts with their id and state."""
    lines = [f"{organization.label} {organization.id} (management account {organization.management_account_id})"]

    def add(parent_id: str, name: str, depth: int) -> None:
        lines.append(f"{'  ' * depth}{name}/  {parent_id}")
        for account_id in organization.accounts_in(parent_id):
            account = organization.accounts[account_id]
            state = "" if account.state == "ACTIVE" else f"  {account.state}"
            lines.append(f"{'  ' * (depth + 1)}{account.name}  {account.id}{state}")
        for unit_id in organization.units_in(parent_id):
            add(unit_id, organization.units[unit_id].name, depth + 1)

    add(organization.root_id, "Root", 0)
    return "\n".join(lines)

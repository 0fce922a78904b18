"""What the command line can do to a running stand-in; every command answers with a sentence."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.aws.faults import Fault
from tests.fakes.aws.organization import Account, AwsOrganization, StandInError, Unit
from tests.fakes.aws.policy import Policy, reading_organizations, trusting
from tests.fakes.aws.standin import StandIn

Arguments = Mapping[str, Any]

_IDS = re.compile(r"\b(?:r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|[0-9]{12})\b")


def run(stand_in: StandIn, command: str, arguments: Arguments) -> str:
    """Carry out one command and keep the result; raises ``StandInError`` with the reason where it cannot."""
    if command not in COMMANDS:
        raise StandInError(f"There is no command {command!r}.")
    with stand_in.lock:
        said = COMMANDS[command](stand_in, arguments)
        stand_in.keep()
    return said


def home_of(stand_in: StandIn, arguments: Arguments, *names: str) -> AwsOrganization:
    """Return the AWS organization that is meant: the one named, else the only one that knows all the names."""
    organizations = stand_in.world.organizations
    if arguments.get("organization"):
        return stand_in.world.organization_named(arguments["organization"])
    wanted = [name for name in names if name and name != "Root"]
    homes = [item for item in organizations if all(_knows(item, name) for name in wanted)]
    if not homes:
        raise StandInError(f"No AWS organization has {' and '.join(map(repr, wanted))}.")
    if len(homes) > 1 and wanted:
        labels = ", ".join(item.label for item in homes)
        raise StandInError(f"{wanted[0]!r} is in several AWS organizations ({labels}): add --organization LABEL.")
    return homes[0]


def _knows(organization: AwsOrganization, name: str) -> bool:
    nodes: tuple[Account | Unit, ...] = (*organization.accounts.values(), *organization.units.values())
    return name == organization.root_id or any(name in (node.id, node.name) for node in nodes)


def _called(node: Account | Unit) -> str:
    return f"{node.name} ({node.id})"


def _move(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments["account"], arguments["parent"])
    account = organization.move(arguments["account"], arguments["parent"])
    return f"Moved {_called(account)} to {arguments['parent']}."


def _rename(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments["node"])
    return f"Renamed {arguments['node']} to {_called(organization.rename(arguments['node'], arguments['name']))}."


def _create(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments.get("parent", ""))
    account = organization.create_account(arguments["name"], parent=arguments.get("parent", ""))
    return f"Created the account {_called(account)} in {account.parent_id}."


def _create_ou(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments.get("parent", ""))
    unit = organization.create_unit(arguments["name"], parent=arguments.get("parent", ""))
    return f"Created the OU {_called(unit)} in {unit.parent_id}."


def _delete_ou(stand_in: StandIn, arguments: Arguments) -> str:
    return f"Deleted the OU {home_of(stand_in, arguments, arguments['ou']).delete_unit(arguments['ou'])}."


def _close(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments["account"])
    account = organization.close(arguments["account"], now=bool(arguments.get("now")))
    return f"{_called(account)} is {account.state}."


def _suspend(stand_in: StandIn, arguments: Arguments) -> str:
    return f"Suspended {_called(home_of(stand_in, arguments, arguments['account']).suspend(arguments['account']))}."


def _reactivate(stand_in: StandIn, arguments: Arguments) -> str:
    account = home_of(stand_in, arguments, arguments["account"]).reactivate(arguments["account"])
    return f"{_called(account)} is ACTIVE again."


def _remove(stand_in: StandIn, arguments: Arguments) -> str:
    account = home_of(stand_in, arguments, arguments["account"]).remove(arguments["account"])
    return f"{_called(account)} is no longer in its AWS organization."


def _delegate(stand_in: StandIn, arguments: Arguments) -> str:
    account = home_of(stand_in, arguments, arguments["account"]).delegate(arguments["account"])
    return f"{_called(account)} is a delegated administrator."


def _policies(arguments: Arguments) -> list[Policy]:
    return [arguments["policy"]] if arguments.get("policy") else [reading_organizations()]


def _create_role(stand_in: StandIn, arguments: Arguments) -> str:
    organization = home_of(stand_in, arguments, arguments["account"])
    account = organization.find_account(arguments["account"])
    trust = trusting(arguments["trust"], arguments.get("external_id"))
    role = stand_in.world.iam.create_role(
        account.id, arguments["name"], trust, *_policies(arguments), partition=organization.partition
    )
    return f"Created {role.arn}."


def _delete_role(stand_in: StandIn, arguments: Arguments) -> str:
    stand_in.world.iam.delete_role(arguments["arn"])
    return f"Deleted {arguments['arn']}."


def _create_key(stand_in: StandIn, arguments: Arguments) -> str:
    organization, iam = home_of(stand_in, arguments, arguments["account"]), stand_in.world.iam
    account = organization.find_account(arguments["account"])
    user = iam.create_user(account.id, arguments["user"], *_policies(arguments), partition=organization.partition)
    key = iam.create_key(user.arn)
    return f"{user.arn} has the access key {key.id} with the secret key {key.secret}"


def _aimed_at(stand_in: StandIn, template: str) -> str:
    """Find a root, an OU or an account of ours that a template names; empty where it names none, as one role does."""
    named = _IDS.findall(template)
    known = (name for name in named if any(_knows(item, name) for item in stand_in.world.organizations))
    return next(known, "")


def _deploy(stand_in: StandIn, arguments: Arguments) -> str:
    aim = arguments.get("account") or _aimed_at(stand_in, arguments["template"])
    organization = home_of(stand_in, arguments, aim)
    account_id = organization.find_account(arguments["account"]).id if arguments.get("account") else ""
    made = stand_in.world.deploy(
        arguments["template"],
        organization,
        account_id=account_id,
        parameters=arguments.get("parameters"),
        stack_name=arguments["stack"],
    )
    lines = [f"Created {role.arn}." for role in made.roles]
    lines += [f"Created the stack set {item.name} in {', '.join(item.targets)}." for item in made.stack_sets]
    lines += [f"{name}: {value}" for name, value in made.outputs.items()]
    lines += [f"Events of {organization.label} go to {address}." for address in {item.endpoint for item in made.rules}]
    return "\n".join(lines)


def _faults(stand_in: StandIn, arguments: Arguments) -> str:
    faults = stand_in.faults
    match arguments["what"]:
        case "clear":
            faults.clear()
        case "latency":
            faults.latency = float(arguments["seconds"])
        case "lag":
            faults.catch_up()
            faults.lag(seconds=float(arguments["seconds"]), lists=True)
        case "throttle" if arguments.get("operation"):
            faults.throttle(arguments["operation"], float(arguments["rate"]), float(arguments["burst"]))
        case "throttle":
            faults.throttle_as_published()
        case "show":
            pass
        case "expire-sessions":
            stand_in.expire_sessions()
        case "plan":
            faults.planned.append(Fault(**arguments["fault"]))
        case what:
            raise StandInError(f"There is no fault {what!r}.")
    return f"Latency {faults.latency:g} s; throttled: {json.dumps(faults.rates)}; planned: {len(faults.planned)}."


def _wire(stand_in: StandIn, arguments: Arguments) -> str:
    wire = stand_in.world.wire
    wire.states = arguments.get("states") or wire.states
    if arguments.get("paths") is not None:
        wire.has_paths = bool(arguments["paths"])
    if arguments.get("empty_page_every") is not None:
        wire.empty_page_every = int(arguments["empty_page_every"])
    return f"States: {wire.states}; Paths: {wire.has_paths}; an empty page every: {wire.empty_page_every or 'never'}."


COMMANDS: dict[str, Callable[[StandIn, Arguments], str]] = {
    "move": _move,
    "rename": _rename,
    "create": _create,
    "create-ou": _create_ou,
    "delete-ou": _delete_ou,
    "close": _close,
    "suspend": _suspend,
    "reactivate": _reactivate,
    "remove": _remove,
    "delegate": _delegate,
    "create-role": _create_role,
    "delete-role": _delete_role,
    "create-key": _create_key,
    "deploy": _deploy,
    "faults": _faults,
    "wire": _wire,
}

"""Everything the stand-in knows: AWS organizations, the IAM of all accounts, and how it words its answers.

It is kept in one JSON file. Sessions of assumed roles are not in it: their tokens carry everything, as real ones do.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.aws import template
from tests.fakes.aws.event_rules import EventRule
from tests.fakes.aws.iam import VENDOR_ACCOUNT_ID, AccessKey, Iam, Role, StackSet, User
from tests.fakes.aws.organization import Account, AwsOrganization, StandInError, Unit
from tests.fakes.aws.policy import allowing, trusting


@dataclass(slots=True)
class Wire:
    """How answers are worded; the defaults are what AWS sends since September 2026.

    ``states`` is "state" (``State`` only), "both", or "status" (``Status`` only). ``has_paths`` switches ``Paths`` and
    ``Path``. Pages hold at most ``page_size``; before each ``empty_page_every``-th comes an empty one with a NextToken
    (0: never). After ``empty_after`` pages of a list all are empty, without end (0: never).
    """

    states: str = "state"
    has_paths: bool = True
    empty_page_every: int = 0
    empty_after: int = 0
    page_size: int = 20


@dataclass
class World:
    """The whole state of the stand-in."""

    organizations: list[AwsOrganization] = field(default_factory=list)
    iam: Iam = field(default_factory=Iam)
    wire: Wire = field(default_factory=Wire)
    session_key: str = field(default_factory=lambda: secrets.token_hex(32))
    rules: list[EventRule] = field(default_factory=list)
    stack_parameters: dict[str, dict[str, str]] = field(default_factory=dict)  # as given, by account and stack
    rule_listeners: list[Callable[[], object]] = field(default_factory=list)  # each hears that there are other rules

    def organization_of(self, account_id: str) -> AwsOrganization | None:
        """Return the AWS organization that holds an account now, if any."""
        return next((org for org in self.organizations if account_id in org.accounts), None)

    def organization_named(self, label_or_id: str) -> AwsOrganization:
        """Return an AWS organization by its id or its label."""
        for organization in self.organizations:
            if label_or_id in (organization.id, organization.label):
                return organization
        raise StandInError(f"There is no AWS organization {label_or_id!r}.")

    def role(self, arn: str) -> Role | None:
        """Return a role, made by hand or put there by a stack set."""
        return self.iam.roles.get(arn) or next((role for role in self._stack_set_roles(arn) if role.arn == arn), None)

    def _stack_set_roles(self, arn: str) -> Iterable[Role]:
        account_id = arn.split(":")[4] if arn.count(":") >= 5 else ""
        organization = self.organization_of(account_id)
        if organization is None:
            return
        for stack_set in self.iam.stack_sets:  # a second one finds the role made, and fails in that account
            if stack_set.organization_id == organization.id and covers(stack_set, organization, account_id):
                yield from template.deploy(
                    stack_set.template, stack_set.parameters, account_id, organization.partition
                ).roles

    def deploy(
        self,
        text: str,
        organization: AwsOrganization,
        *,
        account_id: str = "",
        parameters: dict[str, str] | None = None,
        stack_name: str = "pipes",
    ) -> template.Deployment:
        """Create what a CloudFormation template describes, in the management account unless told otherwise.

        A second deployment under the same ``stack_name`` replaces what the first made; a stack that would make a role
        which exists and is not its own is refused as a whole, as CloudFormation does.
        """
        account_id = account_id or organization.management_account_id
        stack = f"{account_id}/{stack_name}"
        deployment = template.deploy(
            text,
            parameters or {},
            account_id,
            organization.partition,
            stack_name=stack_name,
            before=self.stack_parameters.get(stack),
        )
        for role in deployment.roles:
            known = self.iam.roles.get(role.arn)
            if known is not None and known.stack != stack_name:
                raise StandInError(f"{role.name} already exists in the account {account_id}; nothing was created.")
        for role in deployment.roles:
            role.stack = stack_name
            self.iam.put_role(role)
        for described in deployment.stack_sets:
            self._put_stack_set(described, organization, account_id)
        self._put_rules(deployment.rules, account_id, stack_name)
        self.stack_parameters[stack] = {**self.stack_parameters.get(stack, {}), **(parameters or {})}
        return deployment

    def _put_rules(self, rules: list[EventRule], account_id: str, stack_name: str) -> None:
        others = [rule for rule in self.rules if (rule.account_id, rule.stack) != (account_id, stack_name)]
        if rules or len(others) < len(self.rules):
            self.rules = others + rules
            for listener in self.rule_listeners:
                listener()

    def _put_stack_set(
        self, described: template.StackSetProperties, organization: AwsOrganization, account_id: str
    ) -> None:
        allowed = {
            "SELF": [organization.management_account_id],
            "DELEGATED_ADMIN": organization.delegated_administrators,
        }
        if account_id not in allowed[described.call_as]:
            raise StandInError(f"{account_id} may not make service-managed stack sets as {described.call_as}.")
        unknown = [target for target in described.targets if not organization.is_parent(target)]
        if unknown:
            raise StandInError(f"The stack set is aimed at {unknown[0]}, which is not in {organization.id}.")
        stack_set = StackSet(
            organization.id, described.name, described.template, described.parameters, described.targets
        )
        if described.accounts or not described.reaches_later_accounts:
            below = [item for item in organization.accounts if covers(stack_set, organization, item)]
            stack_set.accounts = [item for item in below if item in (described.accounts or below)]
        for role in template.deploy(stack_set.template, stack_set.parameters, "0" * 12, organization.partition).roles:
            Iam(roles=dict(self.iam.roles), users=self.iam.users).put_role(role)  # refuses what AWS would
        made = {(item.organization_id, item.name): item for item in self.iam.stack_sets}
        made[organization.id, described.name] = stack_set
        self.iam.stack_sets = list(made.values())


def covers(stack_set: StackSet, organization: AwsOrganization, account_id: str) -> bool:
    """Tell whether a stack set put its template into an account; never into the management account."""
    if account_id == organization.management_account_id:
        return False
    if stack_set.accounts is not None and account_id not in stack_set.accounts:
        return False
    return not set(organization.lineage(account_id)).isdisjoint(stack_set.targets)


def add_vendor(world: World, *, account_id: str = VENDOR_ACCOUNT_ID, partition: str = "aws") -> AccessKey:
    """Create the product's own principal, which may assume any role that trusts it, and return its key pair."""
    trust = trusting(f"arn:{partition}:iam::{account_id}:root")
    role = world.iam.create_role(account_id, "pipes", trust, allowing("sts:AssumeRole"), partition=partition)
    return world.iam.create_key(role.arn)


def to_json(world: World) -> dict[str, Any]:
    """Return the world as JSON types."""
    return {
        "organizations": [asdict(organization) for organization in world.organizations],
        "roles": [asdict(role) for role in world.iam.roles.values()],
        "users": [asdict(user) for user in world.iam.users.values()],
        "keys": [asdict(key) for key in world.iam.keys.values()],
        "stack_sets": [asdict(stack_set) for stack_set in world.iam.stack_sets],
        "made": world.iam.made,
        "wire": asdict(world.wire),
        "session_key": world.session_key,
        "rules": [asdict(rule) for rule in world.rules],
        "stack_parameters": world.stack_parameters,
    }


def from_json(data: dict[str, Any]) -> World:
    """Return the world that ``to_json`` described."""
    roles, users = [Role(**item) for item in data["roles"]], [User(**item) for item in data["users"]]
    return World(
        [_organization_from_json(item) for item in data["organizations"]],
        Iam(
            {role.arn: role for role in roles},
            {user.arn: user for user in users},
            {item["id"]: AccessKey(**item) for item in data["keys"]},
            [StackSet(**item) for item in data["stack_sets"]],
            data.get("made", 0),
        ),
        Wire(**data["wire"]),
        data["session_key"],
        [EventRule(**item) for item in data.get("rules", [])],
        data.get("stack_parameters", {}),
    )


def _organization_from_json(data: dict[str, Any]) -> AwsOrganization:
    accounts = {key: Account(**item) for key, item in data.pop("accounts").items()}
    units = {key: Unit(**item) for key, item in data.pop("units").items()}
    return AwsOrganization(**data, accounts=accounts, units=units)


def save(world: World, path: Path) -> None:
    """Write the world to a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(to_json(world), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load(path: Path) -> World:
    """Read the world back."""
    return from_json(json.loads(path.read_text(encoding="utf-8")))

"""CloudFormation, as far as the templates that the product hands out need it: roles, stack sets, rules of EventBridge.

Anything else in a template is refused by name, so that a template which passes here holds nothing unexamined.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from tests.fakes.aws.event_rules import EventResources, EventRule
from tests.fakes.aws.iam import Role
from tests.fakes.aws.organization import StandInError
from tests.fakes.aws.policy import as_list, managed_policy

SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
REGIONS = {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
EVENT_ARNS = {
    "AWS::Events::Connection": "connection/",
    "AWS::Events::ApiDestination": "api-destination/",
    "AWS::Events::Rule": "rule/",
}
NO_VALUE = object()


@dataclass(slots=True)
class StackSetProperties:
    """A stack set as a template describes it."""

    name: str
    template: str
    parameters: dict[str, str]
    targets: list[str]
    reaches_later_accounts: bool
    accounts: list[str] = field(default_factory=list)  # those of the targets that are meant; none: all
    call_as: str = "SELF"


@dataclass(slots=True)
class Deployment:
    """What a template creates in one account."""

    roles: list[Role] = field(default_factory=list)
    stack_sets: list[StackSetProperties] = field(default_factory=list)
    rules: list[EventRule] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Sub x`` is ``{"Fn::Sub": "x"}``."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)
# "Version: 2012-10-17" is a date in YAML; CloudFormation reads text.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


@lru_cache(maxsize=64)
def _parse(text: str) -> str:
    try:
        parsed = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise StandInError(f"The template is not YAML: {error}") from error
    if not isinstance(parsed, dict) or not parsed.get("Resources"):
        raise StandInError("The template has no Resources.")
    return json.dumps(parsed)


def deploy(
    text: str,
    parameters: dict[str, str],
    account_id: str,
    partition: str,
    *,
    stack_name: str = "pipes",
    before: dict[str, str] | None = None,
) -> Deployment:
    """Return what a template creates in one account; ``StandInError`` where CloudFormation would refuse it.

    ``before`` has the parameters that the stack was given until now: those without a default stay as they are.
    """
    body = json.loads(_parse(text))
    described = body.get("Parameters", {})
    kept = {
        name: value for name, value in (before or {}).items() if "Default" not in described.get(name, {"Default": ""})
    }
    values = {
        "AWS::AccountId": account_id,
        "AWS::Partition": partition,
        "AWS::Region": REGIONS.get(partition, "us-east-1"),
        "AWS::URLSuffix": SUFFIXES.get(partition, "amazonaws.com"),
        "AWS::StackName": stack_name,
        "AWS::NoValue": NO_VALUE,
    }
    return _Template(body, {**kept, **parameters}, values).deploy()


class _Template:
    def __init__(self, body: dict[str, Any], parameters: dict[str, str], values: dict[str, Any]) -> None:
        self.body, self.values = body, values
        self.account_id, self.partition = values["AWS::AccountId"], values["AWS::Partition"]
        self.resources: dict[str, Any] = body["Resources"]
        self.roles: dict[str, Role] = {}
        self.events = EventResources(values["AWS::StackName"], self.account_id, self.partition, self._event_arn)
        self._take_parameters(parameters)
        self._keep_rules()

    def _take_parameters(self, given: dict[str, str]) -> None:
        described = self.body.get("Parameters", {})
        for name in given:
            if name not in described:
                raise StandInError(f"The template has no parameter {name}.")
        for name, parameter in described.items():
            value = given.get(name, parameter.get("Default"))
            if value is None:
                raise StandInError(f"The template's parameter {name} has no default: give it a value.")
            is_list = parameter.get("Type") == "CommaDelimitedList"
            items = [item.strip() for item in str(value).split(",")] if is_list else [str(value)]
            pattern, allowed = parameter.get("AllowedPattern", r"[\s\S]*"), parameter.get("AllowedValues", items)
            for item in items:  # CloudFormation checks each item of a list
                if not re.fullmatch(pattern, _as_of_tls(item)) or item not in allowed:
                    raise StandInError(f"The template does not allow {item!r} as its parameter {name}.")
            self.values[name] = items if is_list else items[0]

    def _keep_rules(self) -> None:
        for rule in self.body.get("Rules", {}).values():
            for assertion in rule["Assertions"]:
                if not self._condition(assertion["Assert"]):
                    raise StandInError(assertion["AssertDescription"])

    def deploy(self) -> Deployment:
        """Create every resource whose condition holds."""
        makers: dict[str, Callable[[str, dict[str, Any], Deployment], None]] = {
            "AWS::IAM::Role": self._make_role,
            "AWS::IAM::Policy": self._attach_policy,
            "AWS::IAM::RolePolicy": self._attach_policy,
            "AWS::IAM::ManagedPolicy": self._attach_policy,
            "AWS::CloudFormation::StackSet": self._make_stack_set,
            "AWS::Events::Connection": lambda name, properties, _: self.events.make_connection(name, properties),
            "AWS::Events::ApiDestination": lambda name, properties, _: self.events.make_destination(name, properties),
            "AWS::Events::Rule": lambda name, properties, made: made.rules.append(
                self.events.rule(name, properties, made.roles)
            ),
        }
        wanted = {name: item for name, item in self.resources.items() if self._is_wanted(item)}
        made = Deployment()
        for kind, make in makers.items():  # roles first: policies name them
            for name, resource in wanted.items():
                if resource["Type"] == kind:
                    make(name, self.resolve(resource.get("Properties", {})), made)
        for name, resource in wanted.items():
            if resource["Type"] not in makers:
                raise StandInError(f"The stand-in cannot deploy {name}: {resource['Type']}.")
        outputs = {name: item for name, item in self.body.get("Outputs", {}).items() if self._is_wanted(item)}
        made.outputs = {name: str(self.resolve(item["Value"])) for name, item in outputs.items()}
        return made

    def _is_wanted(self, resource: dict[str, Any]) -> bool:
        return "Condition" not in resource or self._condition(resource["Condition"])

    def _make_role(self, name: str, properties: dict[str, Any], made: Deployment) -> None:
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        managed = [managed_policy(arn) for arn in properties.get("ManagedPolicyArns", []) if isinstance(arn, str)]
        self.roles[name] = Role(
            self.account_id,
            properties.get("RoleName", f"{self.values['AWS::StackName']}-{name}"),
            properties["AssumeRolePolicyDocument"],
            inline + managed,
            self.partition,
            properties.get("Path", "/"),
            int(properties.get("MaxSessionDuration", 3600)),
        )
        made.roles.append(self.roles[name])

    def _attach_policy(self, _name: str, properties: dict[str, Any], made: Deployment) -> None:
        names = as_list(properties["RoleName"]) if "RoleName" in properties else properties.get("Roles", [])
        for role in made.roles:
            if role.name in names:
                role.policies.append(properties["PolicyDocument"])

    def _make_stack_set(self, name: str, properties: dict[str, Any], made: Deployment) -> None:
        auto = properties.get("AutoDeployment")
        if properties.get("PermissionModel") != "SERVICE_MANAGED" or auto is None:
            raise StandInError(f"The stack set {name} needs PermissionModel SERVICE_MANAGED and AutoDeployment.")
        if self.partition == "aws-cn":
            raise StandInError("Service-managed stack sets do not exist in China.")
        if "CAPABILITY_NAMED_IAM" not in properties.get("Capabilities", []):
            raise StandInError(f"The stack set {name} names a role and so needs CAPABILITY_NAMED_IAM.")
        groups = properties.get("StackInstancesGroup", [])
        if any(len(group["Regions"]) != 1 for group in groups):
            raise StandInError(f"The stack set {name} deploys a role, which is global, in more than one region.")
        targets = [unit for group in groups for unit in group["DeploymentTargets"]["OrganizationalUnitIds"]]
        accounts = [account for group in groups for account in _single_accounts(name, group["DeploymentTargets"])]
        given = {item["ParameterKey"]: item["ParameterValue"] for item in properties.get("Parameters", [])}
        body = properties["TemplateBody"]
        made.stack_sets.append(
            StackSetProperties(
                properties["StackSetName"],
                body if isinstance(body, str) else json.dumps(body),
                given,
                targets,
                str(auto.get("Enabled")).lower() == "true",
                accounts,
                properties.get("CallAs", "SELF"),
            )
        )

    # Intrinsic functions

    def resolve(self, value: Any) -> Any:
        """Replace every intrinsic function in a value by what it stands for."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in self.resources:  # the Ref of a role is its name
            given = self.resources[name].get("Properties", {})
            return self.resolve(given.get("RoleName", f"{self.values['AWS::StackName']}-{name}"))
        raise StandInError(f"The template refers to {name}, which it does not define.")

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::Join":
                return argument[0].join(str(item) for item in self.resolve(argument[1]))
            case "Fn::If":
                return self.resolve(argument[1] if self._condition(argument[0]) else argument[2])
            case "Fn::GetAtt":
                return self._attribute(*argument)
            case "Fn::Split":
                return str(self.resolve(argument[1])).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
        raise StandInError(f"The stand-in does not know the function {name}.")

    def _attribute(self, resource: str, attribute: str) -> str:
        if attribute == "Arn" and resource in self.roles:
            return self.roles[resource].arn
        if attribute == "Arn" and self.resources.get(resource, {}).get("Type") in EVENT_ARNS:
            return self._event_arn(resource)
        raise StandInError(f"The stand-in does not know {resource}.{attribute}.")

    def _event_arn(self, resource: str) -> str:
        kind = EVENT_ARNS[self.resources[resource]["Type"]]
        start = f"arn:{self.partition}:events:{self.values['AWS::Region']}:{self.account_id}"
        return f"{start}:{kind}{self.values['AWS::StackName']}-{resource}"

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(self.resolve(own[name]))
            return self._attribute(*name.split(".", 1)) if "." in name else str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def _condition(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._condition(self.body.get("Conditions", {})[condition])
        name, argument = next(iter(condition.items()))
        match name:
            case "Fn::Equals":
                first, second = self.resolve(argument)
                return bool(first == second)
            case "Fn::Not":
                return not self._condition(argument[0])
            case "Fn::And":
                return all(map(self._condition, argument))
            case "Fn::Or":
                return any(map(self._condition, argument))
            case "Condition":
                return self._condition(argument)
        raise StandInError(f"The stand-in does not know the condition {name}.")


def _as_of_tls(value: str) -> str:
    """Return an address of this machine as one by https: the stand-in alone may send to it in the clear."""
    return re.sub(r"^http://(?:127\.0\.0\.1|localhost)(?::\d+)?/", "https://localhost/", value)


def _single_accounts(name: str, targets: dict[str, Any]) -> list[str]:
    """Return the accounts that a group of a stack set is narrowed to, if it is."""
    kind = targets.get("AccountFilterType", "NONE")
    accounts = [str(account) for account in targets.get("Accounts", [])]
    if kind not in ("NONE", "INTERSECTION") or (kind == "NONE") is bool(accounts):
        raise StandInError(f"The stand-in does not know the AccountFilterType {kind} of {name} with these Accounts.")
    return accounts

"""EventBridge's rules: which events each means, and where a stack has them sent."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.iam import Role
from tests.fakes.aws.organization import StandInError
from tests.fakes.aws.policy import Verdict, as_list, decide

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class EventRule:
    """One rule with its target: by a ``pattern`` of events, or ``every`` so many seconds (0: by the pattern)."""

    name: str
    stack: str
    account_id: str
    partition: str
    pattern: dict[str, Any]
    every: float
    endpoint: str
    key_header: str
    key: str = field(repr=False)
    per_second: float = 300.0
    most_seconds: float = 86_400.0
    most_retries: int = 185

    @property
    def destination(self) -> tuple[str, str, str]:
        """Whom it sends to: what has one pace and one order."""
        return (self.account_id, self.stack, self.endpoint)

    def means(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event of this account fits the pattern."""
        return not self.every and event["account"] == self.account_id and fits(self.pattern, event)


def fits(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Tell whether an event has what every part of a pattern asks for."""
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            inner = event.get(name)
            if not fits(wanted, inner if isinstance(inner, dict) else {}):
                return False
        elif not any(_is_one(each, name, event) for each in wanted):
            return False
    return True


def _is_one(wanted: Any, name: str, event: Mapping[str, Any]) -> bool:
    if isinstance(wanted, dict):
        return (name in event) is wanted["exists"]
    return name in event and wanted in as_list(event[name])


def refuse_unknown(pattern: Mapping[str, Any]) -> None:
    """Raise ``StandInError`` for a pattern that EventBridge refuses, or that the stand-in does not understand."""
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            refuse_unknown(wanted)
        elif not isinstance(wanted, list) or not wanted:
            raise StandInError(f"In the pattern of an event, {name} needs a list.")
        elif unknown := [each for each in wanted if isinstance(each, dict) and list(each) != ["exists"]]:
            raise StandInError(f"The stand-in does not know the filter {unknown[0]} of {name}.")


def seconds_of(schedule: str) -> float:
    """Return the seconds of ``rate(1 hour)``; AWS wants the singular for one, and the plural for more."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", schedule)
    if match is None or (int(match[1]) == 1) is bool(match[3]) or int(match[1]) == 0:
        raise StandInError(f"The schedule {schedule!r} is none that the stand-in knows.")
    return float(int(match[1]) * _SECONDS[match[2]])


@dataclass(slots=True)
class EventResources:
    """The resources of EventBridge in one template: connections and API destinations by ARN, and the rules made."""

    stack: str
    account_id: str
    partition: str
    arn_of: Callable[[str], str]
    connections: dict[str, tuple[str, str]] = field(default_factory=dict)
    destinations: dict[str, dict[str, Any]] = field(default_factory=dict)

    def make_connection(self, name: str, properties: dict[str, Any]) -> None:
        """Take a connection: the header and the key that it adds."""
        if properties.get("AuthorizationType") != "API_KEY":
            raise StandInError(f"The stand-in knows connections by API_KEY only; {name} is another.")
        given = properties["AuthParameters"]["ApiKeyAuthParameters"]
        self.connections[self.arn_of(name)] = (given["ApiKeyName"], given["ApiKeyValue"])

    def make_destination(self, name: str, properties: dict[str, Any]) -> None:
        """Take an API destination."""
        if properties["ConnectionArn"] not in self.connections or properties.get("HttpMethod") != "POST":
            raise StandInError(f"The API destination {name} needs a connection of the template, and POST.")
        self.destinations[self.arn_of(name)] = properties

    def rule(self, name: str, properties: dict[str, Any], roles: list[Role]) -> EventRule:
        """Return a rule as the template describes it; its role has to let EventBridge send."""
        if ("EventPattern" in properties) is ("ScheduleExpression" in properties):
            raise StandInError(
                f"The rule {name} needs a pattern or a schedule, and the stand-in takes no rule with both."
            )
        if properties.get("State", "ENABLED") != "ENABLED" or len(properties.get("Targets", [])) != 1:
            raise StandInError(f"The rule {name} has to be enabled and to have one target.")
        (target,) = properties["Targets"]
        destination = self.destinations.get(target["Arn"])
        if destination is None:
            raise StandInError(f"The rule {name} sends to no API destination of the template.")
        if not any(role.arn == target.get("RoleArn") and may_send(role, target["Arn"]) for role in roles):
            raise StandInError(f"The role of the rule {name} does not let EventBridge send to its target.")
        pattern, retries = properties.get("EventPattern", {}), target.get("RetryPolicy", {})
        refuse_unknown(pattern)
        header, key = self.connections[destination["ConnectionArn"]]
        return EventRule(
            name,
            self.stack,
            self.account_id,
            self.partition,
            pattern,
            seconds_of(properties["ScheduleExpression"]) if "ScheduleExpression" in properties else 0.0,
            destination["InvocationEndpoint"],
            header,
            key,
            float(destination.get("InvocationRateLimitPerSecond", 300)),
            float(retries.get("MaximumEventAgeInSeconds", 86_400)),
            int(retries.get("MaximumRetryAttempts", 185)),
        )


def may_send(role: Role, destination: str) -> bool:
    """Tell whether EventBridge may assume a role and send with it."""
    services = [
        service
        for statement in as_list(role.trust_policy["Statement"])
        for service in as_list(statement.get("Principal", {}).get("Service", []))
    ]
    is_allowed = decide(role.policies, "events:InvokeApiDestination", destination, {}) is Verdict.ALLOWED
    return is_allowed and "events.amazonaws.com" in services

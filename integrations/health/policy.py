"""Whether a connection works: what a test says about it, and how it stands after that.

When the next test is due is in ``schedule``.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from connections.models import Connection, Health
from integrations.aws.errors import COMPARE_ROLE, AccessDenied, AwsError, InvalidCredentials, Refused, RoleTooOpen
from integrations.health import schedule

_STACKSET: Final = (
    " The Connection Settings of the integration have the StackSet that makes the role, and the steps by hand: compare"
    " the role with them. In an account that has just joined, the StackSet needs a few minutes."
)
_MANAGEMENT: Final = "This is the management account, which a StackSet never covers, and its role does not let us in."
_ALL_AT_ONCE: Final = (
    " All {number:,} roles of this integration that used to work and were tested just now are refused at once, so look"
    " for one cause first: a StackSet that was removed, another external ID, a new service control policy, or that this"
    " installation's own identity may not assume roles any more, which only its operator can mend."
)
_BY_ITSELF: Final = (
    " Launch the template from the Connection Settings of the integration as a stack in the management account itself,"
    " which makes the role there, or follow the steps by hand there."
)


class Kind(Enum):
    WORKS = "works"
    FAILS = "fails"
    UNKNOWN = "unknown"  # nothing about the connection
    UNTESTABLE = "untestable"  # there is nothing to test yet


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test found. ``may_pass`` marks a refusal that a role gives too that has just been made."""

    kind: Kind
    sentence: str = ""
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection stands, or shall stand after a test."""

    health: Health
    changed_at: datetime
    reason: str = ""
    tested_at: datetime | None = None
    due_at: datetime | None = None


def judge(error: AwsError | None, *, is_managed: bool = True, is_management: bool = False) -> Finding:
    """Say what the error of a test, or none, means for the connection.

    What keeps us from asking at all is no fault of the connection's: credentials of our own that AWS does not take, a
    throttle, a lost connection.
    """
    if error is None:
        return Finding(Kind.WORKS)
    if isinstance(error, AccessDenied):
        return Finding(Kind.FAILS, _refusal(error, is_managed, is_management), may_pass=True)
    kind = Kind.FAILS if isinstance(error, RoleTooOpen | Refused | InvalidCredentials) else Kind.UNKNOWN
    return Finding(kind, _with_headline(error.sentence))


def all_at_once(finding: Finding, number: int) -> Finding:
    """Add to one of so many refusals that they came together, where all the roles had worked until now."""
    return replace(finding, sentence=finding.sentence + _ALL_AT_ONCE.format(number=number))


def _refusal(error: AwsError, is_managed: bool, is_management: bool) -> str:
    what = error.sentence.removesuffix(COMPARE_ROLE)
    if is_management:
        return f"{_MANAGEMENT}\n{what}{_BY_ITSELF}"
    return _with_headline(what + _STACKSET if is_managed else error.sentence)


def _with_headline(sentence: str) -> str:
    """Put what happened, which ends with the call and the code in brackets, on a line of its own."""
    return sentence.replace("). ", ").\n", 1)


def decide(seen: Standing, finding: Finding, *, connection_id: int, now: datetime) -> Standing:
    """Say how a connection stands after a test, and when the next one is due; the same facts give the same answer."""
    if finding.kind == Kind.WORKS:
        since = seen.changed_at if seen.health == Health.HEALTHY else now
        return Standing(Health.HEALTHY, since, "", now, schedule.next_daily(connection_id, now))
    is_untested = seen.health == Health.UNTESTED
    if finding.kind == Kind.FAILS and not (is_untested and finding.may_pass and now - seen.changed_at < schedule.YOUNG):
        since = seen.changed_at if seen.health == Health.FAILING else now
        return Standing(Health.FAILING, since, finding.sentence, now, schedule.after_failure(since, now))
    due_at = {
        Kind.FAILS: now + schedule.YOUNG_RETRY,
        Kind.UNKNOWN: now + schedule.UNKNOWN_RETRY,
        Kind.UNTESTABLE: schedule.next_daily(connection_id, now),
    }[finding.kind]
    reason = finding.sentence if is_untested else seen.reason
    return Standing(seen.health, seen.changed_at, reason, seen.tested_at, due_at)


def record(seen: Connection, finding: Finding, *, now: datetime) -> bool:
    """Write what a test found, unless the connection was tested or changed since it was read; returns whether."""
    standing = Standing(
        Health(seen.health), seen.health_changed_at, seen.health_reason, seen.health_tested_at, seen.health_due_at
    )
    after = decide(standing, finding, connection_id=seen.pk, now=now)
    unchanged = Connection.objects.filter(pk=seen.pk, tenant=seen.tenant_id, health_due_at=seen.health_due_at)
    values = {f"health_{name}": getattr(after, name) for name in ("reason", "changed_at", "tested_at", "due_at")}
    return bool(unchanged.update(health=after.health, **values))

"""What an event from AWS says: of all that is in it, only ids that look like AWS's are taken, as hints where to look.

The shapes are those of CloudTrail's records as EventBridge passes them on. Whoever has the key can make some up: that
has a sync look where nothing has changed, and no more.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from integrations.aws.discovery.parsing import FOLDER_ID, ROOT_ID
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.planning.targeted.hints import GONE, MOST_IDS, THERE, Hint

_SOURCES: Final = ("aws.organizations", "aws.account")
# The parts of a record that say what it is about; the others say who did it.
_PARTS: Final = ("requestParameters", "responseElements", "serviceEventDetails")
# What is asked for changes nothing until another event reports what became of it.
_TO_COME: Final = ("CreateAccount", "InviteAccountToOrganization")
_BY_THE_ACCOUNT: Final = ("AcceptHandshake", "LeaveOrganization")
_EXPECTS: Final[Mapping[str, str]] = {
    "CreateAccountResult": THERE,
    "CloseAccountResult": GONE,
    "AcceptHandshake": THERE,
    "CreateOrganizationalUnit": THERE,
    "DeleteOrganizationalUnit": GONE,
    "RemoveAccountFromOrganization": GONE,
    "LeaveOrganization": GONE,
}
_IS_ID: Final = re.compile(f"{ACCOUNT_ID.pattern}|{FOLDER_ID.pattern}").fullmatch
_EVENT_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_NAME: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_OLDEST: Final = timedelta(days=1)
_MOST_PARTS: Final = 10_000  # of one event; real ones have fewer than a hundred


class Sort(Enum):
    """What an event is to us."""

    CHANGE = auto()  # of the accounts and OUs that it names
    NOTHING = auto()  # a sign of life, or what has changed nothing (yet)
    UNKNOWN = auto()  # something may have changed, and nobody knows where


@dataclass(frozen=True, slots=True)
class Report:
    """An event as far as it can be read; without an id of its own it cannot be told from others."""

    sort: Sort
    is_sign_of_life: bool = False
    is_of_aws: bool = False  # AWS Organizations sends its events here
    event_id: str = ""
    name: str = ""
    occurred_at: datetime | None = None
    hints: tuple[Hint, ...] = ()


def read(body: bytes, *, now: datetime) -> Report:
    """Read an event; never raises, whatever it is."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return Report(Sort.UNKNOWN)
    if not isinstance(event, dict):
        return Report(Sort.UNKNOWN)
    if event.get("source") == "aws.events" and event.get("detail-type") == "Scheduled Event":
        return Report(Sort.NOTHING, is_sign_of_life=True)
    detail = event.get("detail")
    if event.get("source") not in _SOURCES or not isinstance(detail, dict):
        return Report(Sort.UNKNOWN)
    name = _matching(_NAME, detail.get("eventName"))
    if detail.get("errorCode") or name in _TO_COME:
        return Report(Sort.NOTHING, is_of_aws=True)
    hints, event_id = _hints(name, detail), _matching(_EVENT_ID, event.get("id"))
    if not hints or len(hints) > MOST_IDS or not event_id:
        return Report(Sort.UNKNOWN, is_of_aws=True, name=name)
    occurred_at = _moment(event.get("time"), now)
    name = name or "Event"
    return Report(Sort.CHANGE, is_of_aws=True, event_id=event_id, name=name, occurred_at=occurred_at, hints=hints)


def _hints(name: str, detail: Mapping[str, Any]) -> tuple[Hint, ...]:
    ids = {source_id for part in _PARTS for source_id in _ids(detail.get(part))}
    if name in _BY_THE_ACCOUNT:
        ids.update(_ids(detail.get("userIdentity")))
    expects = _EXPECTS.get(name, "")
    if name == "MoveAccount":
        parameters = detail.get("requestParameters")
        expects = _parent(parameters.get("destinationParentId") if isinstance(parameters, dict) else None)
    return tuple(Hint(source_id, expects) for source_id in sorted(ids))


def _ids(part: object) -> Iterator[str]:
    """Find the ids of accounts and OUs, but for those of parents, which themselves do not change."""
    waiting: list[tuple[str, object]] = [("", part)]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(str(inner).lower(), each) for inner, each in value.items()]
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, str) and key.endswith("id") and not key.endswith("parentid") and _IS_ID(value):
            yield value


def _parent(value: object) -> str:
    return _matching(FOLDER_ID, value) or _matching(ROOT_ID, value)


def _matching(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _moment(text: object, now: datetime) -> datetime:
    """When it happened, as it says; what cannot be right happened now."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else now
    except ValueError:
        return now
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if now - _OLDEST < moment <= now else now

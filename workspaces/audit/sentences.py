"""The audit log in words. Each app says in its ``audit_sentences`` what the actions that it records mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspaces import audit
from workspaces.models import AuditEvent
from workspaces.wording.names import isolated

# Of all apps: action → what the person did, and kind of object → what people call it.
_sentences: dict[str, str] = {}
_kinds: list[Mapping[str, str]] = []


def register(sentences: Mapping[str, str], kinds: Mapping[str, str]) -> None:
    """Add what an app says of its actions, in its module ``audit_sentences``, which the app imports when it is ready.

    In a sentence {object} stands for the name of what was acted on; others in braces are of the event's details.
    """
    _sentences.update(sentences)
    _kinds.append(kinds)


def kinds() -> dict[str, str]:
    """Give the word for each kind of object in the order of the filter: ours, then from the uppermost app down."""
    own, *others = _kinds
    return {kind: word for some in (own, *reversed(others)) for kind, word in some.items()}


_NOTHING = "–"
_NOT_SAID = (audit.BY_OPERATOR, audit.KEYS, audit.STOOD)


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did to one property; ``before`` is empty for a plain fact."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EventSentence:
    """An event as people read it: the sentence around the object's name, and what it does not say."""

    before: str
    label: str
    after: str
    changes: list[Change]

    def __str__(self) -> str:
        return f"{self.before}{self.label}{self.after}"


def describe(event: AuditEvent) -> EventSentence:
    before, mark, after = _sentences.get(event.action, f"{event.action} {{object}}").partition("{object}")
    said = {name: isolated(_text(value)) for name, value in event.details.items() if f"{{{name}}}" in before + after}
    rest = {name: value for name, value in event.details.items() if name not in (*said, *_NOT_SAID)}
    before, after = (_fill(part, said) for part in (before, after))
    return EventSentence(before, event.object_label if mark else "", after, _changes(rest))


def _fill(part: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        part = part.replace(f"{{{name}}}", value)
    return part


def kind_name(kind: str) -> str:
    return kinds().get(kind, kind)


def _changes(details: dict[str, Any]) -> list[Change]:
    """Read details: what differs between before and after first, then the plain facts."""
    facts = {name: value for name, value in details.items() if name not in ("before", "after")}
    found = _differences(details.get("before"), details.get("after"))
    return found + [Change(_words(name), "", _text(value)) for name, value in facts.items() if _text(value)]


def _differences(before: object, after: object) -> list[Change]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [] if before == after else [Change("Change", _text(before) or _NOTHING, _text(after) or _NOTHING)]
    return [
        Change(_words(name), _text(before.get(name)) or _NOTHING, _text(after.get(name)) or _NOTHING)
        for name in before | after
        if before.get(name) != after.get(name)
    ]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{_words(name)}: {_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)

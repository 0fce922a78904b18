"""The audit log in words: the one table of what each recorded action means.

A new action of any part of the product gets its sentence here; a test compares this table with all calls of
``audit.record``.
"""

from dataclasses import dataclass
from typing import Any

from workspaces.models import AuditEvent

# Action → what the person did; {} stands for the name of the object.
SENTENCES = {
    "tenant.created": "created the tenant {}",
    "tenant.changed": "changed the handle or name of the tenant {}",
    "organization.created": "created the organization {}",
    "organization.changed": "changed the handle or name of the organization {}",
    "workspace.created": "created the workspace {}",
    "workspace.changed": "changed the handle or name of the workspace {}",
    "member.added": "added {}",
    "member.role_changed": "changed the role of {}",
    "member.removed": "removed {}",
    "member.left": "left",
    "invitation.sent": "invited {}",
    "invitation.accepted": "accepted the invitation of {}",
    "invitation.withdrawn": "withdrew the invitation of {}",
    "draft.created": "began to set up the integration {}",
    "draft.discarded": "stopped setting up the integration {}",
    "integration.created": "created the integration {}",
    "integration.sync_requested": "started a sync of the integration {}",
}

# Kind of object → what people call it, in the order of the filter.
KINDS = {
    "tenant": "Tenant",
    "organization": "Organization",
    "workspace": "Workspace",
    "user": "Person",
    "invitation": "Invitation",
    "draft": "Integration draft",
    "integration": "Integration",
    "folder": "Connection folder",
    "connection": "Connection",
}

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did to one property; ``before`` is empty for a plain fact."""

    name: str
    before: str
    after: str


def sentence(event: AuditEvent) -> tuple[str, str, str]:
    """Say what somebody did, in three parts: before the object's name, the name, after it."""
    before, mark, after = SENTENCES.get(event.action, f"{event.action} {{}}").partition("{}")
    return before, event.object_label if mark else "", after


def kind_name(kind: str) -> str:
    """Give the word for a kind of object."""
    return KINDS.get(kind, kind)


def changes(details: dict[str, Any]) -> list[Change]:
    """Read an event's details: what differs between before and after first, then the plain facts."""
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

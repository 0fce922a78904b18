"""A notification in words for people, and as JSON for their systems."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from connections.models import ConnectionState
from integrations import retention
from integrations.models import Delivery, Event, Integration
from integrations.planning import words
from integrations.planning.diff import Change
from workspaces.wording.names import isolated

LINES: Final = 25  # changes in an email
ITEMS: Final = 100  # changes for a webhook
_WITH_CHANGES: Final = (Event.CHANGED, Event.ASKS)
_LONGEST: Final = 300  # of a name or a path of names
_LINKING: Final = re.compile(r"://|(?<=\w)\.(?=[^\W\d_]{2})")  # what makes a link of a text, up to a bare domain


@dataclass(frozen=True, slots=True)
class Email:
    """An email; the subject is one line, whatever the names in it hold. ``stop_url`` is empty for owners."""

    to: str
    subject: str
    text: str
    message_id: str
    stop_url: str


def email(delivery: Delivery, integration: Integration, token: str) -> Email:
    """Write the email about an event; ``token`` is for the reader's links, and empty for owners."""
    stop_url = _reader_url("email_stop", token)
    run = delivery.run
    changes = run.changes if run and delivery.event in _WITH_CHANGES else []
    context = {
        "delivery": delivery,
        "integration": integration,
        "run": run,
        "what": words.changes(run.counts) if run else "",
        "error": one_line(run.error, 2000) if run else "",
        "lines": [line(Change(*each)) for each in changes[:LINES]],
        "left_out": max(len(changes) - LINES, 0),
        "run_url": _run_url(integration, delivery),
        "address": delivery.email,
        "confirm_url": _reader_url("email_confirm", token),
        "stop_url": stop_url,
        "lifetime": retention.CONFIRMATION_LINK,
        "base_url": settings.BASE_URL,
        "settings_url": absolute(integration.scope.url("integration_notifications", integration=integration.handle)),
    }
    return Email(
        to=delivery.email,
        subject=one_line(f"[Pipes] {integration.handle} ({integration.scope}): {_headline(delivery)}"),
        text=render_to_string("integrations/notifications/email.txt", context),
        message_id=f"<{delivery.uid}@{urlsplit(settings.BASE_URL).hostname}>",
        stop_url=stop_url,
    )


def _headline(delivery: Delivery) -> str:
    match delivery.event:
        case Event.CHANGED if delivery.run:
            return words.changes(delivery.run.counts)
        case Event.ASKS:
            return "a sync needs approval"
        case Event.FAILING:
            return "syncs fail"
        case Event.RECOVERED:
            return "syncs work again"
        case Event.QUESTION:
            return "do you want these emails?"
        case _:
            return "this is a test"


def message_id(delivery: Delivery) -> str:
    """Give the id of a message: the same at each attempt, so that a receiver can drop what came twice."""
    return f"msg_{delivery.uid.hex}"


def payload(delivery: Delivery, integration: Integration) -> dict[str, Any]:
    """Make what a webhook is sent; docs/notifications.md describes it."""
    scope, run = integration.scope, delivery.run
    facts: dict[str, Any] = {
        "id": message_id(delivery),
        "type": delivery.event,
        "created_at": delivery.created_at.isoformat(timespec="seconds"),
        "tenant": scope.tenant.handle,
        "organization": scope.organization.handle if scope.organization else None,
        "integration": integration.handle,
        "url": _run_url(integration, delivery) or _integration_url(integration),
    }
    if run is not None:
        facts["process"] = {
            "id": run.pk,
            "number": run.number,
            "state": run.state,
            "trigger": run.shown_trigger,
            "error": run.error or None,
        }
    if delivery.failing_since:
        facts["failing_since"] = delivery.failing_since.isoformat(timespec="seconds")
    if run is not None and delivery.event in _WITH_CHANGES:
        facts["counts"] = run.counts
        facts["changes"] = [_item(Change(*each)) for each in run.changes[:ITEMS]]
        facts["changes_left_out"] = max(len(run.changes) - ITEMS, 0)
    return facts


def _item(change: Change) -> dict[str, str]:
    item = {"kind": change.kind, "node": change.node, "id": change.source_id, "name": change.label[:_LONGEST]}
    item |= {"before": change.before[:_LONGEST], "after": change.after[:_LONGEST]}
    return item | {"after": "", "reason": change.after} if change.kind == "remove" else item


def line(change: Change) -> str:
    """Say one change in a line, marked as on the page of the process."""
    before, after, label = (isolated(_unlinked(one_line(text))) for text in (change.before, change.after, change.label))
    what = f"{label} ({change.source_id})"
    match change.kind:
        case "rename":
            return f"~ rename {before} to {after}"
        case "state":
            return f"~ change {what} from {_state(before)} to {_state(after)}"
        case "move":
            return f"→ move {what} from {before} to {after}"
        case "remove":
            return f"− remove {what}" + (f" from {before}" if before else "") + (f": {after}" if after else "")
        case _:
            return f"+ {change.kind} {what}" + (f" in {after}" if after else "")


def _state(value: str) -> str:
    return str(ConnectionState(value).label).lower() if value in ConnectionState else value


def one_line(text: str, most: int = _LONGEST) -> str:
    """Keep a text on one line: names come from AWS, and a line break in one could fake a line or a header of ours."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _unlinked(name: str) -> str:
    """Keep a name from being a link: mail programs make one of what looks like an address, and it would be from us."""
    return _LINKING.sub(r"\g<0> ", name)


def absolute(path: str) -> str:
    return settings.BASE_URL.rstrip("/") + path


def _reader_url(name: str, token: str) -> str:
    return absolute(reverse(name, kwargs={"holder": token})) if token else ""


def _integration_url(integration: Integration) -> str:
    return absolute(integration.scope.url("integration_detail", integration=integration.handle))


def _run_url(integration: Integration, delivery: Delivery) -> str:
    """Give the page of the run that a delivery is about; from one that asked it leads on to the run that asks now."""
    if delivery.run is None:
        return ""
    path = integration.scope.url("run_detail", integration=integration.handle, run=delivery.run.number)
    return absolute(f"{path}?question" if delivery.event == Event.ASKS else path)

"""The audit log in words: the one table of what each recorded action means.

A new action of any part of the product gets its sentence here; a test compares this table with all calls of
``audit.record``.
"""

from dataclasses import dataclass
from typing import Any

from workspaces import audit
from workspaces.models import AuditEvent

# Action → what the person did; {object} stands for its name, what follows may use the event's details.
SENTENCES = {
    "tenant.created": "created the tenant {object}",
    "tenant.changed": "changed the handle or name of the tenant {object}",
    "tenant.plan_changed": "changed the plan of the tenant {object} from {before} to {after}",
    "organization.created": "created the organization {object}",
    "organization.changed": "changed the handle or name of the organization {object}",
    "organization.deleted": "deleted the organization {object}",
    "workspace.created": "created the workspace {object}",
    "workspace.changed": "changed the handle or name of the workspace {object}",
    "workspace.deleted": "deleted the workspace {object}",
    "workspace.search_path_changed": "changed the search path of the workspace {object}",
    "member.added": "added {object} as {role}",
    "member.role_changed": "changed the role of {object} from {before} to {after}",
    "member.removed": "removed {object}, who was {role}",
    "member.left": "left, having been {role}",
    "user.address_set": "gave {object} another email address",
    "user.second_factor_reset": "removed the second factor of {object}",
    "user.deactivated": "deactivated the account of {object}",
    "user.reactivated": "activated the account of {object} again",
    "support.began": "began to look into {object} for support",
    "support.page_opened": "looked at {page} for support",
    "support.ended": "ended the support access to {object}",
    "user.erased": "erased the data of {object}",
    "user.made_operator": "made {object} an operator of this installation",
    "user.operator_rights_removed": "took the rights of an operator of this installation from {object}",
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.sign_in_refused": "refused to sign in {object}: {why}",
    "user.proof_failed": "was asked to prove who they are, and failed",
    "user.address_added": "added the email address {address} to their account",
    "user.address_confirmed": "confirmed the email address {address}",
    "user.address_changed": "signs in with {after} instead of {before} now",
    "user.address_removed": "removed the email address {address} from their account",
    "user.password_changed": "changed their password",
    "user.password_set": "chose a password",
    "user.password_reset": "chose a new password through a link in an email",
    "user.second_factor_added": "turned on the authenticator app as second factor",
    "user.second_factor_removed": "turned off the authenticator app as second factor",
    "user.recovery_codes_made": "made new recovery codes",
    "user.recovery_codes_seen": "looked at their recovery codes",
    "user.recovery_code_used": "used a recovery code",
    "user.sessions_ended": "ended other sessions of their account",
    "audit_log.exported": "took a copy of the audit log of {object}",
    "invitation.sent": "invited {object} as {role}",
    "invitation.accepted": "accepted the invitation of {object} and is {role}",
    "invitation.withdrawn": "withdrew the invitation of {object} as {role}",
    "draft.created": "began to set up an integration",
    "draft.discarded": "gave up setting up an integration",
    "draft.external_id_rotated": "rotated the {used_for} external id of an integration in the making",
    "access_test.requested": "ran a test of the {kind} settings of {object}",
    "folder.handle_changed": "changed the handle of the folder {object}",
    "folder.options_changed": "changed the options of the folder {object}",
    "connection.handle_changed": "changed the handle of the connection {object}",
    "connection.options_changed": "changed the options of the connection {object}",
    "integration.created": "created the integration {object}",
    "integration.handle_changed": "changed the handle of the integration {object}",
    "integration.schedule_changed": "changed the schedule of the integration {object}",
    "integration.deletion_limit_changed": "changed the deletion limit of the integration {object}",
    "integration.external_id_rotated": "rotated the {used_for} external id of the integration {object}",
    "integration.connection_settings_changed": "changed the connection settings of the integration {object}",
    "integration.settings_tried": "tried new discovery settings for the integration {object}",
    "integration.settings_discarded": "discarded the new discovery settings of the integration {object}",
    "integration.discovery_settings_changed": "changed the discovery settings of the integration {object}",
    "integration.selection_begun": "began to choose which accounts the integration {object} mirrors",
    "integration.selection_discarded": "left the accounts that the integration {object} mirrors as they were",
    "integration.selection_changed": "changed which accounts the integration {object} mirrors",
    "integration.events_enabled": "let AWS send events about the integration {object}",
    "integration.events_key_rotated": "rotated the key with which AWS sends events about the integration {object}",
    "integration.events_disabled": "let AWS send no more events about the integration {object}",
    "integration.sync_requested": "started a sync of the integration {object}",
    "integration.sync_previewed": "looked at what a sync of the integration {object} would change",
    "integration.health_test_requested": "had {connections} failing connections of the integration {object} tested",
    "integration.removals_approved": "approved {removals} removals by a sync of the integration {object}",
    "integration.removals_discarded": "discarded the removals that a sync of the integration {object} asked about",
    "integration.deleted": "deleted the integration {object}",
    "integration.deletion_retried": "tried again to delete the integration {object}",
    "integration.emails_changed": "changed who gets emails about the integration {object}",
    "integration.address_asked": "asked {address} again whether it wants emails about the integration {object}",
    "integration.address_confirmed": "was told by {address} that it wants emails about the integration {object}",
    "integration.address_stopped": "was told by {address} that it wants no more emails about the integration {object}",
    "integration.notification_tested": "sent a test notification of the integration {object}",
    "integration.notification_sent_again": "sent a notification of the integration {object} again",
    "webhook.created": "created the webhook {object}",
    "webhook.changed": "changed the webhook {object}",
    "webhook.secret_rotated": "rotated the secret of the webhook {object}",
    "webhook.former_secret_ended": "ended the old secret of the webhook {object}",
    "webhook.switched_off": "switched off the webhook {object}",
    "webhook.deleted": "deleted the webhook {object}",
    "folder.created": "created the connection folder {object}",
    "folder.changed": "changed the connection folder {object}",
    "folder.deleted": "deleted the connection folder {object}",
    "folder.permissions_changed": "changed who may use the connection folder {object}",
    "connection.created": "created the connection {object}",
    "connection.changed": "changed the connection {object}",
    "connection.access_changed": "changed how the connection {object} gets into its account",
    "connection.external_id_rotated": "rotated the external id of the connection {object}",
    "connection.external_id_replaced": "began to use the new external id of the connection {object}",
    "connection.deleted": "deleted the connection {object}",
    "connection.permissions_changed": "changed who may use the connection {object}",
    "schema.added": "added {object} to the schemas of the workspace",
    "schema.removed": "removed {object} from the schemas of the workspace",
    "aggregator.created": "created the aggregator {object}",
    "aggregator.changed": "changed the aggregator {object}",
    "aggregator.deleted": "deleted the aggregator {object}",
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
    "webhook": "Webhook",
    "folder": "Connection folder",
    "connection": "Connection",
    "aggregator": "Aggregator",
}

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did to one property; ``before`` is empty for a plain fact."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event as people read it: the sentence around the object's name, and what it does not say."""

    before: str
    label: str
    after: str
    changes: list[Change]

    def __str__(self) -> str:
        return f"{self.before}{self.label}{self.after}"


def tell(event: AuditEvent) -> Told:
    """Say what somebody did."""
    before, mark, after = SENTENCES.get(event.action, f"{event.action} {{object}}").partition("{object}")
    said = {name: _text(value) for name, value in event.details.items() if f"{{{name}}}" in before + after}
    rest = {name: value for name, value in event.details.items() if name not in (*said, audit.BY_OPERATOR)}
    before, after = (_fill(part, said) for part in (before, after))
    return Told(before, event.object_label if mark else "", after, _changes(rest))


def _fill(part: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        part = part.replace(f"{{{name}}}", value)
    return part


def kind_name(kind: str) -> str:
    """Give the word for a kind of object."""
    return KINDS.get(kind, kind)


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

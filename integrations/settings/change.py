"""Changing an integration: each function is one transaction and writes one audit event.

``version`` is the one that the person's page was made from; ChangedMeanwhileError is raised when there is a
newer one.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from connections import bulk
from connections.errors import ChangedMeanwhileError, HandleTakenError
from connections.models import Connection, Folder
from connections.schemas.workspace_uses import uses_of
from integrations import edit_conflicts
from integrations.access import findings
from integrations.aws.external_id import new_external_id
from integrations.health import batches
from integrations.models import AccessTest, Integration, SettingsTrial, SyncSchedule
from integrations.models.settings import CONNECTION_FIELDS, AccessMode, IntegrationSettings
from integrations.planning import deletion_limit
from integrations.planning.reconcile import Tree, Update
from integrations.planning.workspace_impact import View, WorkspaceImpact, fingerprint, impacts, renamed
from integrations.sync import mirror, requests
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.models import User


class UnseenImpactError(Exception):
    """Saving would change workspaces, and the person has not seen how, or has seen something else."""

    def __init__(self, found: Sequence[WorkspaceImpact], shown: str, renames: int) -> None:
        super().__init__("Look at what would change first.")
        self.impacts, self.fingerprint, self.renames = found, shown, renames


def check_seen(found: Sequence[WorkspaceImpact], seen: str, *, renames: int = 0) -> None:
    """Raise UnseenImpactError unless ``seen`` is the fingerprint of this impact."""
    shown = fingerprint(found)
    if shown != seen:
        raise UnseenImpactError(found, shown, renames)


@transaction.atomic
def change_handle(*, integration: Integration, handle: str, version: str, by: User) -> Integration:
    """Give an integration another handle; nodes show it as what manages them.

    Raises HandleTakenError when another integration of the tenant took the handle meanwhile.
    """
    current = edit_conflicts.lock(integration, version=version)
    before = current.handle
    if handle == before:
        return current
    current.handle = handle
    try:
        with transaction.atomic():
            current.save(update_fields=["handle"])
    except IntegrityError as error:
        raise HandleTakenError from error
    Folder.objects.filter(pk=current.root_folder_id).update(managed_by=handle)
    _record("handle_changed", current, by, {"handle": before}, {"handle": handle})
    return current


@transaction.atomic
def change_schedule(
    *, integration: Integration, minutes: int, version: str, by: User, hours: int | None = None
) -> None:
    """Set how often an integration syncs by itself, and how often fully while events come; None leaves that.

    A shorter time counts from now.
    """
    current = edit_conflicts.lock(integration, version=version)
    row = SyncSchedule.objects.get(pk=current.pk)
    before = {"interval_minutes": row.interval_seconds // 60, "rest_hours": row.rest_seconds // 3600}
    after = {"interval_minutes": minutes, "rest_hours": hours or before["rest_hours"]}
    if before == after:
        return
    row.interval_seconds, row.rest_seconds = minutes * 60, after["rest_hours"] * 3600
    row.save(update_fields=["interval_seconds", "rest_seconds"])
    Integration.objects.filter(pk=current.pk).update(version=F("version") + 1)  # its page shows the schedule
    changed = [name for name in after if before[name] != after[name]]
    _record("schedule_changed", current, by, *({name: each[name] for name in changed} for each in (before, after)))


@transaction.atomic
def change_deletion_limit(
    *, integration: Integration, percent: int, connections: int, version: str, by: User, why_held: str = ""
) -> None:
    """Set how much a sync that nobody attends may remove without being approved.

    Who is held to it, for the reason ``why_held``, may only lower it: raises HeldToItError.
    """
    current = edit_conflicts.lock(integration, version=version)
    before = {"percent": current.deletion_limit_percent, "connections": current.deletion_limit_count}
    after = {"percent": percent, "connections": connections}
    if before == after:
        return
    deletion_limit.check_raise((before["percent"], before["connections"]), (percent, connections), why_held=why_held)
    current.deletion_limit_percent, current.deletion_limit_count = percent, connections
    current.save(update_fields=["deletion_limit_percent", "deletion_limit_count"])
    _record("deletion_limit_changed", current, by, before, after)


@transaction.atomic
def rotate_external_id(*, integration: Integration, kind: AccessTest.Kind, by: User) -> str:
    """Make a new external id, which takes over when a test with it was green; until then the old one is used."""
    field = f"next_{kind.value}_external_id"
    place = integration.organization or integration.tenant
    made = new_external_id(place.public_id)
    there = Integration.objects.filter(pk=integration.pk)
    waiting = at_most_one(there.select_for_update().values_list(field, flat=True))
    there.update(**{field: made})
    # A role that was tried with the one that waited until now must not be saved to be used with the one before it.
    tried = SettingsTrial.objects.filter(integration=integration, access_mode=AccessMode.ROLE)
    tried.filter(**{field.removeprefix("next_"): waiting}).delete()
    audit.record(
        "integration.external_id_rotated", scope=integration.scope, by=by, target=integration, used_for=kind.value
    )
    return made


@transaction.atomic
def change_connection_settings(
    *, integration: Integration, wanted: IntegrationSettings, version: str, seen: str, by: User
) -> Integration:
    """Save the Connection Settings; with another prefix the connections are renamed in the same transaction.

    ``wanted`` has the new values; a rotated external id takes over if a test with it and the new role name was green.
    ``seen`` is the fingerprint of the impact that the person has confirmed. Raises UnseenImpactError when workspaces
    would be affected otherwise than that, PrefixRefusedError when the prefix cannot be used.
    """
    current = edit_conflicts.hold(integration, version=version)
    if any(getattr(wanted, name) != getattr(current, name) for name in CONNECTION_FIELDS):
        edit_conflicts.check_plan(current)  # a rotated external id takes over on any plan
    before, former_role = _values(current), current.member_role
    updates: tuple[Update, ...] = ()
    if wanted.handle_prefix != current.handle_prefix:
        tree = mirror.load(current)
        updates = mirror.plan_prefix(current, tree, wanted.handle_prefix)
        _check_impact(tree, updates, seen)
        _rename(current, updates)
    for name in CONNECTION_FIELDS:
        setattr(current, name, getattr(wanted, name))
    if is_next_external_id_proved(current):
        current.connection_external_id, current.next_connection_external_id = current.next_connection_external_id, ""
    after = _values(current)
    if before == after:
        return current
    current.save(update_fields=[*CONNECTION_FIELDS, "connection_external_id", "next_connection_external_id"])
    if current.member_role != former_role:
        batches.forget(current.tenant_id, Connection.objects.filter(root=current.root_folder_id))
    renamed_nodes = {"renamed": len(updates)} if updates else {}
    _record("connection_settings_changed", current, by, before, after, **renamed_nodes)
    return current


def is_next_external_id_proved(settings: IntegrationSettings) -> bool:
    """Whether Test Connection was green with the rotated external id and this role name."""
    rotated = getattr(settings, "next_connection_external_id", "")
    if not rotated:
        return False
    tried = copy(settings)
    tried.connection_external_id = rotated
    return findings.newest_passed(tried, AccessTest.Kind.CONNECTION) is not None


def _check_impact(tree: Tree, updates: Sequence[Update], seen: str) -> None:
    before, after = View.of(tree), View.of(renamed(tree, updates))
    ids = [held.id for held in tree.folders], [held.id for held in tree.connections]
    found = impacts(uses_of(*ids, names=before.names | after.names), before, after)
    if found:
        check_seen(found, seen, renames=len(updates))


def _rename(integration: Integration, updates: Sequence[Update]) -> None:
    try:
        with bulk.settled():
            mirror.take_turns(integration)
            mirror.rename(updates)
    except bulk.TreeChangedError:
        raise ChangedMeanwhileError(
            "Somebody changed one of these connections, or took a handle of theirs, at this very moment. Nothing was"
            " saved; save again."
        ) from None


def _values(integration: Integration) -> dict[str, Any]:
    names = (*CONNECTION_FIELDS, "connection_external_id")
    return {name: getattr(integration, name) for name in names if name != "options"} | dict(integration.options)


def _record(
    verb: str, integration: Integration, by: User, before: dict[str, Any], after: dict[str, Any], **further: object
) -> None:
    """Record a change in the audit log, and let what failed before be tried again."""
    audit.record(
        f"integration.{verb}", scope=integration.scope, by=by, target=integration, before=before, after=after, **further
    )
    requests.forget_failures(integration)

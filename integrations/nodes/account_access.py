"""AWS connections made by hand: each function is one transaction and writes one audit event, never a secret."""

from copy import copy
from datetime import datetime

from django.db import transaction
from django.db.models import F

from connections import manual_nodes
from connections.errors import ChangedMeanwhileError
from connections.models import Connection, ConnectionState, Folder
from integrations.access import findings
from integrations.access.connection_options import effective
from integrations.access_tests.request import request_test
from integrations.aws.external_id import new_external_id
from integrations.health import batches
from integrations.models import AccessMode, AccessTest, AccountAccess
from integrations.models.access_test_values import Instead
from integrations.models.settings import AccessSettings
from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User

PLUGIN = "aws"
_SAVED = ("access_mode", "role_arn", "access_key_id", "sealed_secret_key")
_SHOWN = ("access_mode", "role_arn", "access_key_id")


@transaction.atomic
def create_connection(
    *, scope: Scope, folder: Folder | None, handle: str, title: str, by: User, external_id: str = ""
) -> Connection:
    """Make a connection that is disabled until it has access; it gets its external id at once, this one or a new one.

    Raises HandleTakenError, and manual_nodes.ManagedError when the folder is an integration's.
    """
    made = manual_nodes.create_connection(scope=scope, folder=folder, handle=handle, title=title, plugin=PLUGIN, by=by)
    AccountAccess.objects.create(
        tenant=scope.tenant,
        organization=scope.organization,
        connection=made,
        discovery_external_id=external_id or _external_id(scope),
    )
    return made


@transaction.atomic
def change_access(*, access: AccountAccess, wanted: AccessSettings, seen: str, by: User) -> None:
    """Store another role or key; what the other access mode had is deleted. The connection is enabled by it.

    ``seen`` is the fingerprint that the person's page was made from; raises ChangedMeanwhileError when it is another by
    now.
    """
    current = _lock(access)
    if fingerprint(current) != seen:
        raise ChangedMeanwhileError
    before = {name: getattr(current, name) for name in _SHOWN}
    for name in _SAVED:
        setattr(current, name, getattr(wanted, name))
    if current.access_mode == AccessMode.KEY:
        current.role_arn = ""
    else:
        current.access_key_id = current.sealed_secret_key = ""
    after = {name: getattr(current, name) for name in _SHOWN}
    is_same = fingerprint(current) == seen and current.connection.state == ConnectionState.ACTIVE
    if is_same:
        return
    current.save(update_fields=_SAVED)
    made_usable = Connection.objects.filter(pk=current.connection_id)
    # Another version of it, whatever its state was: programs read its access with it.
    made_usable.update(state=ConnectionState.ACTIVE, version=F("version") + 1)
    batches.forget(current.tenant_id, made_usable)
    _record("access_changed", current, by, before=before, after=after)


@transaction.atomic
def request_connection_test(*, access: AccountAccess, by: User, now: datetime) -> AccessTest:
    """Start *Test Connection* with what is stored and inherited, and the rotated external id where one waits."""
    current = _lock(access)
    current.discovery_external_id = current.tested_external_id
    options = effective([current.connection])[current.connection_id]
    instead = Instead(discovery_external_id=current.discovery_external_id, options=options)
    return request_test(current, AccessTest.Kind.ACCOUNT, by=by, now=now, instead=instead, target=current.connection)


@transaction.atomic
def rotate_external_id(*, access: AccountAccess, by: User) -> None:
    """Make a new external id, which takes over when a test with it was green; until then the old one is used.

    Where no role uses the old one it takes over at once.
    """
    current = _lock(access)
    made = _external_id(current.scope)
    if current.role_arn:
        current.next_discovery_external_id = made
    else:
        current.discovery_external_id, current.next_discovery_external_id = made, ""
    current.save(update_fields=["discovery_external_id", "next_discovery_external_id"])
    _record("external_id_rotated", current, by)


def tested_fingerprint(access: AccountAccess) -> str:
    """Give the fingerprint that a test has which was started now."""
    current = copy(access)
    current.discovery_external_id = access.tested_external_id
    return fingerprint(current)


def fingerprint(access: AccessSettings) -> str:
    """Hash what a test depends on, the secret key included; pages may carry it."""
    return findings.fingerprint(access, AccessTest.Kind.ACCOUNT)


def _lock(access: AccountAccess) -> AccountAccess:
    related = ("connection__tenant", "connection__organization", "connection__workspace", "tenant")
    return AccountAccess.objects.select_related(*related).select_for_update(of=("self",)).get(pk=access.pk)


def _external_id(scope: Scope) -> str:
    return new_external_id((scope.organization or scope.tenant).public_id)


def _record(verb: str, access: AccountAccess, by: User, **details: object) -> None:
    audit.record(f"connection.{verb}", scope=access.scope, by=by, target=access.connection, **details)

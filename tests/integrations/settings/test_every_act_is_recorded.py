"""What people do, and the one event that the audit log then has of it: each act, and its second time."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from django.utils import timezone

from connections import actions as uses
from connections import manual_nodes, sharing
from connections.errors import ChangedMeanwhileError
from connections.models import Connection, Folder
from integrations.events import inlets
from integrations.models import Integration, SettingsTrial
from integrations.nodes import managed
from integrations.settings import change
from integrations.trials import account_selection, settings_trial
from tests import factories
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, User
from workspaces.people import tokens
from workspaces.places import actions, deletion


@dataclass
class Desk:
    """Somebody at work in acme/tnt, and what they need for it."""

    cast: Cast
    integration: Integration
    now: datetime = field(default_factory=timezone.now)

    @property
    def by(self) -> User:
        """Who works."""
        return self.cast.org_owner

    @property
    def version(self) -> str:
        """The version of the integration as it is stored."""
        return str(Integration.objects.get(pk=self.integration.pk).version)

    @property
    def discovered(self) -> Folder:
        """A folder that a sync has made."""
        return Folder.objects.get(handle="workloads")

    def folder(self) -> Folder:
        """Make a folder by hand."""
        return manual_nodes.create_folder(scope=self.cast.at_org, parent=None, handle="mine", title="", by=self.by)

    def connection(self) -> Connection:
        """Make a connection, and record nothing."""
        return factories.connection(self.cast.at_org, "Mine", handle="mine")


@pytest.fixture
def desk(cast: Cast, in_use: Synced) -> Desk:
    """The owner of acme/tnt at work."""
    return Desk(cast, in_use.integration)


def move_folder(desk: Desk) -> None:
    """Put a folder into another one."""
    other = factories.folder(desk.cast.at_org, "Other")
    manual_nodes.move_node(node=desk.folder(), parent=other, by=desk.by)


def move_connection(desk: Desk) -> None:
    """Put a connection into a folder."""
    other = factories.folder(desk.cast.at_org, "Other")
    manual_nodes.move_node(node=desk.connection(), parent=other, by=desk.by)


def change_place(desk: Desk, scope: Scope) -> None:
    actions.change_place(scope=scope, handle="other", name="Other", by=desk.by)


def change_permissions(desk: Desk) -> None:
    node = desk.connection()
    seen = sharing.fingerprint(sharing.grants_on(node))
    uses.change_permissions(node=node, audiences=[desk.cast.at_org], seen=seen, by=desk.by)


def set_own_handle(desk: Desk) -> None:
    node = desk.discovered
    managed.change_handle(node=node, handle="own", seen=managed.node_fingerprint(node), seen_impact="", by=desk.by)


def set_own_options(desk: Desk) -> None:
    node = desk.discovered
    managed.change_options(
        node=node, options={"default_region": "eu-west-1"}, seen=managed.node_fingerprint(node), by=desk.by
    )


def discard_other_settings(desk: Desk) -> None:
    wanted = copy(desk.integration)
    settings_trial.start(integration=desk.integration, wanted=wanted, version=desk.version, by=desk.by)
    for _ in range(2):
        settings_trial.discard(integration=desk.integration, about=SettingsTrial.About.DISCOVERY, by=desk.by)


def begin_to_choose(desk: Desk) -> None:
    account_selection.start(integration=desk.integration, version=desk.version, by=desk.by, now=desk.now)


def give_up_choosing(desk: Desk) -> None:
    begin_to_choose(desk)
    for _ in range(2):
        settings_trial.discard(integration=desk.integration, about=SettingsTrial.About.SELECTION, by=desk.by)


def enable_events(desk: Desk) -> None:
    for _ in range(2):
        inlets.enable(integration=desk.integration, by=desk.by, now=desk.now)


def rotate_key(desk: Desk) -> None:
    made = inlets.enable(integration=desk.integration, by=desk.by, now=desk.now)
    assert made is not None
    made_at = made.inlet.key_made_at.isoformat()
    later = timezone.now()
    inlets.rotate_key(integration=desk.integration, made_at=made_at, by=desk.by, now=later)
    with pytest.raises(ChangedMeanwhileError):
        inlets.rotate_key(integration=desk.integration, made_at=made_at, by=desk.by, now=later)


def disable_events(desk: Desk) -> None:
    enable_events(desk)
    for _ in range(2):
        inlets.close(integration=desk.integration, by=desk.by)


def delete_aggregator(desk: Desk) -> None:
    scope = desk.cast.at_workspace
    made = uses.create_aggregator(scope=scope, handle="all_dev", patterns=["dev*"], by=desk.by)
    uses.delete_aggregator(scope=scope, aggregator=made, by=desk.by)


def void_tokens(desk: Desk) -> None:
    tokens.void_all(tenant=desk.cast.acme, by=desk.by, now=desk.now)


def change_life_of_tokens(desk: Desk) -> None:
    for _ in range(2):
        tokens.set_longest_life(tenant=desk.cast.acme, days=30, by=desk.by)


# What is recorded, of what, and what somebody does.
ACTS: tuple[tuple[str, str, Callable[[Desk], object]], ...] = (
    ("tenant.changed", "other", lambda desk: change_place(desk, desk.cast.at_tenant)),
    ("organization.changed", "other", lambda desk: change_place(desk, desk.cast.at_org)),
    ("workspace.changed", "other", lambda desk: change_place(desk, desk.cast.at_workspace)),
    (
        "workspace.search_path_changed",
        "fireworks",
        lambda desk: uses.change_search_path(
            scope=desk.cast.at_workspace, prefix=["prod"], seen=["dev", "acme_dev", "elsewhere"], by=desk.by
        ),
    ),
    ("organization.deleted", "tnt", lambda desk: deletion.delete_place(scope=desk.cast.at_org, by=desk.by)),
    (
        "workspace.deleted",
        "fireworks",
        lambda desk: deletion.delete_place(scope=desk.cast.at_workspace, by=desk.by),
    ),
    ("folder.created", "mine", lambda desk: desk.folder()),
    (
        "folder.changed",
        "other",
        lambda desk: manual_nodes.change_node(node=desk.folder(), handle="other", title="", by=desk.by),
    ),
    ("folder.moved", "mine", move_folder),
    ("connection.moved", "mine", move_connection),
    ("folder.deleted", "mine", lambda desk: manual_nodes.delete_node(node=desk.folder(), by=desk.by)),
    (
        "connection.changed",
        "other",
        lambda desk: manual_nodes.change_node(node=desk.connection(), handle="other", title="", by=desk.by),
    ),
    ("connection.deleted", "mine", lambda desk: manual_nodes.delete_node(node=desk.connection(), by=desk.by)),
    ("connection.permissions_changed", "mine", change_permissions),
    ("folder.handle_changed", "own", set_own_handle),
    ("folder.options_changed", "workloads", set_own_options),
    (
        "aggregator.created",
        "all_dev",
        lambda desk: uses.create_aggregator(
            scope=desk.cast.at_workspace, handle="all_dev", patterns=["dev*"], by=desk.by
        ),
    ),
    ("aggregator.deleted", "all_dev", delete_aggregator),
    (
        "integration.handle_changed",
        "other",
        lambda desk: change.change_handle(
            integration=desk.integration, handle="other", version=desk.version, by=desk.by
        ),
    ),
    (
        "integration.schedule_changed",
        "main",
        lambda desk: change.change_schedule(integration=desk.integration, minutes=30, version=desk.version, by=desk.by),
    ),
    (
        "integration.deletion_limit_changed",
        "main",
        lambda desk: change.change_deletion_limit(
            integration=desk.integration, percent=1, connections=1, version=desk.version, by=desk.by
        ),
    ),
    ("integration.settings_discarded", "main", discard_other_settings),
    ("integration.selection_begun", "main", begin_to_choose),
    ("integration.selection_discarded", "main", give_up_choosing),
    ("integration.events_enabled", "main", enable_events),
    ("integration.events_key_rotated", "main", rotate_key),
    ("integration.events_disabled", "main", disable_events),
    ("tenant.tokens_voided", "acme", void_tokens),
    ("tenant.token_life_changed", "acme", change_life_of_tokens),
)


@pytest.mark.parametrize(("action", "label", "act"), ACTS, ids=[action for action, _, _ in ACTS])
def test_an_act_is_recorded_once_with_who_did_it_to_what(
    desk: Desk, action: str, label: str, act: Callable[[Desk], object]
) -> None:
    with isolation.as_tenant(desk.cast.acme.pk):
        act(desk)
        (event,) = AuditEvent.objects.filter(action=action)
    assert (event.actor_id, event.object_label) == (desk.by.pk, label)

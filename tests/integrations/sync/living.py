"""An AWS organization that lives, people who work on its tree, and a worker that dies: the steps of any history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

from django.db import connection
from django.utils import timezone
from hypothesis import strategies as st

from connections import sharing
from connections.actions import add_schema
from connections.models import Connection, Folder, Grant, Schema
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.nodes import managed
from integrations.planning.handle_prefix import PrefixRefusedError
from integrations.settings import change as settings_change
from integrations.settings.change import UnseenImpactError
from tests.conftest import Cast
from tests.fakes.aws import AwsOrganization, StandInError
from tests.fakes.aws.organization import STATES, Account
from tests.integrations.conftest import Synced
from tests.integrations.planning.trees import NAMES
from tests.tallied import miscounted
from workspaces import isolation

CHANGES = ("account", "unit", "rename", "move", "state", "leave", "join again", "delete unit")
ACTS = ("static handle", "grant", "schema", "options", "prefix")
_MOST_ACCOUNTS = 12


class Change(NamedTuple):
    """One change in AWS; the numbers choose among what is there when it is made."""

    kind: str
    one: int
    other: int
    name: str


changes = st.builds(Change, st.sampled_from(CHANGES), st.integers(0, 99), st.integers(0, 99), st.sampled_from(NAMES))


@dataclass
class Life:
    """What happens in an AWS organization; what AWS would refuse does not happen."""

    organization: AwsOrganization
    left: list[Account] = field(default_factory=list)
    age: float = 10.0

    def make(self, change: Change) -> None:
        """Make one change."""
        with suppress(StandInError), self.organization.lock:
            self._make(change)

    def _make(self, change: Change) -> None:
        organization, self.age = self.organization, self.age + 1
        parents = [organization.root_id, *organization.units]
        parent = parents[change.other % len(parents)]
        account = _pick([*organization.accounts], change.one)
        match change.kind:
            case "account" if len(organization.accounts) < _MOST_ACCOUNTS:
                organization.create_account(change.name, parent=parent, joined_at=self.age)
            case "unit":
                organization.create_unit(change.name, parent=parent)
            case "rename":
                organization.rename(_pick([*organization.accounts, *organization.units], change.one), change.name)
            case "move":
                organization.move(account, parent)
            case "state":
                organization.set_state(account, STATES[change.other % len(STATES)])
            case "leave":
                self.left.append(organization.remove(account))
            case "join again" if self.left:
                back = self.left.pop(change.one % len(self.left))
                organization.create_account(back.name, account_id=back.id, parent=parent, joined_at=self.age)
            case "delete unit" if organization.units:
                organization.delete_unit(_pick([*organization.units], change.one))

    def let_leave(self, number: int) -> None:
        """Let so many accounts leave at once."""
        members = [it for it in self.organization.accounts if it != self.organization.management_account_id]
        self.left += [self.organization.remove(account_id) for account_id in members[:number]]


def _pick(ids: list[str], number: int) -> str:
    return ids[number % len(ids)]


class Facts(NamedTuple):
    """What people did to a node, and its identity: no sync may touch it."""

    id: int
    static_handle: str
    options: str
    grants: tuple[int, ...]
    schemas: tuple[int, ...]


def facts_of(integration: Integration) -> dict[str, Facts]:
    """By source id, for every node that was ever mirrored, the removed ones too."""
    with isolation.as_tenant(integration.tenant_id):
        found: dict[str, Facts] = {}
        for model, key in ((Folder, "folder"), (Connection, "connection")):
            grants, schemas = _rows(Grant, key), _rows(Schema, key)
            for node in model.objects.filter(root=integration.root_folder_id):
                static = node.handle if node.is_handle_static else ""
                own = tuple(grants.get(node.pk, ())), tuple(schemas.get(node.pk, ()))
                is_top = (
                    node.pk == integration.root_folder_id and model is Folder
                )  # before the first sync without an id
                found["top" if is_top else node.source_id] = Facts(node.pk, static, str(node.options), *own)
        return found


def _rows(model: type[Grant | Schema], key: str) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for node_id, pk in model.objects.exclude(**{key: None}).order_by("pk").values_list(f"{key}_id", "pk"):
        rows.setdefault(node_id, []).append(pk)
    return rows


def act(kind: str, number: int, mirror: Synced, cast: Cast) -> None:
    """Let an owner do something to one of the connections that are there, or to all handles."""
    with isolation.as_tenant(cast.acme.pk):
        integration = Integration.objects.select_related("tenant", "organization").get(pk=mirror.integration.pk)
        present = Connection.objects.filter(root=integration.root_folder_id, removed_at=None)
        there = list(present.select_related("tenant", "organization", "workspace", "folder").order_by("pk"))
        if kind == "prefix":
            _change_prefix(integration, ("", "aws_", "x_")[number % 3], cast)
        elif there:
            _act_on(there[number % len(there)], kind, cast)


def _act_on(node: Connection, kind: str, cast: Cast) -> None:
    match kind:
        case "static handle":

            def rename(seen_impact: str) -> None:
                handle, seen = f"mine_{node.pk}", managed.node_fingerprint(node)
                managed.change_handle(node=node, handle=handle, seen=seen, seen_impact=seen_impact, by=cast.org_owner)

            _confirmed(rename)
        case "grant":
            sharing.set_grants(node, [cast.at_org, cast.at_workspace])
        case "schema":
            sharing.set_grants(node, [cast.at_org, cast.at_workspace])
            add_schema(scope=cast.at_workspace, node=node, by=cast.workspace_owner)
        case "options":
            managed.change_options(
                node=node, options={"regions": ["eu-*"]}, seen=managed.node_fingerprint(node), by=cast.org_owner
            )


def _change_prefix(integration: Integration, prefix: str, cast: Cast) -> None:
    version = str(integration.version)
    integration.handle_prefix = prefix

    def change(seen: str) -> None:
        settings_change.change_connection_settings(
            integration=integration, wanted=integration, version=version, seen=seen, by=cast.org_owner
        )

    with suppress(PrefixRefusedError):
        _confirmed(change)


def _confirmed(change: Callable[[str], None]) -> None:
    """Change something as a person who looks at the impact and confirms it."""
    try:
        change("")
    except UnseenImpactError as unseen:
        change(unseen.fingerprint)


class KilledError(BaseException):
    """The worker is gone at once, and writes nothing any more."""


def dying(at: int) -> Callable[[SyncRun], None]:
    """Watch a run and die at its so-many-th step; ``buried`` gives the claim back that the dead one held."""
    steps = iter(range(at))

    def watch(run: SyncRun) -> None:
        if next(steps, None) is None and run.state == SyncRun.State.RUNNING:
            # Nothing that the code does on its way out may reach the database: the claim is not its own any more.
            SyncSchedule.objects.filter(pk=run.integration_id, claim=run.claim).update(claim=uuid4())
            raise KilledError

    return watch


@contextmanager
def buried(mirror: Synced) -> Iterator[None]:
    """Let a run die inside; what it leaves is what a killed process leaves: its claim, and its row as running."""
    with suppress(KilledError):
        yield
    schedule = mirror.schedule()
    last = mirror.runs()[-1]
    if schedule.claim is not None and last.state == SyncRun.State.RUNNING:
        SyncSchedule.objects.filter(pk=schedule.pk).update(claim=last.claim)


def expire_claim(mirror: Synced) -> None:
    """Let the time of a claim pass."""
    held = SyncSchedule.objects.filter(pk=mirror.integration.pk).exclude(claim=None)
    held.update(claim_expires_at=timezone.now() - timedelta(seconds=1))


def check_constraints() -> None:
    """Check what a commit would check, and what the database has counted."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert miscounted() == []

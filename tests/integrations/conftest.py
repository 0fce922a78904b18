"""The stand-in AWS, and an integration that mirrors the AWS organization in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings

from connections.models import Connection, Folder
from integrations.aws.calls.retry import Retries
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.sync import requests
from integrations.sync import run as sync_run
from integrations.wizard import finish
from tests import factories
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws, new_organization, running_aws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations import kept
from workspaces import isolation
from workspaces.access import Scope

QUICK = Retries(faults=2, throttles=3, first_wait=0.01)

# Two shared cores are too slow, now and then, for any limit on time.
hypothesis_settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("calm")


def settings_for(aws: RunningAws) -> dict[str, object]:
    """The settings that send our client to a stand-in, at full speed."""
    return {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "PIPES_AWS_PRINCIPALS": {"aws": VENDOR_ROLE_ARN},
        "PIPES_AWS_QUOTA_SHARE": 1000.0,
    }


def environment_for(aws: RunningAws) -> dict[str, str]:
    """The environment that gives our client our own identity in a stand-in, and no other."""
    return {
        "AWS_ACCESS_KEY_ID": aws.vendor_key.id,
        "AWS_SECRET_ACCESS_KEY": aws.vendor_key.secret,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


# Where the last stand-in was: the next one is there too, so that our clients of it, which take long to make, are kept.
_last: dict[str, int] = {"port": 0}


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Open what is kept for several tests before the transaction of the test that is about to begin."""
    if fixturedef.argname == "_django_db_helper":
        for each in kept.EVERY:
            each.prepare(request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Undo what is kept when the next test has no use for it, wherever that is."""
    yield
    for each in kept.EVERY:
        each.end(before=nextitem)


@contextmanager
def small_aws() -> Iterator[RunningAws]:
    """Serve a small AWS organization: two OUs, of which one holds two accounts; the same ids each time."""
    with running_aws(new_organization("acme", joined_at=1.0), port=_last["port"]) as running:
        _last["port"] = urlsplit(running.endpoint_url).port or 0
        organization = running.organization
        workloads = organization.create_unit("Workloads")
        organization.create_unit("Sandbox")
        organization.create_account("Prod", parent=workloads.id, joined_at=2.0)
        organization.create_account("Dev", parent=workloads.id, joined_at=3.0)
        yield running


@pytest.fixture
def aws(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAws]:
    """A small AWS organization in the stand-in, which our client is sent to at full speed."""
    with small_aws() as running:
        for name, value in settings_for(running).items():
            setattr(settings, name, value)
        for name, text in environment_for(running).items():
            monkeypatch.setenv(name, text)
        yield running


@dataclass
class Synced:
    """An integration, and what a test wants to know of it."""

    aws: RunningAws
    integration: Integration

    def request(self) -> SyncRun:
        """Ask for a sync."""
        with isolation.as_tenant(self.integration.tenant_id):
            return requests.request_sync(integration=self.integration, by=None, now=timezone.now())

    def sync(self) -> SyncRun:
        """Ask for a sync and run it."""
        self.request()
        return self.work()

    def work(self, retries: Retries = QUICK) -> SyncRun:
        """Run what is due."""
        run = sync_run.run(self.integration.tenant_id, self.integration.pk, retries=retries)
        assert run is not None
        return run

    def tree(self) -> dict[str, str]:
        """What the tree shows: handle → the titles from the top down to the node, and its state."""
        with isolation.as_tenant(self.integration.tenant_id):
            folders = list(Folder.objects.filter(root=self.integration.root_folder_id, removed_at=None))
            titles = {folder.pk: folder.title for folder in folders}
            connections = Connection.objects.filter(root=self.integration.root_folder_id, removed_at=None)
            places = {folder.handle: _place(folder.path, titles) for folder in folders}
            return places | {
                node.handle: f"{_place(node.folder.path, titles)}/{node.title} {node.state}"
                for node in connections.select_related("folder")
                if node.folder
            }

    def connection(self, title: str) -> Connection:
        """The connection of that title, removed or not."""
        with isolation.as_tenant(self.integration.tenant_id):
            return Connection.objects.get(root=self.integration.root_folder_id, title=title)

    def schedule(self) -> SyncSchedule:
        """The integration's row in the schedule, as it is now."""
        return SyncSchedule.objects.get(pk=self.integration.pk)

    def runs(self) -> list[SyncRun]:
        """All runs, the oldest first."""
        with isolation.as_tenant(self.integration.tenant_id):
            return list(SyncRun.objects.filter(integration=self.integration).order_by("pk"))


def _place(path: str, titles: dict[int, str]) -> str:
    return "/".join(titles[int(part)] for part in path.split("/") if part)


@pytest.fixture
def mirror(aws: RunningAws, cast: Cast) -> Synced:
    """An organization-level integration by role, before its first sync; in one transaction with the test."""
    return make_mirror(aws, cast.at_org, cast)


def make_mirror(aws: RunningAws, scope: Scope, cast: Cast, handle: str = "main") -> Synced:
    """Make an integration whose role exists in the stand-in."""
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(scope, handle, by=cast.org_owner)
        draft.role_arn = aws.roles.create_discovery(draft.discovery_external_id, name=f"pipes-{handle}")
        made = finish.create_integration(draft=draft, audiences=(), by=cast.org_owner, now=timezone.now())
        # Freshly read, so that no test leans on what an object remembers.
        return Synced(aws, Integration.objects.select_related("tenant", "organization").get(pk=made.pk))


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def integration(committed: Cast) -> Integration:
    """An integration whose first run was done long ago, and which is not due."""
    with isolation.as_tenant(committed.acme.pk):
        made = factories.integration(committed.at_org, "main", by=committed.org_owner)
        SyncRun.objects.all().delete()
        SyncSchedule.objects.update(next_due_at=timezone.now() + timedelta(hours=1))
        return made

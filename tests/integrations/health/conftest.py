"""A mirror after its first sync, and helpers to make roles and look at the health of its connections."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from integrations.health import run as health_run
from integrations.models import HealthSchedule, Integration
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK, Synced, make_mirror
from workspaces import isolation

ROLE = "pipes-connection"


@dataclass
class Scene:
    """A synced integration whose connections are tested: Management, Prod and Dev."""

    mirror: Synced

    @property
    def aws(self) -> RunningAws:
        """The stand-in."""
        return self.mirror.aws

    @property
    def tenant_id(self) -> int:
        """The tenant of all this."""
        return self.mirror.integration.tenant_id

    def account(self, name: str) -> str:
        """The id of an account."""
        return self.aws.organization.find_account(name).id

    def make_roles(self, *names: str, external_id: str | None = "ours") -> None:
        """Create the role in these accounts; ``external_id`` is what it requires, None for nothing."""
        required = self.mirror.integration.connection_external_id if external_id == "ours" else external_id
        for name in names:
            self.aws.roles.create(ROLE, trusting(VENDOR_ROLE_ARN, required), account=self.account(name))

    def age(self, span: timedelta = timedelta(hours=1)) -> None:
        """Let all connections be that much older, and due."""
        with isolation.as_tenant(self.tenant_id):
            past = timezone.now() - span
            Connection.objects.update(health_changed_at=past, health_due_at=past)

    def run(self, *, within_seconds: float = 20.0) -> None:
        """Let the worker test what is due now."""
        make_due(self.tenant_id)
        health_run.run(self.tenant_id, retries=QUICK, within_seconds=within_seconds)

    def node(self, name: str) -> Connection:
        """A connection as it is now."""
        return self.mirror.connection(name)

    def node_by_hand(self) -> Connection:
        """The one connection that was made by hand, as it is now."""
        with isolation.as_tenant(self.tenant_id):
            return Connection.objects.get(is_managed=False)

    def healths(self) -> dict[str, str]:
        """The health of each connection."""
        with isolation.as_tenant(self.tenant_id):
            return dict(Connection.objects.values_list("title", "health"))


def make_due(tenant_id: int) -> None:
    """Let the tenant's tests be due, and nobody be at them."""
    HealthSchedule.objects.filter(pk=tenant_id).delete()
    HealthSchedule.objects.create(tenant_id=tenant_id, next_due_at=timezone.now())


def make_scene(aws: RunningAws, cast: Cast) -> Scene:
    """Sync a mirror whose connections have a role name, and let them be an hour old."""
    mirror = make_mirror(aws, cast.at_org, cast)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(role_name=ROLE)
        mirror.integration.role_name = ROLE
    mirror.work()
    made = Scene(mirror)
    made.age()
    return made


@pytest.fixture
def tested(aws: RunningAws, cast: Cast) -> Scene:
    """The same, in one transaction with the test."""
    return make_scene(aws, cast)

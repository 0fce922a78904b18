"""The stand-in in a test: ``with running_aws(organization) as aws:`` serves it from a thread of this process."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.fakes.aws.faults import CallLog, Faults
from tests.fakes.aws.iam import VENDOR_ROLE_ARN, AccessKey, Iam
from tests.fakes.aws.organization import AwsOrganization
from tests.fakes.aws.policy import Policy, reading_organizations, trusting
from tests.fakes.aws.server import serving
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.template import Deployment
from tests.fakes.aws.world import Wire, World, add_vendor


@dataclass
class Roles:
    """Roles and users in the AWS organization under test."""

    world: World
    organization: AwsOrganization

    def create(
        self, name: str, trust_policy: Policy, *policies: Policy, account: str = "", max_session_seconds: int = 3600
    ) -> str:
        """Create a role, in the management account unless told otherwise; returns its ARN."""
        role = self.world.iam.create_role(
            account or self.organization.management_account_id,
            name,
            trust_policy,
            *policies,
            partition=self.organization.partition,
            max_session_seconds=max_session_seconds,
        )
        return role.arn

    def create_discovery(self, external_id: str, *, name: str = "pipes-discovery") -> str:
        """Create the role that a customer makes for us: it trusts our principal and may read; returns its ARN."""
        return self.create(name, trusting(VENDOR_ROLE_ARN, external_id), reading_organizations())

    def create_key(self, user: str, *policies: Policy, account: str = "") -> AccessKey:
        """Create a user with these permissions and return a key pair of it."""
        organization = self.organization
        created = self.world.iam.create_user(
            account or organization.management_account_id, user, *policies, partition=organization.partition
        )
        return self.world.iam.create_key(created.arn)

    def delete(self, arn: str) -> None:
        """Delete a role."""
        self.world.iam.delete_role(arn)

    def deploy(
        self, template: str, parameters: dict[str, str] | None = None, *, account: str = "", stack_name: str = "pipes"
    ) -> Deployment:
        """Create what a CloudFormation template describes, in the management account unless told otherwise."""
        return self.world.deploy(
            template, self.organization, account_id=account, parameters=parameters, stack_name=stack_name
        )


@dataclass
class RunningAws:
    """A stand-in that answers at ``endpoint_url``; everything here may be changed while it runs."""

    endpoint_url: str
    stand_in: StandIn
    organization: AwsOrganization
    roles: Roles
    vendor_key: AccessKey

    @property
    def world(self) -> World:
        """All AWS organizations and the IAM of all accounts."""
        return self.stand_in.world

    @property
    def iam(self) -> Iam:
        """Roles, users and keys of any account."""
        return self.stand_in.world.iam

    @property
    def wire(self) -> Wire:
        """How answers are worded."""
        return self.stand_in.world.wire

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.stand_in.faults

    @property
    def calls(self) -> CallLog:
        """The calls received."""
        return self.stand_in.calls

    def expire_sessions(self) -> None:
        """Make every session that was issued until now an expired one."""
        self.stand_in.expire_sessions()


@contextmanager
def running_aws(*organizations: AwsOrganization, port: int = 0) -> Iterator[RunningAws]:
    """Serve these AWS organizations with our own principal; ``organization`` is the first of them.

    It is on this port if that is free, else on any that is.
    """
    world = World(list(organizations))
    vendor_key = add_vendor(world)
    stand_in = StandIn(world)
    with serving(stand_in, port=port if port and _is_free(port) else 0) as server:
        first = organizations[0]
        yield RunningAws(server.endpoint_url, stand_in, first, Roles(world, first), vendor_key)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return True
    return False

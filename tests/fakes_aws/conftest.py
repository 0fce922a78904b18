"""A small AWS organization, the stand-in that serves it, and boto3 clients that are closed afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.fakes.aws import AwsOrganization, RunningAws, allowing, new_organization, running_aws, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN

Connect = Callable[..., Any]
EXTERNAL_ID = "o_1:abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def organization() -> AwsOrganization:
    """Two OUs, one in the other, and three accounts besides the management account."""
    made = new_organization("test")
    workloads = made.create_unit("Workloads")
    prod = made.create_unit("Prod", parent=workloads.id)
    made.create_account("web", parent=prod.id)
    made.create_account("db", parent=prod.id)
    made.create_account("audit", parent=workloads.id)
    return made


@pytest.fixture
def aws(organization: AwsOrganization) -> Iterator[RunningAws]:
    """The stand-in, serving ``organization``."""
    with running_aws(organization) as running:
        yield running


@pytest.fixture
def connect(aws: RunningAws) -> Iterator[Connect]:
    """Make a client of the stand-in with any credentials; without retries, so that every call counts once."""
    clients = []

    def make(service: str, credentials: Any, *, region: str = "us-east-1", read_timeout: float = 10) -> Any:
        if isinstance(credentials, dict):  # what AssumeRole answered
            keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        else:
            keys = (credentials.id, credentials.secret, None)
        client = boto3.client(
            service,
            region_name=region,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=Config(read_timeout=read_timeout, retries={"mode": "standard", "total_max_attempts": 1}),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def sts(aws: RunningAws, connect: Connect) -> Any:
    """STS as our own server calls it."""
    return connect("sts", aws.vendor_key)


@pytest.fixture
def reader(aws: RunningAws, connect: Connect, sts: Any) -> Any:
    """Organizations through a role in the management account that may read everything."""
    policy = allowing("organizations:Describe*", "organizations:List*")
    arn = aws.roles.create("reader", trusting(VENDOR_ROLE_ARN, EXTERNAL_ID), policy)
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="pipes-test", ExternalId=EXTERNAL_ID)
    return connect("organizations", answer["Credentials"])

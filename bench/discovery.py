"""Reading an AWS organization, throttled as published and 40 ms a call: ours, and the walks that most tools make."""

import time
from collections.abc import Callable

import boto3
from botocore.config import Config
from django.conf import settings

from bench.table import Row, show
from integrations.aws.organizations import read_snapshot
from integrations.aws.session import KeyCredentials, open_session
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.iam import AccessKey
from tests.fakes.aws.organization import AwsOrganization
from tests.fakes.aws.policy import reading_organizations
from tests.fakes.aws.sample import build

_LATENCY_SECONDS = 0.04
_PAGE = 20


def run(accounts: int, runs: int) -> None:
    """Compare the ways, one run each: they take minutes, and the token buckets make them regular."""
    organization = build(accounts=accounts, units=max(10, accounts // 10 if accounts <= 1_000 else accounts // 20))
    pages = -(-accounts // _PAGE)
    above_five = 1 + sum(organization.level(unit) < 5 for unit in organization.units)
    floor = max((pages - 12) / 8, (above_five - 8) / 5, pages * _LATENCY_SECONDS)
    ways = [("walk of the OUs, one by one", _walk), ("ours", _ours)]
    if accounts <= 100:
        ways.append(("ListParents for each account", _parents))
    rows = [Row("computed floor of one bucket", floor, f"goal {round(1.05 * (pages + above_five + 3))} calls")]
    rows += [_measure(name, way, organization) for name, way in ways]
    show(f"Discovery of {accounts} accounts in {len(organization.units)} OUs, throttled as published", rows)


def _measure(name: str, way: Callable[[RunningAws, AccessKey], object], organization: AwsOrganization) -> Row:
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations())
        aws.faults.latency = _LATENCY_SECONDS
        aws.faults.throttle_as_published()
        started = time.perf_counter()
        way(aws, key)
        seconds = time.perf_counter() - started
        throttled = aws.calls.count(code="TooManyRequestsException")
        probes = aws.calls.count("ListChildren")
        return Row(name, seconds, f"{len(aws.calls) - probes} calls, {probes} probes of leaves, {throttled} throttled")


def _ours(aws: RunningAws, key: AccessKey) -> None:
    settings.AWS_ENDPOINT_URL = aws.endpoint_url
    read_snapshot(open_session(KeyCredentials(key.id, key.secret)))


def _client(aws: RunningAws, key: AccessKey) -> "boto3.client":
    return boto3.client(
        "organizations",
        region_name="us-east-1",
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"mode": "adaptive", "total_max_attempts": 20}),
    )


def _walk(aws: RunningAws, key: AccessKey) -> None:
    """List the OUs and the accounts of every parent, as cartography does, with botocore's adaptive retries."""
    client = _client(aws, key)
    parents = [client.list_roots()["Roots"][0]["Id"]]
    for parent in parents:
        for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
            len(page["Accounts"])
        for page in client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
            parents += [unit["Id"] for unit in page["OrganizationalUnits"]]


def _parents(aws: RunningAws, key: AccessKey) -> None:
    """Ask for the parents of every account, as Prowler does."""
    client = _client(aws, key)
    for page in client.get_paginator("list_accounts").paginate():
        for account in page["Accounts"]:
            child = account["Id"]
            while not child.startswith("r-"):
                child = client.list_parents(ChildId=child)["Parents"][0]["Id"]

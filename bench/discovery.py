"""Reading an AWS organization, throttled as published and 40 ms a call: ours, and the walks that most tools make."""

import multiprocessing
import time
from collections.abc import Callable

import boto3
import django
from botocore.config import Config
from django.conf import settings
from django.test.utils import override_settings

from bench.memory import megabytes
from bench.table import Row, show
from integrations.aws.organizations import identify, read_snapshot
from integrations.aws.session import KeyCredentials, open_session
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.iam import AccessKey
from tests.fakes.aws.organization import AwsOrganization
from tests.fakes.aws.policy import allowing, reading_organizations
from tests.fakes.aws.sample import build

_LATENCY_SECONDS = 0.04
_PAGE = 20


def run(accounts: int, runs: int) -> None:
    """Compare the ways, one run each: they take minutes, and the token buckets make them regular."""
    organization = build(accounts=accounts, units=max(10, accounts // 10 if accounts <= 1_000 else accounts // 20))
    pages = -(-accounts // _PAGE)
    above_five = 1 + sum(organization.level(unit) < 5 for unit in organization.units)
    leaves = len(organization.units) + 1 - above_five
    one_bucket = max((pages - 12) / 8, (above_five - 8) / 5, pages * _LATENCY_SECONDS)
    two_buckets = max((pages - 12) / 8, pages * _LATENCY_SECONDS)
    rows = [
        Row("floor of one bucket", one_bucket, f"goal {round(1.05 * (pages + above_five + 3))} calls"),
        Row("floor of the list of accounts alone", two_buckets, f"{leaves} OUs on level 5 need no call"),
        _measure("ours", _ours, organization),
        _measure("walk of the OUs, one by one", _walk, organization),
    ]
    if accounts <= 1_000:
        rows.append(_measure("ours, with half of the quota", _with_half, organization))
    if accounts <= 100:
        rows.append(_measure("ListParents for each account", _parents, organization))
    show(f"Discovery of {accounts} accounts in {len(organization.units)} OUs, throttled as published", rows)
    print(f"  ours / walk of the OUs: {rows[2].seconds / rows[3].seconds:.2f}")
    print(f"  memory beyond the process: {_memory(organization):.1f} MB, snapshot included")


def _measure(name: str, way: Callable[[RunningAws, AccessKey], object], organization: AwsOrganization) -> Row:
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations(), allowing("organizations:ListParents"))
        aws.faults.latency = _LATENCY_SECONDS
        aws.faults.throttle_as_published()
        started = time.perf_counter()
        way(aws, key)
        seconds = time.perf_counter() - started
        throttled = aws.calls.count(code="TooManyRequestsException")
        probes = aws.calls.count("ListChildren")
        return Row(name, seconds, f"{len(aws.calls) - probes} calls, {probes} probes of leaves, {throttled} throttled")


def _memory(organization: AwsOrganization) -> float:
    """Read in a process of its own, at full speed, and give what that took beyond what the process had before."""
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations())
        spawned = multiprocessing.get_context("spawn")
        answers: multiprocessing.Queue[float] = spawned.Queue()
        process = spawned.Process(target=_read_and_weigh, args=(aws.endpoint_url, key.id, key.secret, answers))
        process.start()
        grown = answers.get(timeout=300)
        process.join()
    return grown


def _read_and_weigh(endpoint_url: str, key_id: str, secret: str, answers: "multiprocessing.Queue[float]") -> None:
    django.setup()
    settings.AWS_ENDPOINT_URL, settings.PIPES_AWS_QUOTA_SHARE = endpoint_url, 1000.0
    session = open_session(KeyCredentials(key_id, secret))
    identity = identify(session)
    before = megabytes("VmRSS")
    read_snapshot(session, identity=identity)
    answers.put(megabytes("VmHWM") - before)


def _ours(aws: RunningAws, key: AccessKey) -> None:
    settings.AWS_ENDPOINT_URL = aws.endpoint_url
    read_snapshot(open_session(KeyCredentials(key.id, key.secret)))


def _with_half(aws: RunningAws, key: AccessKey) -> None:
    with override_settings(PIPES_AWS_QUOTA_SHARE=0.5):
        _ours(aws, key)


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

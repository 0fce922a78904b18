"""Reading an AWS organization, throttled as published and 40 ms a call: ours, and the walks that most tools make."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import boto3
import django
from botocore.config import Config
from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone

from bench.database import a_scope
from bench.memory import megabytes
from bench.table import Row, at_most, fastest_of, show
from connections.models import Connection
from integrations.access_tests import run as access_tests_run
from integrations.access_tests.request import request_test
from integrations.aws.discovery.read import identify, read_snapshot
from integrations.aws.session import KeyCredentials, open_session
from integrations.models import AccessTest, SyncRun
from integrations.sync import run as sync_run
from integrations.wizard.finish import create_integration
from tests import factories
from tests.fakes.aws import RunningAws, running_aws
from tests.fakes.aws.iam import AccessKey
from tests.fakes.aws.organization import AwsOrganization
from tests.fakes.aws.policy import allowing, reading_organizations
from tests.fakes.aws.sample import build
from workspaces import isolation

_LATENCY_SECONDS = 0.04
_PAGE = 20
_FIRST_SYNC_SET_AT = 10_000
_OF_THE_WALK = {1_000: 0.7, 10_000: 0.45}  # the sizes that the goals are set at


def run(accounts: int, runs: int) -> None:
    """Compare the ways, one run each: they take minutes, and the token buckets make them regular."""
    organization = _organization(accounts)
    pages = -(-accounts // _PAGE)
    above_five = 1 + sum(organization.level(unit) < 5 for unit in organization.units)
    leaves = len(organization.units) + 1 - above_five
    one_bucket = max((pages - 12) / 8, (above_five - 8) / 5, pages * _LATENCY_SECONDS)
    two_buckets = max((pages - 12) / 8, pages * _LATENCY_SECONDS)
    most_calls = round(1.05 * (pages + above_five + 3))
    ours, walk = _measure("ours", _ours, organization), _measure("walk of the OUs, one by one", _walk, organization)
    rows = [
        Row("floor of one bucket", one_bucket, f"goal {most_calls} calls"),
        Row("floor of the list of accounts alone", two_buckets, f"{leaves} OUs on level 5 need no call"),
        ours.row,
        walk.row,
    ]
    if accounts <= 1_000:
        rows.append(_measure("ours, with half of the quota", _with_half, organization).row)
    if accounts <= 100:
        rows.append(_measure("ListParents for each account", _parents, organization).row)
    show(f"Discovery of {accounts} accounts in {len(organization.units)} OUs, throttled as published", rows)
    memory = _memory(organization)
    print(f"  memory beyond the process: {memory:.1f} MB, snapshot included")
    if accounts in _OF_THE_WALK:
        what = f"discovery of {accounts}"
        at_most(f"{what}, calls", ours.calls, most_calls)
        at_most(f"{what}, of the floor of one bucket", ours.row.seconds / one_bucket, 1.05)
        at_most(f"{what}, throttled answers", ours.throttled, 3)
        at_most(f"{what}, of the walk of the OUs", ours.row.seconds / walk.row.seconds, _OF_THE_WALK[accounts])
        at_most(f"{what}, memory in MB", memory, 40)


def first_sync(accounts: int, runs: int) -> None:
    """Time a Test Discovery and then the first sync, which applies what that has read; one run each."""
    organization = _organization(accounts)
    scope = a_scope(f"first-{accounts}")
    person = factories.user(f"first-{accounts}-owner")
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations())
        settings.AWS_ENDPOINT_URL = aws.endpoint_url
        aws.faults.latency = _LATENCY_SECONDS
        aws.faults.throttle_as_published()
        with isolation.as_tenant(scope.tenant.pk):
            access = {"access_mode": "key", "access_key_id": key.id, "secret_key": key.secret}
            draft = factories.draft(scope, "main", by=person, **access)
            test = request_test(draft, AccessTest.Kind.DISCOVERY, by=person, now=timezone.now())
        tested = fastest_of(1, lambda: access_tests_run.run(scope.tenant.pk, test.pk))
        calls_of_test = len(aws.calls)
        with isolation.as_tenant(scope.tenant.pk):
            made = create_integration(draft=draft, audiences=(), by=person, now=timezone.now())
        aws.calls.clear()
        synced = fastest_of(1, lambda: sync_run.perform(scope.tenant.pk, made.pk))
        calls = len(aws.calls)
    with isolation.as_tenant(scope.tenant.pk):
        (run,) = SyncRun.objects.all()
        there = Connection.objects.filter(root=made.root_folder_id).count()
    assert (run.state, run.read_by, there) == ("succeeded", "test", accounts), run.error
    rows = [
        Row("Test Discovery", tested, f"{calls_of_test} calls"),
        Row("first sync, which applies what that has read", synced, f"{calls} calls, {there} connections"),
    ]
    show(f"First sync of {accounts} accounts after a green Test Discovery, throttled as published", rows)
    if accounts == _FIRST_SYNC_SET_AT:
        at_most(f"first sync of {accounts} after a green Test Discovery, s", synced, 5)
        at_most(f"first sync of {accounts} after a green Test Discovery, calls", calls, 6)


def _organization(accounts: int) -> AwsOrganization:
    return build(accounts=accounts, units=max(10, accounts // 10 if accounts <= 1_000 else accounts // 20))


@dataclass(frozen=True, slots=True)
class _Measured:
    """A row, and what was counted for it: probes of leaves are not among the calls."""

    row: Row
    calls: int
    throttled: int


def _measure(name: str, way: Callable[[RunningAws, AccessKey], object], organization: AwsOrganization) -> _Measured:
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations(), allowing("organizations:ListParents"))
        aws.faults.latency = _LATENCY_SECONDS
        aws.faults.throttle_as_published()
        started = time.perf_counter()
        way(aws, key)
        seconds = time.perf_counter() - started
        throttled = aws.calls.count(code="TooManyRequestsException")
        probes = aws.calls.count("ListChildren")
        calls = len(aws.calls) - probes
        row = Row(name, seconds, f"{calls} calls, {probes} probes of leaves, {throttled} throttled")
        return _Measured(row, calls, throttled)


def _memory(organization: AwsOrganization) -> float:
    """Read in a process of its own, at full speed, and give what that took beyond what the process had before."""
    with running_aws(organization) as aws:
        key = aws.roles.create_key("reader", reading_organizations())
        new = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, new, initializer=django.setup) as spawned:
            return spawned.submit(_read_and_weigh, aws.endpoint_url, key.id, key.secret).result()


def _read_and_weigh(endpoint_url: str, key_id: str, secret: str) -> float:
    settings.AWS_ENDPOINT_URL, settings.PIPES_AWS_QUOTA_SHARE = endpoint_url, 1000.0
    session = open_session(KeyCredentials(key_id, secret))
    identity = identify(session)
    before = megabytes("VmRSS")
    read_snapshot(session, identity=identity)
    return megabytes("VmHWM") - before


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

"""What others see while a test runs: these tests commit, and look in the middle of it."""

from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from integrations.access_tests.request import request_test
from integrations.models import AccessTest
from tests.conftest import make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.wizard.conftest import Walk
from workspaces import isolation


@pytest.fixture
def walk(transactional_db: None, aws: RunningAws) -> Walk:
    """The owner of acme/tnt, who has pressed Test Discovery."""
    cast = make_cast()
    client = Client()
    client.force_login(cast.org_owner)
    walk = Walk(client, cast.at_org)
    walk.to("discovery").post("discovery", do="test", **walk.credentials(aws))
    return walk


def test_who_we_are_is_said_before_the_tree_is_read(walk: Walk, aws: RunningAws) -> None:
    seen: list[dict[str, Any]] = []

    def look() -> None:
        seen.append(walk.test().report)
        walk.get("discovery")
        connections.close_all()

    aws.faults.after_call("ListRoots", 1, look)
    assert walk.run_test().state == "passed"
    assert seen[0]["phase"] == "Reading the AWS organization"
    assert seen[0]["who"]["organization_id"] == aws.organization.id
    assert "tree" not in seen[0]
    assert f"The AWS organization is {aws.organization.id} ," in walk.page
    assert "Reading the AWS organization…" in walk.page


def test_a_test_that_is_replaced_while_it_runs_stops_and_writes_nothing_more(walk: Walk, aws: RunningAws) -> None:
    older = walk.test()

    def replace() -> None:
        with isolation.as_tenant(walk.tenant.pk):
            draft = walk.draft()
            request_test(draft, AccessTest.Kind.DISCOVERY, by=draft.created_by, now=timezone.now())
        connections.close_all()

    aws.faults.after_call("GetCallerIdentity", 1, replace)
    newer = walk.run_test()
    with isolation.as_tenant(walk.tenant.pk):
        older.refresh_from_db()
    assert (older.state, older.report["code"]) == ("failed", "Superseded")
    assert newer.state == "queued"
    assert aws.calls.count("ListAccounts") == 0

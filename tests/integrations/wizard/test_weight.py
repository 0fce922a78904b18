"""What the heaviest page weighs, and what the pages cost the database."""

import gzip

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.access import findings
from integrations.models import AccessTest
from integrations.planning.snapshot import pack
from integrations.wizard.steps import STEPS
from tests.integrations.access_tests.test_sampling import large
from tests.integrations.wizard.conftest import Walk
from workspaces import isolation


@pytest.mark.sweep
def test_the_tree_of_ten_thousand_accounts_is_a_light_page(in_org: Walk) -> None:
    draft = in_org.to("connection").draft()
    with isolation.as_tenant(in_org.tenant.pk):
        kind = AccessTest.Kind.DISCOVERY
        AccessTest.objects.create(
            tenant=in_org.tenant,
            subject=draft.uid,
            kind=kind,
            state="passed",
            fingerprint=findings.fingerprint(draft, kind),
            report={"who": {"partition": "aws"}, "root_id": "r-root"},
            snapshot=pack(large(500, 10_000)),
        )
    in_org.get("discovery")
    assert "unit r-root 10,000 of 10,000 accounts" in in_org.page
    assert len(gzip.compress(in_org.answer.content)) < 30_000


def test_each_step_asks_the_database_little(in_org: Walk) -> None:
    in_org.to("permissions")
    for url in [in_org.url(step.slug) for step in STEPS]:
        with CaptureQueriesContext(connection) as queries:
            assert in_org.client.get(url).status_code == 200
        assert len(queries) <= 15, url

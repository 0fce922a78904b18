"""The health of connections on pages: in the tree, on an integration's page, and in a connection's settings."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import sharing, tree_listing
from connections.models import Connection, ConnectionState, Health
from integrations.health import batches
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from tests.integrations.pages.test_detail import AWSI, get, text_of
from workspaces import isolation
from workspaces.models import AuditEvent

ORG = "/tenants/acme/orgs/tnt/connections/"
DENIED = "AWS refused AssumeRole (AccessDenied).\nDeploy the <StackSet>."
OF_MANAGEMENT = "This is the management account, which a StackSet never covers.\nLaunch the template there."


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    """Management (failing), Broken (failing, in Prod), Fine, New (not tested), Off (suspended, was healthy)."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        Integration.objects.filter(pk=made.pk).update(management_account_id="000000000001")
        factories.finished_run(made)
        root = made.root_folder
        prod = factories.folder(cast.at_org, "Prod", parent=root)
        now = timezone.now()
        tested = {"health_tested_at": now, "health_due_at": now + timedelta(hours=3, seconds=1)}
        failing = {"health": Health.FAILING, **tested}
        factories.connection(
            cast.at_org, "Management", folder=root, source_id="000000000001", health_reason=OF_MANAGEMENT, **failing
        )
        factories.connection(cast.at_org, "Broken", folder=prod, health_reason=DENIED, **failing)
        factories.connection(cast.at_org, "Fine", folder=root, health=Health.HEALTHY, **tested)
        factories.connection(cast.at_org, "New", folder=root)
        factories.connection(
            cast.at_org, "Off", folder=root, state=ConnectionState.SUSPENDED, health=Health.HEALTHY, **tested
        )
        return made


def node(cast: Cast, title: str) -> Connection:
    with isolation.as_tenant(cast.acme.pk):
        return Connection.objects.get(title=title)


def healths(html: str) -> dict[str, str]:
    """What each row of a tree says: title → health."""
    rows = re.findall(r'<div class="tree-row.*?</div>', html, re.DOTALL)
    found = {}
    for row in rows:
        title = re.search(r"<bdi>(.*?)</bdi>", row)
        health = re.search(r'class="tree-health.*?</svg>(.*?)</span>', row)
        if title and health:
            found[title[1]] = health[1]
    return found


def test_each_row_of_the_tree_has_its_health_in_words_and_a_sign(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    html = get(as_org_owner, AWSI)
    expected = {"Management": "Failing", "Fine": "Healthy", "New": "Not tested", "Off": "Not tested"}
    assert healths(html) == expected
    assert html.count('href="#icon-failing"') == 1
    assert healths(get(as_org_owner, f"{ORG}folders/{awsi.root_folder_id}/")) == expected
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(awsi.root_folder, [cast.at_workspace])
    usable = "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/"
    assert healths(get(as_org_owner, f"{usable}folders/{awsi.root_folder_id}/")) == expected


def test_the_page_of_an_integration_counts_them_and_calls_the_management_account_out(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    html = get(as_org_owner, AWSI)
    assert "1 healthy 2 failing 1 not tested yet 1 disabled" in text_of(html)
    assert "The management account, which a StackSet never covers, is among the failing ones." in html
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(title="Management").update(health=Health.HEALTHY)
    html = get(as_org_owner, AWSI)
    assert "2 healthy 1 failing" in text_of(html)
    assert "never covers" not in html


def test_the_failing_ones_are_listed_with_the_reason_and_what_to_do(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    assert 'href="?health=failing"' in get(as_org_owner, AWSI)
    html = get(as_org_owner, AWSI + "?health=failing")
    assert healths(html) == {"Broken": "Failing", "Management": "Failing"}
    assert "<summary>AWS refused AssumeRole (AccessDenied).</summary>" in html
    assert "Deploy the &lt;StackSet&gt;." in html
    assert "Launch the template there." in html
    assert "Root / Prod" in html
    assert '<option value="failing" selected>' in html, "a search stays among them"
    assert list(healths(get(as_org_owner, AWSI + "?health=failing&q=brok"))) == ["Broken"]
    assert list(healths(get(as_org_owner, f"{ORG}?health=failing"))) == ["Broken", "Management"]
    prod = node(cast, "Broken").folder_id
    assert list(healths(get(as_org_owner, f"{ORG}folders/{prod}/?health=failing"))) == ["Broken"]
    assert "Nothing here or below matches" in get(as_org_owner, f"{ORG}folders/{prod}/?health=healthy")
    assert list(healths(get(as_org_owner, AWSI + "?health=untested"))) == ["New"]
    assert len(healths(get(as_org_owner, AWSI + "?health=nonsense"))) == 4


def test_those_that_fail_can_be_tested_at_once(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    assert "Test all that fail now" not in get(as_org_owner, AWSI)
    assert "Test all that fail now" in get(as_org_owner, AWSI + "?health=failing")
    response = as_org_owner.post(AWSI + "health/", follow=True)
    assert response.redirect_chain == [(AWSI + "?health=failing", 302)]
    assert "2 failing connections are tested now." in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        due = batches.due(cast.acme.pk, now=timezone.now())
        assert set(due.values_list("title", flat=True)) == {"Broken", "Management", "New"}
        event = AuditEvent.objects.latest("pk")
        assert (event.action, event.details["connections"]) == ("integration.health_test_requested", 2)
        Connection.objects.update(health=Health.UNTESTED)
    assert "No connection is failing." in as_org_owner.post(AWSI + "health/", follow=True).content.decode()


def test_the_settings_of_a_connection_say_why_and_when_it_is_tested(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    broken = node(cast, "Broken")
    text = text_of(get(as_org_owner, f"{ORG}{broken.pk}/"))
    assert "AWS refused AssumeRole (AccessDenied). Deploy the &lt;StackSet&gt;." in text
    assert "Last test just now" in text
    assert "Next test in 3 hours" in text
    assert f'href="{ORG}{broken.pk}/config/#test"' in get(as_org_owner, f"{ORG}{broken.pk}/")
    text = text_of(get(as_org_owner, f"{ORG}{node(cast, 'New').pk}/"))
    assert "It was not tested yet; that happens by itself." in text
    assert "Last test None yet Next test Any moment" in text
    text = text_of(get(as_org_owner, f"{ORG}{node(cast, 'Off').pk}/"))
    assert "It is not tested. Its account is suspended" in text
    assert "Next test" not in text


def test_a_workspace_sees_the_health_and_not_what_the_owners_are_told(
    cast: Cast, awsi: Integration, client: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(awsi.root_folder, [cast.at_workspace])
    client.force_login(cast.reader)
    html = get(client, f"/tenants/acme/orgs/tnt/workspaces/fireworks/connections/{node(cast, 'Broken').pk}/")
    assert "Its owners see why in the settings of the connection." in html
    assert "StackSet" not in html


def test_counting_takes_one_statement_at_any_size(cast: Cast, awsi: Integration) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(awsi.root_folder, folders=2, connections=1_000)
        with CaptureQueriesContext(connection) as captured:
            counted = tree_listing.count_health(awsi.root_folder, management_id="000000000001")
    assert len(captured) == 1
    assert counted.healths == {Health.HEALTHY: 1, Health.FAILING: 2, Health.UNTESTED: 1_001}
    assert (counted.disabled, counted.management) == (1, Health.FAILING)

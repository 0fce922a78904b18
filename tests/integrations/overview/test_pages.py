"""What an owner sees of all integrations at and below a place, the number on the tab, and that it is live."""

import gzip
import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection
from integrations.models import Integration, SyncRun
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import text_of
from workspaces import isolation

ORG = "/tenants/acme/orgs/tnt/integrations/"
TENANT = "/tenants/acme/integrations/"
AWSI = ORG + "awsi/"
LATE = {"health": "failing", "health_tested_at": timezone.now()}


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        factories.finished_run(made)
        return made


def badge(html: str) -> str:
    found = re.search(r'id="waiting-count"[^>]*>(.*?)</a>', html, re.DOTALL)
    assert found
    return text_of(found[1]).strip()


def part(client: Client, url: str, target: str, seen: str = "") -> tuple[int, str, dict[str, object]]:
    headers = {"HX-Request": "true", "HX-Target": target, "X-Seen": seen}
    response = client.get(url, headers=headers)
    return response.status_code, response.content.decode(), json.loads(response.headers.get("HX-Trigger", "{}"))


def mark_in(html: str, target: str) -> str:
    found = re.search(rf'id="{target}"[^>]*data-live="(\d+)"', html, re.DOTALL)
    assert found
    return found[1]


def ask(of: Integration) -> SyncRun:
    return factories.finished_run(of, state="needs_approval", error="It would remove 8 of 9 connections.")


def test_what_waits_is_listed_with_what_mends_it_and_counted_on_the_tab(
    cast: Cast, awsi: Integration, client: Client
) -> None:
    client.force_login(cast.org_owner)
    page = client.get(ORG).content.decode()
    assert (badge(page), "Waiting for you" in page) == ("", False)
    with isolation.as_tenant(cast.acme.pk):
        asking = ask(awsi)
        failed = factories.finished_run(awsi, state="failed", error="AWS said <no>.", is_about_access=True)
        factories.finished_run(awsi, state="running", finished_at=None)  # the next try changes nothing yet
        folder = factories.folder(cast.at_org, "Prod", parent=awsi.root_folder)
        for number in range(3):
            factories.connection(cast.at_org, f"c{number}", folder=folder, **LATE)
        factories.connection(cast.at_org, "off", folder=folder, state="suspended", **LATE)
        factories.connection(cast.at_org, "gone", folder=folder, removed_at=timezone.now(), **LATE)
    page = client.get(ORG).content.decode()
    text = text_of(page)
    assert badge(page) == ("3 , waiting: 1 sync needs approval, 1 sync failed, 1 integration has failing connections")
    assert f"Sync {asking.number} of awsi needs approval" in text
    assert f"Sync {failed.number} of awsi failed" in text
    assert "AWS said <no>." in text
    assert "3 connections of awsi fail" in text
    for address in (
        f"processes/{asking.number}/",
        f"processes/{failed.number}/",
        "config/#discovery",
        "?health=failing",
    ):
        assert f'href="{AWSI}{address}"' in page, address
    assert f'formaction="{AWSI}sync/"' in page
    assert badge(client.get("/tenants/acme/orgs/tnt/").content.decode()).startswith("3 ")
    client.force_login(cast.tenant_owner)
    assert badge(client.get("/tenants/acme/settings/").content.decode()).startswith("3 ")
    assert badge(client.get("/tenants/acme/orgs/ops/").content.decode()) == ""
    client.force_login(cast.org_member)
    assert "waiting-count" not in client.get("/tenants/acme/orgs/tnt/").content.decode()
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi)
        SyncRun.objects.filter(pk=asking.pk).update(state="discarded")
        Connection.objects.update(health="healthy")
    client.force_login(cast.org_owner)
    assert badge(client.get(ORG).content.decode()) == ""


def test_a_tenant_s_page_has_all_below_it_and_an_organization_s_only_its_own(
    cast: Cast, awsi: Integration, as_tenant_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        ask(awsi)
        above = factories.integration(cast.at_tenant, "above", by=cast.tenant_owner)
        factories.finished_run(above, changes=[["create", "connection", "111122223333", "web", "", "Root"]])
    tenant, org = (as_tenant_owner.get(url).content.decode() for url in (TENANT, ORG))
    assert ">tnt/awsi</span>" in tenant
    assert re.search(r">above</a>.*>Tenant</span>.*>awsi</a>.*>tnt</span>", tenant, re.DOTALL)
    assert "Created: web in Root" in text_of(tenant)
    assert ("above" in org, "tnt/awsi" in org) == (False, False)
    assert "awsi</a>" in as_tenant_owner.get(f"{TENANT}?q=aws").content.decode()


def test_the_newest_changes_lead_to_their_nodes_and_runs_and_long_ones_are_cut(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        prod = factories.folder(cast.at_org, "Prod", parent=awsi.root_folder)
        web = factories.connection(cast.at_org, "web", folder=prod)
        other = factories.connection(cast.at_org, "other")  # of another tree, under an id that this one has had
        Connection.objects.filter(pk=other.pk).update(source_id="")
        created = [["create", "connection", f"{n:012}", f"account-{n}", "", "Root"] for n in range(250)]
        long = factories.finished_run(
            awsi, changes=[*created, ["remove", "connection", "777788889999", "gone", "Root / Prod", "closed in AWS"]]
        )
        factories.finished_run(awsi)  # changed nothing
        moved = factories.finished_run(
            awsi,
            changes=[
                ["rename", "folder", prod.source_id, "Prod", "Production (production)", "Prod (prod)"],
                ["move", "connection", web.source_id, "</a><script>", "Root", "Root / Prod"],
            ],
        )
    page = as_org_owner.get(ORG).content.decode()
    newest = page[page.index('id="newest"') :]
    text = text_of(newest)
    assert text.index("1 renamed, 1 moved") < text.index("250 created, 1 removed")
    assert "Renamed: Prod Production (production) to → Prod (prod)" in text
    assert f'href="/tenants/acme/orgs/tnt/connections/{web.pk}/"' in newest
    assert f'href="/tenants/acme/orgs/tnt/connections/folders/{prod.pk}/"' in newest
    assert "<script>" not in newest
    assert f'href="{AWSI}processes/{moved.number}/"' in newest
    assert ("account-2 in" in text, "account-3 in" in text) == (True, False)
    assert "gone from Root / Prod : closed in AWS And 247 more" in text
    assert newest.count(f'href="{AWSI}processes/{long.number}/"') == 2


def test_each_part_hears_of_what_is_new_to_it_and_the_tab_with_it(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "Prod", parent=awsi.root_folder)
        web, api = (factories.connection(cast.at_org, name, folder=folder) for name in ("web", "api"))
    page = as_org_owner.get(ORG).content.decode()
    marks = {target: mark_in(page, target) for target in ("waiting", "list", "newest")}
    for target, mark in marks.items():
        assert part(as_org_owner, ORG, target, mark)[0] == 204
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=web.pk).update(**LATE)
    status, html, _ = part(as_org_owner, ORG, "waiting", marks["waiting"])
    assert (status, "1 connection of awsi fails" in text_of(html)) == (200, True)
    assert re.search(r'id="waiting-count"[^>]*hx-swap-oob="true"><span aria-hidden="true">1</span>', html)
    assert [part(as_org_owner, ORG, target, marks[target])[0] for target in ("list", "newest")] == [204, 204]
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi, changes=[["create", "connection", "111122223333", "new", "", "Root"]])
    assert [part(as_org_owner, ORG, target, marks[target])[0] for target in ("list", "newest")] == [200, 200]
    page = as_org_owner.get(AWSI).content.decode()
    seen = mark_in(page, "sync")
    assert part(as_org_owner, AWSI, "sync", seen)[0] == 204
    with isolation.as_tenant(cast.acme.pk):  # as many fail as before, but another one
        Connection.objects.filter(pk=api.pk).update(**LATE)
        Connection.objects.filter(pk=web.pk).update(health="healthy")
    status, html, events = part(as_org_owner, AWSI, "sync", seen)
    assert (status, "synced" in events) == (200, True)


def test_an_open_page_of_an_integration_hears_of_a_decision_too(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        asking = ask(awsi)
        factories.finished_run(awsi, state="failed", error="AWS was away.")
    page = as_org_owner.get(AWSI).content.decode()
    assert "Review what would be removed" in page
    with isolation.as_tenant(cast.acme.pk):
        SyncRun.objects.filter(pk=asking.pk).update(state="discarded")
    status, html, _ = part(as_org_owner, AWSI, "sync", mark_in(page, "sync"))
    assert (status, "Review what would be removed" in html) == (200, False)


def test_it_is_light_and_asks_no_more_however_much_there_is(
    cast: Cast, awsi: Integration, as_tenant_owner: Client
) -> None:
    def look(url: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            response = as_tenant_owner.get(url)
        asked = [query["sql"] for query in captured if not re.search("SAVEPOINT|set_config", query["sql"])]
        return len(asked), len(gzip.compress(response.content))

    def trouble(of: Integration) -> None:
        ask(of)
        factories.finished_run(of, state="failed", error="AWS said no. " * 30, is_about_access=True)
        folder = factories.folder(of.scope, "Prod", parent=of.root_folder)
        factories.connection(of.scope, "web", folder=folder, **LATE)

    with isolation.as_tenant(cast.acme.pk):
        trouble(awsi)
        factories.finished_run(awsi, changes=[["create", "connection", "1", "a", "", "Root"]])
        factories.finished_run(awsi, state="failed", finished_at=timezone.now() - timedelta(days=1))
    look(TENANT)
    few, home_few = look(TENANT)[0], look("/tenants/acme/settings/")[0]
    with isolation.as_tenant(cast.acme.pk):
        for number in range(60):
            scope = cast.at_org if number % 2 else cast.at_tenant
            trouble(factories.integration(scope, f"awsi-{number}", by=cast.tenant_owner))
        factories.grow(awsi.root_folder, folders=50, connections=2000)
        Connection.objects.filter(source_id__startswith="1").update(**LATE)
        many = [
            ["move", "connection", f"{100_000_000_000 + n}", "x" * 60, "Root / " * 9, "Root / " * 9]
            for n in range(9000)
        ]
        factories.finished_run(awsi, changes=many)
    asked, weight = look(TENANT)
    assert asked == few <= 12
    assert weight <= 30_000
    assert look("/tenants/acme/settings/")[0] == home_few <= 12
    text = text_of(as_tenant_owner.get(TENANT).content.decode())
    assert "And 122 more: the list below says" in text

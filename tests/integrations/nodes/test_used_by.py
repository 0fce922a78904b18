"""*Used by* of folders and connections: who uses them, what would break without them, and who could use them too."""

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections.models import Aggregator, Connection, ConnectionState, Folder, Grant, Schema
from tests import factories
from tests.conftest import Cast
from tests.connections.test_permissions import ORG, TENANT, Tree, add, make_tree, share
from tests.integrations.in_use import text_of
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Workspace

SPACES = "/tenants/acme/orgs/tnt/workspaces/"
QUERIES = 12


@pytest.fixture
def tree(cast: Cast) -> Tree:
    with isolation.as_tenant(cast.acme.pk):
        return make_tree(cast.at_org, cast)


def path_of(node: Folder | Connection) -> str:
    return f"folders/{node.pk}/" if isinstance(node, Folder) else f"{node.pk}/"


def page(client: Client, node: Folder | Connection, base: str = ORG) -> str:
    response = client.get(f"{base}{path_of(node)}used-by/")
    assert response.status_code == 200
    return response.content.decode()


def table(html: str) -> str:
    return html[html.index('<table class="table used-by"') :].partition("</table>")[0]


def test_what_nobody_may_use_leads_to_its_permissions(tree: Tree, as_org_owner: Client) -> None:
    for node in (tree.root, tree.prod, tree.leaf):
        html = page(as_org_owner, node)
        assert "may be used by 0 workspaces ." in text_of(html)
        assert "share it with the workspaces that need it" in html
        assert f'href="{ORG}{path_of(node)}permissions/"' in html
        assert "Add to schema" not in html


def test_what_nobody_uses_can_be_added_from_here(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    html = page(as_org_owner, tree.prod)
    assert "may be used by 2 workspaces ; none uses it yet." in text_of(html)
    assert "Next: add to a workspace" in html
    action = f"{SPACES}fireworks/connections/{path_of(tree.prod)}add/"
    assert f'action="{action}"' in html
    here = f"{ORG}{path_of(tree.prod)}used-by/"
    response = as_org_owner.post(action, {"next": here}, follow=True)
    assert response.redirect_chain == [(here, 302)]
    html = response.content.decode()
    assert "may be used by 2 workspaces and is used by 1 ." in text_of(html)
    assert "tnt/fireworks" in table(html)
    assert "Workspaces that could use it too" in html
    assert f"{SPACES}rockets/connections/{path_of(tree.prod)}add/" in html
    assert action not in html


def test_what_an_aggregator_is_called_too_means_another_schema_then(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    share(cast, tree.root, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        Aggregator.objects.create(**cast.at_workspace.keys, handle="vault", patterns=["l*"])
        Workspace.objects.filter(pk=cast.fireworks.pk).update(search_path_prefix=["vault"])
    add(cast, tree.leaf, cast.fireworks)
    row = text_of(table(page(as_org_owner, tree.leaf)))
    assert "Search path: may name another schema then : vault" in row
    assert "names nothing" not in row


def test_each_workspace_is_listed_with_how_it_came_there_and_what_it_would_lose(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    share(cast, tree.root, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        ledger = factories.connection(cast.at_org, "ledger", folder=tree.root, handle="ledger")
        prods = Aggregator.objects.create(**cast.at_workspace.keys, handle="all_v", patterns=["v*"])
        Workspace.objects.filter(pk=cast.rockets.pk).update(search_path_prefix=["vault", "ledger"])
    add(cast, tree.root, cast.fireworks)
    add(cast, tree.leaf, cast.rockets)
    add(cast, ledger, cast.rockets)

    rows = table(page(as_org_owner, tree.prod))
    fireworks, rockets = text_of(rows).partition("tnt/rockets")[::2]
    assert "1 connection With the folder Root" in fireworks
    assert "Schemas removed : vault" in fireworks
    assert "Aggregator all_v: loses 1 : vault" in fireworks
    assert "Aggregator disappears : all_aws" in fireworks
    assert "Search path" not in fireworks
    assert "1 connection Added directly: vault" in rockets
    assert "Search path: names nothing any more : vault" in rockets
    assert "ledger" not in rockets
    for url in (
        f"{SPACES}fireworks/connections/{path_of(tree.prod)}",
        f"{SPACES}fireworks/connections/{path_of(tree.root)}",
        f"{SPACES}fireworks/connections/in-use/",
        f"{SPACES}fireworks/aggregators/{prods.pk}/",
        f"{SPACES}fireworks/aggregators/all_aws/",
        f"{SPACES}rockets/connections/{tree.leaf.pk}/",
        f"{SPACES}rockets/advanced/search-path/",
    ):
        assert f'href="{url}"' in rows
        assert as_org_owner.get(url).status_code == 200, url
    leaf = text_of(table(page(as_org_owner, tree.leaf)))
    assert "tnt/fireworks With the folder Root" in leaf
    assert "tnt/rockets Added directly" in leaf
    root = text_of(table(page(as_org_owner, tree.root)))
    assert "Folder removed, with what comes to it later : Root" in root
    assert "2 connections Added directly: " in root


def test_a_workspace_that_may_use_only_something_below_is_led_to_what_it_has_in_use(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    share(cast, tree.leaf, Scope(cast.acme, cast.tnt, cast.rockets))
    html = page(as_org_owner, tree.root)
    assert "may be used by 1 workspace ; none uses it yet." in text_of(html)
    assert "Add to schema" not in html  # of all of it
    add(cast, tree.leaf, cast.rockets)
    rows = table(page(as_org_owner, tree.root))
    assert f'href="{SPACES}rockets/connections/in-use/">tnt/rockets' in rows
    assert f'href="{SPACES}rockets/connections/{tree.leaf.pk}/"' in rows


def test_what_was_added_and_may_not_be_used_any_more_is_no_use(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.prod, cast.fireworks)
    share(cast, tree.root, Scope(cast.acme, cast.tnt, cast.rockets))
    for node in (tree.root, tree.prod, tree.leaf):
        assert "may be used by 1 workspace ; none uses it yet." in text_of(page(as_org_owner, node))


def test_an_empty_folder_below_one_that_was_added_is_used(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        empty = factories.folder(cast.at_org, "Empty", parent=tree.root)
    add(cast, tree.root, cast.fireworks)
    assert "0 connections With the folder Root Nothing is in it yet" in text_of(table(page(as_org_owner, empty)))


def test_a_disabled_connection_is_in_use_and_united_by_nothing(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.leaf, cast.fireworks)
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.leaf.pk).update(state=ConnectionState.SUSPENDED)
        Aggregator.objects.create(**cast.at_workspace.keys, handle="all_v", patterns=["v*"])
    rows = text_of(table(page(as_org_owner, tree.leaf)))
    assert "Schemas removed : vault" in rows
    assert "all_v" not in rows


def test_a_tenants_node_is_used_by_workspaces_of_several_organizations_and_only_those_of_this_tenant_count(
    cast: Cast, as_tenant_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        at_tenant = make_tree(cast.at_tenant, cast)
    share(cast, at_tenant.root, cast.at_tenant)
    add(cast, at_tenant.root, cast.fireworks)
    add(cast, at_tenant.leaf, cast.pager)
    html = page(as_tenant_owner, at_tenant.root, TENANT)
    assert "may be used by 3 workspaces and is used by 2 ." in text_of(html)
    assert "ops/pager" in table(html)
    assert "tnt/fireworks" in table(html)
    share(cast, at_tenant.root, Scope(cast.acme, cast.ops))
    html = page(as_tenant_owner, at_tenant.root, TENANT)
    assert "may be used by 1 workspace and is used by 1 ." in text_of(html)
    assert "fireworks" not in table(html)


def test_names_that_others_gave_are_text(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.root, cast.fireworks)
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(pk=tree.root.pk).update(title="<script>alert(1)</script>")
    html = page(as_org_owner, tree.prod)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_all_pages_of_a_node_lead_here_and_those_of_a_workspaces_own_do_not(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    for node in (tree.prod, tree.leaf):
        assert f'href="{ORG}{path_of(node)}used-by/"' in as_org_owner.get(f"{ORG}{path_of(node)}").content.decode()
    with isolation.as_tenant(cast.acme.pk):
        own = factories.folder(cast.at_workspace, "Own")
    shown = as_org_owner.get(f"{SPACES}fireworks/connections/{path_of(own)}")
    assert "used-by" not in shown.content.decode()


@pytest.mark.sweep
def test_the_page_asks_as_many_queries_of_a_large_tree_as_of_a_small_one(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.root, cast.fireworks)
    nodes = (tree.root, tree.prod, tree.leaf)

    def measure() -> list[int]:
        counts = []
        for node in nodes:
            with CaptureQueriesContext(connection) as captured:
                html = page(as_org_owner, node)
            # What binds the transaction, or is there in tests only, where requests share one, is no query of the page.
            asked = [query for query in captured if not re.search("SAVEPOINT|set_config", query["sql"])]
            assert len(asked) <= QUERIES, "\n".join(query["sql"] for query in asked)
            assert len(gzip.compress(html.encode())) < 30_000
            counts.append(len(asked))
        return counts

    page(as_org_owner, tree.root)  # the first page of a session also notes that it is in use
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.prod, folders=50, connections=10_000)
        for number in range(60):
            space = factories.workspace(cast.at_org, f"space-{number}", owner=cast.org_owner)
            keys = Scope(cast.acme, cast.tnt, space).keys
            Grant.objects.create(**keys, folder=tree.prod)
            Schema.objects.create(**keys, folder=tree.prod)
            Aggregator.objects.create(**keys, handle="everything", patterns=["*"])
    assert measure() == small

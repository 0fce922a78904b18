"""Lists of folders and connections that the URL narrows and sorts."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import actions, sharing
from connections.models import Connection, ConnectionState, Folder, Health
from tests import factories
from tests.conftest import Cast
from tests.connections.test_pages import get, of_the_view, text_of
from workspaces import isolation

ORG = "/tenants/acme/orgs/tnt/connections/"
USABLE = "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/"
QUERIES = 12


@dataclass(frozen=True)
class Tree:
    """Root / Prod / Web with alpha and beta, Root / Dev with gamma, and delta made by hand; in acme/tnt."""

    root: Folder
    prod: Folder
    web: Folder
    dev: Folder


@pytest.fixture
def tree(cast: Cast) -> Tree:
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        made.options = {"regions": ["us-*"]}
        made.save(update_fields=["options"])
        root = made.root_folder
        prod = factories.folder(cast.at_org, "Prod", parent=root, source_id="ou-ab12-prod")
        web = factories.folder(cast.at_org, "Web", parent=prod, options={"regions": ["eu-central-1"]})
        dev = factories.folder(cast.at_org, "Dev", parent=root)
        tested: dict[str, Any] = {"health_tested_at": now}
        factories.connection(
            cast.at_org, "alpha", folder=web, handle="z_alpha", source_id="300000000000", health="failing", **tested
        )
        factories.connection(
            cast.at_org,
            "beta",
            folder=web,
            handle="y_beta",
            source_id="200000000000",
            state=ConnectionState.SUSPENDED,
            health="failing",
            options={"regions": ["us-east-1"]},
            **tested,
        )
        factories.connection(
            cast.at_org, "gamma", folder=dev, handle="x_gamma", source_id="100000000000", is_handle_static=True
        )
        factories.connection(cast.at_org, "delta", handle="w_delta", is_handle_static=True, health="healthy", **tested)
    return Tree(root, prod, web, dev)


def rows(html: str) -> list[str]:
    """The titles of what a list shows, from top to bottom."""
    return re.findall(r'class="tree-name"[^>]*>.*?<bdi>(.*?)</bdi>', html)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=suspended", ["beta"]),
        ("state=disabled", ["beta"]),
        ("state=active", ["alpha", "delta", "gamma"]),
        ("health=failing", ["alpha"]),
        ("health=healthy", ["delta"]),
        ("handle=static&kind=connection", ["delta", "gamma"]),
        ("handle=dynamic&kind=connection", ["alpha", "beta"]),
        ("kind=folder", ["Dev", "Prod", "Root", "Web"]),
        ("ou=ou-ab12-prod", ["Prod", "Web", "alpha", "beta"]),
        ("ou=web&state=active", ["alpha"]),
        ("ou=nothing", []),
        ("region=us-east-1", ["beta", "delta", "gamma"]),
        ("region=eu-central-1", ["alpha", "delta"]),
        ("region=%00", ["Root", "delta"]),
        ("state=nonsense&health=&sort=handle&kind=connection", ["delta", "gamma", "beta", "alpha"]),
        ("sort=account", ["delta", "gamma", "beta", "alpha"]),
        ("sort=-account", ["alpha", "beta", "gamma", "delta"]),
        ("sort=health", ["alpha", "gamma", "delta", "beta"]),
        ("sort=-state", ["beta", "alpha", "delta", "gamma"]),
        ("q=a&state=active", ["alpha", "delta", "gamma"]),
    ],
)
def test_a_list_shows_what_matches_at_any_depth_in_the_order_that_was_asked_for(
    tree: Tree, as_org_owner: Client, query: str, found: list[str]
) -> None:
    html = get(as_org_owner, f"{ORG}?{query}")
    assert rows(html) == found
    assert len(set(re.findall(r'aria-sort="(\w+)"', html))) == ("sort=" in query and bool(found))


def test_a_list_says_what_it_is_narrowed_to_and_each_filter_can_be_removed(tree: Tree, as_org_owner: Client) -> None:
    html = get(as_org_owner, f"{ORG}?state=suspended&ou=prod&sort=-handle&q=b")
    assert "1 matches Remove the filter State: Suspended Remove the filter OU or folder: prod" in text_of(html)
    assert 'href="?q=b&amp;ou=prod&amp;sort=-handle"' in html
    assert 'href="?q=b&amp;state=suspended&amp;sort=-handle"' in html
    assert "Root / Prod / Web" in html
    assert '<option value="suspended" selected>' in html
    below = get(as_org_owner, f"{ORG}folders/{tree.dev.pk}/?state=suspended")
    assert rows(below) == []
    assert "Nothing here or below matches these filters." in below


def test_a_folder_says_how_many_below_it_fail_or_are_disabled_and_leads_to_them(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.root, [cast.at_workspace])
    for base in (ORG, USABLE):
        html = get(as_org_owner, base)
        assert "3 folders · 3 connections · 1 failing · 1 suspended" in text_of(html)
        for query, found in (
            ("kind=folder", ["Dev", "Prod", "Web"]),
            ("kind=connection", ["alpha", "beta", "gamma"]),
            ("health=failing", ["alpha"]),
            ("state=suspended", ["beta"]),
        ):
            link = f"{base}folders/{tree.root.pk}/?{query}"
            assert f'href="{link}"' in html
            assert rows(get(as_org_owner, link)) == found


def test_what_is_in_a_schema_is_what_some_workspace_added_and_may_use(
    cast: Cast, tree: Tree, as_org_owner: Client, as_tenant_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for node in (tree.web, tree.dev):
            sharing.set_grants(node, [cast.at_workspace])
            actions.add_schema(scope=cast.at_workspace, node=node, by=cast.org_owner)
        sharing.set_grants(tree.dev, [])
    assert rows(get(as_org_owner, f"{ORG}?schema=yes")) == ["alpha", "beta"]
    assert rows(get(as_org_owner, f"{ORG}?schema=no")) == ["delta", "gamma"]
    assert rows(get(as_org_owner, f"{USABLE}?schema=yes")) == ["alpha", "beta"]
    assert rows(get(as_org_owner, f"{USABLE}?schema=no")) == []
    assert rows(get(as_tenant_owner, "/tenants/acme/connections/?schema=no")) == []


def test_pages_with_filters_take_as_many_queries_for_ten_accounts_as_for_a_thousand(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    urls = [
        f"{ORG}folders/{tree.root.pk}/?region=us-east-1&ou=ou&schema=no&state=active&health=untested&sort=handle",
        f"{ORG}?ou=ou&handle=dynamic&q=c",
        f"{ORG}integrations/awsi/".replace("connections/", "") + "?state=active&region=us-west-2",
        f"{USABLE}?schema=no&ou=ou&sort=account",
    ]

    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(as_org_owner, url)
        asked = of_the_view([query["sql"] for query in captured.captured_queries])
        return len([sql for sql in asked if "set_config" not in sql])  # what binds the tenant reads no table

    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.root, [cast.at_workspace])
        factories.grow(tree.prod, folders=2, connections=10)
    get(as_org_owner, ORG)  # the first page of a session asks once more
    small = [queries(url) for url in urls]
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.prod, folders=60, connections=1000)
        Connection.objects.filter(health=Health.FAILING).update(health=Health.UNTESTED)
    assert [queries(url) for url in urls] == small
    assert max(small) <= QUERIES

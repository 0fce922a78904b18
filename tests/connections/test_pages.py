"""The pages of folders and connections."""

import re
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection, ConnectionState, Folder
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

ORG = "/tenants/acme/orgs/tnt/connections/"
TENANT = "/tenants/acme/connections/"
HTMX = {"HX-Request": "true"}
QUERIES = 11  # one more finds the person


@dataclass(frozen=True)
class Tree:
    """Root / Prod / Payments with a connection in each, in acme/tnt."""

    root: Folder
    prod: Folder
    payments: Folder
    leaf: Connection

    def url(self, node: Folder) -> str:
        return f"{ORG}folders/{node.pk}/"


@pytest.fixture
def tree(cast: Cast) -> Tree:
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder
        prod = factories.folder(cast.at_org, "Prod", parent=root)
        payments = factories.folder(cast.at_org, "Payments", parent=prod)
        leaf = factories.connection(cast.at_org, "card-vault", folder=payments, source_id="000123456789")
    return Tree(root, prod, payments, leaf)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def of_the_view(statements: list[str]) -> list[str]:
    """Leave out what comes before the view (sessions), and the savepoints and the unbinding that only a test has."""
    first = next(number for number, sql in enumerate(statements) if "app.user_id" in sql)
    return [sql for sql in statements[first:] if not sql.startswith(("SAVEPOINT", "RELEASE"))][:-1]


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers or None)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("tenant_owner", 200),
        ("org_owner", 200),
        ("org_member", 403),
        ("workspace_owner", 403),
        ("tenant_member", 404),
        ("stranger", 404),
    ],
)
def test_only_owners_of_the_organization_see_its_connections(
    cast: Cast, tree: Tree, client: Client, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    leaf = f"{ORG}{tree.leaf.pk}/"
    for url in (ORG, tree.url(tree.prod), tree.url(tree.prod) + "settings/", leaf):
        assert client.get(url).status_code == status, url


@pytest.mark.parametrize(("who", "status"), [("tenant_owner", 200), ("tenant_member", 403), ("org_owner", 403)])
def test_only_owners_of_the_tenant_see_its_connections(cast: Cast, client: Client, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(TENANT).status_code == status


def test_somebody_who_is_not_signed_in_is_asked_to(cast: Cast, client: Client) -> None:
    response = client.get(ORG)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")


def test_a_node_is_found_in_its_own_scope_only(cast: Cast, tree: Tree, as_tenant_owner: Client) -> None:
    for base in (TENANT, "/tenants/acme/orgs/ops/connections/"):
        for path in (f"folders/{tree.prod.pk}/", f"folders/{tree.prod.pk}/settings/", f"{tree.leaf.pk}/"):
            assert as_tenant_owner.get(base + path).status_code == 404, base + path


def test_a_removed_node_has_no_page(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(pk=tree.payments.pk).update(removed_at=timezone.now())
        Connection.objects.update(removed_at=timezone.now())
    assert as_org_owner.get(tree.url(tree.payments)).status_code == 404
    assert as_org_owner.get(f"{ORG}{tree.leaf.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["folders/0/", "folders/99999999999999999999999/", "99999999999999999999999/"])
def test_a_number_that_cannot_be_a_node_is_not_found(cast: Cast, as_org_owner: Client, path: str) -> None:
    assert as_org_owner.get(ORG + path).status_code == 404


def test_the_top_of_a_scope_lists_its_root_folders_with_who_manages_them(tree: Tree, as_org_owner: Client) -> None:
    html = get(as_org_owner, ORG)
    assert tree.url(tree.root) in html
    assert "Managed by tnt &gt; awsi" in text_of(html)
    assert "2 folders · 1 connection" in text_of(html)
    assert tree.url(tree.prod) not in html


def test_a_folder_shows_its_children_and_the_way_to_it(tree: Tree, as_org_owner: Client) -> None:
    html = get(as_org_owner, tree.url(tree.payments))
    crumbs = html[html.index('class="crumbs"') :].partition("</ol>")[0]
    assert re.findall(r'href="([^"]+)"', crumbs) == [ORG, tree.url(tree.root), tree.url(tree.prod)]
    assert "000123456789" in html
    assert f'href="{ORG}{tree.leaf.pk}/"' in html


def test_every_picture_of_a_row_is_drawn_once_by_the_page(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.folder(cast.at_org, "By hand")
        factories.connection(cast.at_org, "asleep", state=ConnectionState.SUSPENDED)
        factories.connection(cast.at_org, "leaving", state=ConnectionState.PENDING_CLOSURE)
    for url in (ORG, tree.url(tree.root), tree.url(tree.payments)):
        html = get(as_org_owner, url)
        used = set(re.findall(r'href="#(icon-[\w-]+)"', html))
        assert used
        assert all(html.count(f'<g id="{name}">') == 1 for name in used), used


def test_urls_of_rows_are_those_of_the_pages(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    scope = cast.at_org
    html = get(as_org_owner, ORG + "?q=a") + get(as_org_owner, tree.url(tree.root))
    for name, arguments in (
        ("folder_detail", {"folder": tree.prod.pk}),
        ("folder_settings", {"folder": tree.prod.pk}),
        ("connection_detail", {"connection": tree.leaf.pk}),
    ):
        assert f'href="{scope.url(name, **arguments)}"' in html


def test_an_empty_scope_says_where_connections_come_from(cast: Cast, as_tenant_owner: Client) -> None:
    html = get(as_tenant_owner, TENANT)
    assert 'href="/tenants/acme/integrations/"' in html
    assert "when an integration has read an AWS organization" in html


def test_a_row_opens_in_place_by_htmx_and_is_a_link_without(tree: Tree, as_org_owner: Client) -> None:
    html = get(as_org_owner, tree.url(tree.root))
    inside = tree.url(tree.prod) + "?inside"
    assert f'data-tree-toggle="{inside}"' in html
    response = as_org_owner.get(inside, headers=HTMX)
    fragment = response.content.decode()
    assert fragment.lstrip().startswith('<ul class="tree">')
    assert tree.url(tree.payments) in fragment
    assert "HX-Request" in response["Vary"]
    whole = get(as_org_owner, inside)
    assert "<h1>" in whole


def test_an_empty_folder_says_so_in_place_too(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        empty = factories.folder(cast.at_org, "Empty", parent=tree.root)
    assert "Nothing in this folder." in get(as_org_owner, tree.url(empty) + "?inside", **HTMX)
    assert "This folder is empty." in get(as_org_owner, tree.url(empty))


def test_a_search_finds_in_the_whole_scope_and_shows_the_path_of_each_hit(tree: Tree, as_org_owner: Client) -> None:
    html = get(as_org_owner, ORG + "?q=0001-2345")
    assert "card-vault" in html
    assert "Root / Prod / Payments" in html
    assert 'value="0001-2345"' in html
    assert "data-search" in html


def test_an_arn_leads_to_the_account_that_it_names(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_org, "ledger-42", folder=tree.prod, source_id="424242424242")
    for arn in (
        f"arn:aws:iam::{node.source_id}:role/pipes",
        f"arn:aws:organizations::111122223333:account/o-abcdefghij/{node.source_id}",
    ):
        html = get(as_org_owner, f"{ORG}?q={arn}")
        assert "ledger-42" in html, arn
        assert "card-vault" not in html, arn
    assert "ledger-42" not in get(as_org_owner, f"{ORG}?q=arn:")


def test_a_name_from_right_to_left_turns_no_message_around(cast: Cast, as_org_owner: Client) -> None:
    page = as_org_owner.post(ORG + "folders/new/", {"handle": "hebrew", "title": "ייצור"}, follow=True)
    assert "Created the folder \u2068ייצור\u2069." in page.content.decode()


def test_a_search_in_a_folder_stays_below_it(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "card-beside", folder=tree.root)
    html = get(as_org_owner, tree.url(tree.prod) + "?q=card")
    assert "card-vault" in html
    assert "card-beside" not in html
    nothing = get(as_org_owner, tree.url(tree.prod) + "?q=beside")
    assert "Nothing in this folder or below it" in nothing
    assert f'href="{ORG}?q=beside"' in nothing


def test_a_search_as_one_types_gets_the_list_only(tree: Tree, as_org_owner: Client) -> None:
    response = as_org_owner.get(ORG + "?q=card", headers=HTMX | {"HX-Target": "list"})
    html = response.content.decode()
    assert html.lstrip().startswith('<div id="list"')
    assert "card-vault" in html
    assert "<h1>" not in html
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].split(", "))


@pytest.mark.parametrize("query", ["%00", "%25", "'%20OR%201=1", "%F0%9F%94%90", "a" * 300, "%E2%80%AE"])
def test_any_text_can_be_searched_for(tree: Tree, as_org_owner: Client, query: str) -> None:
    get(as_org_owner, f"{ORG}?q={query}")


def test_children_come_in_pages_of_fifty(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.payments, folders=60, connections=0)
    first, second = (get(as_org_owner, tree.url(tree.payments) + f"?page={n}") for n in (1, 2))
    assert (first.count("data-tree-toggle"), second.count("data-tree-toggle")) == (50, 10)
    assert "1–50 of 61" in first
    assert "card-vault" in second
    assert "51–61 of 61" in get(as_org_owner, tree.url(tree.payments) + "?page=99")
    inside = get(as_org_owner, tree.url(tree.payments) + "?inside", **HTMX)
    assert inside.count("data-tree-toggle") == 50
    assert "All 61 in" in inside


@pytest.mark.parametrize("state", [state for state in ConnectionState if state != ConnectionState.ACTIVE])
def test_a_connection_that_cannot_be_used_is_shown_as_disabled_with_the_reason(
    cast: Cast, tree: Tree, as_org_owner: Client, state: ConnectionState
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.leaf.pk).update(state=state)
        reason = Connection.objects.get(pk=tree.leaf.pk).why_disabled
    assert reason
    assert f"Disabled: {state.label.lower()}" in get(as_org_owner, tree.url(tree.payments))
    assert reason in get(as_org_owner, f"{ORG}{tree.leaf.pk}/")


def test_settings_show_the_properties_and_who_manages_the_node(tree: Tree, as_org_owner: Client) -> None:
    leaf = text_of(get(as_org_owner, f"{ORG}{tree.leaf.pk}/"))
    assert "Account ID 000123456789" in leaf
    assert "The integration awsi keeps this connection as it is in AWS" in leaf
    assert "State Active" in leaf
    folder = get(as_org_owner, tree.url(tree.prod) + "settings/")
    assert tree.prod.source_id in folder
    assert 'href="/tenants/acme/orgs/tnt/integrations/awsi/"' in folder


def test_a_node_made_by_hand_names_no_integration(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        mine = factories.connection(cast.at_org, "", handle="my_own")
    html = get(as_org_owner, f"{ORG}{mine.pk}/")
    assert "Made by hand" in html
    assert "Managed by </span>" not in html
    assert "Managed by </span>" not in get(as_org_owner, ORG)


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "🧪 \u202emoc.evil"]
)
def test_names_are_shown_as_they_are_and_never_run(cast: Cast, tree: Tree, as_org_owner: Client, title: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, title, parent=tree.root)
        leaf = factories.connection(cast.at_org, title, folder=folder)
    pages = [tree.url(tree.root), tree.url(folder), tree.url(folder) + "settings/", f"{ORG}{leaf.pk}/", f"{ORG}?q=a"]
    for url in pages:
        html = get(as_org_owner, url)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    shown = title.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert f"<bdi>{shown}</bdi>" in get(as_org_owner, tree.url(folder))


@pytest.mark.sweep
def test_pages_ask_as_many_queries_of_a_large_tree_as_of_a_small_one(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    urls = [ORG, ORG + "?q=a", tree.url(tree.root), tree.url(tree.root) + "?q=a", tree.url(tree.prod) + "settings/"]
    urls.append(f"{ORG}{tree.leaf.pk}/")

    def measure() -> list[tuple[int, int]]:
        figures = []
        for url in urls:
            with CaptureQueriesContext(connection) as captured:
                size = len(get(as_org_owner, url))
            asked = of_the_view([query["sql"] for query in captured])
            assert len(asked) <= QUERIES, (url, asked)
            figures.append((len(asked), size))
        return figures

    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.root, folders=2, connections=10)
    measure()  # the first requests of a process fill caches
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.root, folders=100, connections=10_000)
    large = measure()
    assert [queries for queries, _ in large] == [queries for queries, _ in small]
    assert max(size for _, size in large) < 100_000

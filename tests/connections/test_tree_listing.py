"""What the pages of the tree read."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import tree_listing
from connections.models import Folder
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation


@pytest.fixture(autouse=True)
def in_acme(cast: Cast) -> Iterator[None]:
    with isolation.as_tenant(cast.acme.pk):
        yield


@pytest.fixture
def root(cast: Cast) -> Folder:
    return factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder


def titles(rows: tree_listing.Listing) -> list[str]:
    return [row.title for row in rows[:100]]


def test_children_are_folders_first_and_each_kind_alphabetical_whatever_the_case(cast: Cast, root: Folder) -> None:
    for title in ("zebra", "Apple", "mango"):
        factories.connection(cast.at_org, title, folder=root)
    for title in ("prod", "Dev"):
        factories.folder(cast.at_org, title, parent=root)
    assert titles(tree_listing.children(cast.at_org, root)) == ["Dev", "prod", "Apple", "mango", "zebra"]


def test_a_node_without_a_title_is_shown_by_its_handle(cast: Cast) -> None:
    factories.connection(cast.at_org, "", handle="hand_made")
    (row,) = tree_listing.children(cast.at_org, None)[:10]
    assert (row.title, row.managed_by, row.source_id) == ("hand_made", "", "")


def test_every_row_of_a_mirror_names_the_integration_that_manages_it(cast: Cast, root: Folder) -> None:
    inner = factories.folder(cast.at_org, "inner", parent=root)
    factories.connection(cast.at_org, "leaf", folder=inner)
    listings = [tree_listing.children(cast.at_org, folder) for folder in (None, root, inner)]
    assert [row.managed_by for listing in listings for row in listing[:10]] == ["awsi"] * 3


def test_removed_nodes_are_neither_listed_nor_counted_nor_found(cast: Cast, root: Folder) -> None:
    now = timezone.now()
    outer = factories.folder(cast.at_org, "outer", parent=root)
    factories.folder(cast.at_org, "gone folder", parent=outer, removed_at=now)
    factories.connection(cast.at_org, "gone account", folder=outer, removed_at=now)
    factories.connection(cast.at_org, "kept account", folder=outer)
    assert titles(tree_listing.children(cast.at_org, outer)) == ["kept account"]
    (row,) = tree_listing.children(cast.at_org, root)[:10]
    assert (row.folders, row.connections) == (0, 1)
    assert titles(tree_listing.search(cast.at_org, "gone", below=None)) == []


def test_a_folder_counts_all_that_is_below_it_at_any_depth(cast: Cast, root: Folder) -> None:
    a = factories.folder(cast.at_org, "a", parent=root)
    b = factories.folder(cast.at_org, "b", parent=a)
    factories.folder(cast.at_org, "c", parent=root)
    for folder in (a, b, b):
        factories.connection(cast.at_org, "leaf", folder=folder)
    rows = tree_listing.children(cast.at_org, root)[:10]
    assert [(row.title, row.folders, row.connections) for row in rows] == [("a", 1, 3), ("c", 0, 0)]


def test_a_slice_can_end_in_the_middle_of_the_folders_or_reach_over_to_the_connections(
    cast: Cast, root: Folder
) -> None:
    for n in range(3):
        factories.folder(cast.at_org, f"f{n}", parent=root)
        factories.connection(cast.at_org, f"c{n}", folder=root)
    listing = tree_listing.children(cast.at_org, root)
    assert len(listing) == 6
    assert [[row.title for row in listing[n : n + 2]] for n in (0, 2, 4)] == [["f0", "f1"], ["f2", "c0"], ["c1", "c2"]]
    assert listing[5].title == "c2"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PAY", ["Payments-Prod"]),
        ("my_handle", ["Payments-Prod"]),
        ("MY_HANDLE", ["Payments-Prod"]),
        ("0123456", ["Payments-Prod"]),
        ("0001-2345-6789", ["Payments-Prod"]),
        ("東京", ["東京-本番"]),
        ("%", []),
        ("_prod", []),
        ("ou-zz", ["Ops"]),
    ],
)
def test_search_looks_into_handle_title_and_account_id(cast: Cast, root: Folder, text: str, found: list[str]) -> None:
    factories.connection(cast.at_org, "Payments-Prod", folder=root, handle="my_handle", source_id="000123456789")
    factories.connection(cast.at_org, "東京-本番", folder=root)
    factories.folder(cast.at_org, "Ops", parent=root, source_id="ou-zz-1")
    assert titles(tree_listing.search(cast.at_org, text, below=None)) == found


def test_search_below_a_folder_finds_neither_the_folder_itself_nor_what_is_beside_it(cast: Cast, root: Folder) -> None:
    prod = factories.folder(cast.at_org, "web", parent=root)
    inner = factories.folder(cast.at_org, "web inner", parent=prod)
    factories.connection(cast.at_org, "web deep", folder=inner)
    factories.connection(cast.at_org, "web beside", folder=root)
    assert titles(tree_listing.search(cast.at_org, "web", below=prod)) == ["web inner", "web deep"]


def test_hits_are_spelled_with_the_folders_above_them(cast: Cast, root: Folder) -> None:
    prod = factories.folder(cast.at_org, "Prod", parent=root)
    inner = factories.folder(cast.at_org, "Web", parent=prod)
    factories.connection(cast.at_org, "web", folder=inner)
    factories.connection(cast.at_org, "web", handle="at_the_top")
    rows = tree_listing.search(cast.at_org, "web", below=None)[:10]
    tree_listing.fill_in_places(rows)
    assert [row.place for row in rows] == ["Root / Prod", "Root / Prod / Web", ""]


def test_a_scope_sees_its_own_nodes_only(cast: Cast, root: Folder) -> None:
    factories.connection(cast.at_tenant, "of the tenant")
    assert titles(tree_listing.children(cast.at_tenant, None)) == ["of the tenant"]
    assert titles(tree_listing.children(cast.at_org, None)) == ["Root"]
    assert titles(tree_listing.children(cast.at_tenant, root)) == []
    assert titles(tree_listing.search(cast.at_tenant, "root", below=None)) == []


def test_the_number_of_queries_is_the_same_for_a_small_and_a_large_tree(cast: Cast, root: Folder) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listing = tree_listing.children(cast.at_org, root)
            assert len(listing[:50]) == min(len(listing), 50)
            tree_listing.line_to(root)
            hits = tree_listing.search(cast.at_org, "account", below=root)[:50]
            tree_listing.fill_in_places(hits)
        return len(captured)

    factories.grow(root, folders=2, connections=10)
    small = queries()
    factories.grow(root, folders=80, connections=2000)
    assert queries() == small


def test_a_folder_and_a_connection_of_one_number_are_told_apart_in_what_a_search_finds(
    cast: Cast, root: Folder
) -> None:
    inner = factories.folder(cast.at_org, "inner", parent=root)
    other = factories.folder(cast.at_org, "other")
    factories.connection(cast.at_org, "found leaf", folder=inner, id=900_001)
    factories.folder(cast.at_org, "found", parent=other, id=900_001, path=f"{other.path}900001/")
    rows = tree_listing.search(cast.at_org, "found", below=None)[:10]
    tree_listing.fill_in_places(rows)
    assert {(row.kind, row.place) for row in rows} == {("folder", "other"), ("connection", "Root / inner")}


def test_each_kind_of_row_is_known_by_its_own_mark(cast: Cast, root: Folder) -> None:
    unit = factories.folder(cast.at_org, "unit", parent=root)
    factories.folder(cast.at_org, "by hand")
    factories.connection(cast.at_org, "also by hand")
    first = factories.connection(cast.at_org, "first", folder=unit)
    Integration.objects.update(management_account_id=first.source_id)
    for state in ("active", "suspended", "pending_closure", "pending_activation"):
        factories.connection(cast.at_org, state, folder=unit, state=state)
    listings = [tree_listing.children(cast.at_org, folder) for folder in (None, root, unit)]
    assert {row.title: row.mark for listing in listings for row in listing[:10]} == {
        "Root": "root",
        "by hand": "by-hand",
        "also by hand": "connection",
        "unit": "unit",
        "first": "management",
        "active": "connection",
        "suspended": "suspended",
        "pending_closure": "closing",
        "pending_activation": "connection",
    }
    (found,) = [row for row in tree_listing.search(cast.at_org, "first", below=None)[:10] if row.is_management]
    assert found.title == "first"

"""The Permissions pages of folders and connections, and what a revoked grant takes with it."""

import re
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import actions, sharing
from connections.models import Connection, Folder, Grant, Schema
from connections.schemas import in_use
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Workspace

ORG = "/tenants/acme/orgs/tnt/connections/"
TENANT = "/tenants/acme/connections/"
QUERIES = 12


@dataclass(frozen=True)
class Tree:
    """Root / Prod with a connection, made by an integration; at acme/tnt or at acme."""

    root: Folder
    prod: Folder
    leaf: Connection


def make_tree(scope: Scope, cast: Cast) -> Tree:
    root = factories.integration(scope, "awsi", by=cast.org_owner).root_folder
    prod = factories.folder(scope, "Prod", parent=root)
    return Tree(root, prod, factories.connection(scope, "vault", folder=prod, handle="vault"))


@pytest.fixture
def tree(cast: Cast) -> Tree:
    with isolation.as_tenant(cast.acme.pk):
        return make_tree(cast.at_org, cast)


def url(node: Folder | Connection, base: str = ORG) -> str:
    return f"{base}folders/{node.pk}/permissions/" if isinstance(node, Folder) else f"{base}{node.pk}/permissions/"


def audiences(cast: Cast, node: Folder | Connection) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        return sorted(str(sharing.audience_of(grant)) for grant in sharing.grants_on(node))


def seen(cast: Cast, node: Folder | Connection) -> str:
    with isolation.as_tenant(cast.acme.pk):
        return sharing.fingerprint(sharing.grants_on(node))


def share(cast: Cast, node: Folder | Connection, *scopes: Scope) -> list[int]:
    """Grant it to exactly these, whatever that takes away; gives the workspace of each schema that went."""
    with isolation.as_tenant(cast.acme.pk):
        seen = sharing.fingerprint(sharing.grants_on(node))
        moved = actions.change_permissions(node=node, audiences=scopes, seen=seen, by=cast.org_owner)
        return list(moved.lost)


def add(cast: Cast, node: Folder | Connection, workspace: Workspace) -> None:
    with isolation.as_tenant(cast.acme.pk):
        actions.add_schema(scope=Scope(cast.acme, workspace.organization, workspace), node=node, by=cast.org_owner)


def in_schema(cast: Cast) -> list[str]:
    """What was added to workspaces and may be used there."""
    with isolation.as_tenant(cast.acme.pk):
        there = Schema.objects.filter(lost_at=None).select_related("workspace")
        return sorted(f"{row.workspace}:{row}" for row in there)


def events(cast: Cast, action: str) -> list[AuditEvent]:
    with isolation.as_tenant(cast.acme.pk):
        return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def test_the_choices_of_a_folder_at_the_top_are_those_of_the_wizard(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    html = as_org_owner.get(url(tree.root)).content.decode()
    for label in ("All Workspaces", "Specific Workspaces", "No Permissions"):
        assert f">{label}</label>" in html
    assert "Nobody: no workspace can see or use it." in html


def test_below_a_shared_folder_the_choices_are_on_top_of_what_is_inherited(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    share(cast, tree.root, cast.at_workspace)
    for node in (tree.prod, tree.leaf):
        html = as_org_owner.get(url(node)).content.decode()
        for label in ("All Workspaces", "Inherited permissions + specific workspaces", "Inherited permissions"):
            assert f">{label}</label>" in html
        assert f'Inherited from <a href="{url(tree.root)}"><bdi>Root</bdi></a>' in html
        assert "tnt/fireworks" in html


def test_at_tenant_level_organizations_and_their_workspaces_can_be_chosen(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        tree = make_tree(cast.at_tenant, cast)
    labels = ("All Organizations and their Workspaces", "Specific Organizations and Workspaces", "No Permissions")
    html = as_tenant_owner.get(url(tree.root, TENANT)).content.decode()
    assert all(f">{label}</label>" in html for label in labels)
    data = {"choice": "some", "organizations": [cast.ops.pk], "workspaces": [cast.fireworks.pk, cast.pager.pk]}
    assert as_tenant_owner.post(url(tree.root, TENANT), data).status_code == 302
    assert audiences(cast, tree.root) == ["acme/ops", "acme/tnt/fireworks"], "pager is covered by ops"
    below = as_tenant_owner.get(url(tree.leaf, TENANT)).content.decode()
    assert "Inherited permissions + specific organizations and workspaces" in below
    assert "All workspaces of ops" in below
    data = {"choice": "all", "seen": seen(cast, tree.root)}
    as_tenant_owner.post(url(tree.root, TENANT), data)
    assert audiences(cast, tree.root) == ["acme"]


@pytest.mark.parametrize("kind", ["prod", "leaf"])
def test_saving_grants_writes_one_event_with_before_and_after(
    cast: Cast, tree: Tree, as_org_owner: Client, kind: str
) -> None:
    node = getattr(tree, kind)
    as_org_owner.post(url(node), {"choice": "some", "workspaces": [cast.fireworks.pk]})
    as_org_owner.post(url(node), {"choice": "all", "seen": seen(cast, node)})
    as_org_owner.post(url(node), {"choice": "all", "seen": seen(cast, node)})
    word = "folder" if isinstance(node, Folder) else "connection"
    first, second = events(cast, f"{word}.permissions_changed")
    assert (first.details["before"], first.details["after"]) == ([], ["acme/tnt/fireworks"])
    assert (second.details["before"], second.details["after"]) == (["acme/tnt/fireworks"], ["acme/tnt"])
    assert second.actor == cast.org_owner.email


def test_all_workspaces_covers_one_that_is_created_later(cast: Cast, tree: Tree) -> None:
    share(cast, tree.root, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        later = factories.workspace(cast.at_org, "later", owner=cast.org_owner)
        assert list(in_use.contents(later).visible.connections) == [tree.leaf]


@pytest.mark.parametrize(
    "forged",
    [
        {"choice": "some", "workspaces": "PAGER"},
        {"choice": "some", "workspaces": "GLOBEX"},
        {"choice": "some", "organizations": "OPS"},
        {"choice": "some", "workspaces": "x"},
        {"choice": "some"},
        {"choice": "everybody"},
        {},
    ],
)
def test_a_forged_audience_is_refused_with_a_sentence_and_nothing_changes(
    cast: Cast, tree: Tree, as_org_owner: Client, forged: dict[str, str]
) -> None:
    with isolation.as_tenant(cast.globex.pk):
        foreign = factories.workspace(Scope(cast.globex, cast.globex_org), "far", owner=cast.stranger)
    ids = {"PAGER": cast.pager.pk, "GLOBEX": foreign.pk, "OPS": cast.ops.pk}
    data = {name: ids.get(value, value) for name, value in forged.items()}
    response = as_org_owner.post(url(tree.root), data)
    assert response.status_code == 200
    assert "field-error" in response.content.decode()
    assert audiences(cast, tree.root) == []
    assert not events(cast, "folder.permissions_changed")


def test_two_people_at_once_do_not_overwrite_each_other_unseen(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    before = seen(cast, tree.root)
    share(cast, tree.root, cast.at_org)
    response = as_org_owner.post(url(tree.root), {"choice": "none", "seen": before})
    html = response.content.decode()
    assert "Somebody else changed these permissions" in html
    assert audiences(cast, tree.root) == ["acme/tnt"]
    assert f'name="seen" value="{seen(cast, tree.root)}"' in html, "saving again replaces it knowingly"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("tenant_owner", 200),
        ("org_owner", 200),
        ("org_member", 403),
        ("workspace_owner", 403),
        ("operator", 403),
        ("reader", 403),
        ("tenant_member", 404),
        ("stranger", 404),
    ],
)
def test_only_owners_of_the_scope_see_and_change_its_permissions(
    cast: Cast, tree: Tree, client: Client, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    for node in (tree.root, tree.leaf):
        assert client.get(url(node)).status_code == status
        posted = client.post(url(node), {"choice": "all"})
        assert posted.status_code == (302 if status == 200 else status)


def test_a_node_of_another_scope_is_not_found(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        tree = make_tree(Scope(cast.acme, cast.ops), cast)
    assert as_tenant_owner.get(url(tree.root)).status_code == 404
    assert as_tenant_owner.post(url(tree.leaf), {"choice": "all"}).status_code == 404
    assert as_tenant_owner.post(url(tree.leaf, TENANT), {"choice": "all"}).status_code == 404


def test_revoking_takes_the_schemas_away_where_nothing_else_grants_them(cast: Cast, tree: Tree) -> None:
    share(cast, tree.root, cast.at_org)
    share(cast, tree.prod, cast.at_workspace)
    for workspace in (cast.fireworks, cast.rockets):
        add(cast, tree.leaf, workspace)
        add(cast, tree.root, workspace)
    lost = share(cast, tree.root)
    assert sorted(lost) == sorted([cast.fireworks.pk, cast.rockets.pk, cast.rockets.pk])
    assert in_schema(cast) == ["fireworks:vault"], "Prod is still shared with fireworks"
    assert events(cast, "folder.permissions_changed")[-1].details["schemas_removed"] == 3


def test_revoking_on_one_connection_leaves_its_siblings(cast: Cast, tree: Tree) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sibling = factories.connection(cast.at_org, "sibling", folder=tree.prod, handle="sibling")
    for node in (tree.leaf, sibling):
        share(cast, node, cast.at_workspace)
        add(cast, node, cast.fireworks)
    share(cast, tree.leaf)
    assert in_schema(cast) == ["fireworks:sibling"]


def test_granting_more_takes_nothing_away(cast: Cast, tree: Tree) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.leaf, cast.fireworks)
    assert share(cast, tree.root, cast.at_org) == []
    assert in_schema(cast) == ["fireworks:vault"]


def test_a_tenants_node_is_taken_from_one_of_several_workspaces_of_several_organizations(
    cast: Cast, as_tenant_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        at_tenant = make_tree(cast.at_tenant, cast)
        namesake = factories.workspace(Scope(cast.acme, cast.ops), "fireworks", owner=cast.tenant_owner)
    in_ops = [Scope(cast.acme, cast.ops, workspace) for workspace in (cast.pager, namesake)]
    share(cast, at_tenant.root, cast.at_workspace, *in_ops)
    for workspace in (cast.fireworks, cast.pager, namesake):
        add(cast, at_tenant.leaf, workspace)
    with isolation.as_tenant(cast.acme.pk):
        assert not in_use.contents(cast.rockets).visible.has(at_tenant.leaf)
    share(cast, at_tenant.root, cast.at_workspace)
    assert in_schema(cast) == ["fireworks:vault"]


@pytest.mark.sweep
def test_pages_ask_as_many_queries_of_a_large_tree_as_of_a_small_one(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    def measure() -> list[int]:
        counts = []
        for page in (url(tree.root), url(tree.prod), url(tree.leaf)):
            with CaptureQueriesContext(connection) as captured:
                as_org_owner.get(page)
            # What binds the transaction is no query of the page.
            asked = [query for query in captured if not re.search("SAVEPOINT|set_config", query["sql"])]
            assert len(asked) <= QUERIES, "\n".join(query["sql"] for query in asked)
            counts.append(len(asked))
        return counts

    share(cast, tree.root, cast.at_org)
    as_org_owner.get(url(tree.root))  # the first page of a session also notes that it is in use
    measure()
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.prod, folders=50, connections=10_000)
        for number in range(20):
            space = factories.workspace(cast.at_org, f"space-{number}", owner=cast.org_owner)
            Grant.objects.create(tenant=cast.acme, organization=cast.tnt, workspace=space, folder=tree.prod)
    assert measure() == small

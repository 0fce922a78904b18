"""What a workspace may use and since when: the search inside a folder, and the moment that decides about names."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from connections.models import Schema
from connections.schemas import in_use, workspace_tree
from tests import factories
from tests.conftest import Cast
from tests.connections.schemas.test_pages import Tree, add, as_owner, get, node_url, share, tree
from workspaces import isolation

__all__ = ["as_owner", "tree"]  # fixtures


def test_a_search_inside_a_folder_does_not_list_the_folder_itself(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    with isolation.as_tenant(cast.acme.pk):
        factories.folder(cast.at_org, "Prod inside", parent=tree.prod)
        inside = in_use.contents(cast.fireworks, folder_id=tree.prod.pk)
        found = [row.title for row in workspace_tree.search(inside, "prod")]
    assert found == ["Prod inside", "api_prod", "web_prod"]
    listed = get(as_owner, f"{node_url(tree.prod)}?q=prod").split('id="list"')[-1]
    assert "Prod inside" in listed
    assert f"folders/{tree.prod.pk}/add/" not in listed


def test_a_connection_is_in_use_since_the_earlier_of_two_moments(cast: Cast, tree: Tree) -> None:
    share(cast, tree.root, cast.at_workspace)
    for node in (tree.web_prod, tree.prod):  # first by itself: later its folder may be added too
        add(cast, node)
    old, new = timezone.now() - timedelta(days=9), timezone.now() - timedelta(days=2)
    for of_connection, of_folder in ((old, new), (new, old)):
        with isolation.as_tenant(cast.acme.pk):
            Schema.objects.filter(connection=tree.web_prod).update(added_at=of_connection)
            Schema.objects.filter(folder=tree.prod).update(added_at=of_folder)
            inside = in_use.contents(cast.fireworks)
        assert inside.in_use_since(tree.web_prod.pk, tree.prod.path) == old
        assert inside.in_use_since(tree.api_prod.pk, tree.prod.path) == of_folder

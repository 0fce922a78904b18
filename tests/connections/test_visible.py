"""Which nodes a workspace may use."""

import pytest

from connections import sharing
from connections.models import Connection, Folder
from connections.schemas import in_use
from connections.tree import allocate_ids
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope


def folder(scope: Scope, handle: str, parent: Folder | None = None) -> Folder:
    (pk,) = allocate_ids(Folder, 1)
    return Folder.objects.create(
        id=pk, **scope.keys, handle=handle, title=handle, parent=parent, path=f"{parent.path if parent else ''}{pk}/"
    )


def connection(scope: Scope, handle: str, inside: Folder | None) -> Connection:
    return Connection.objects.create(**scope.keys, handle=handle, title=handle, folder=inside)


@pytest.fixture
def tree(cast: Cast) -> dict[str, Folder | Connection]:
    """At the tenant: top (with a) > middle (with b) > bottom (with c); beside it: other (with d)."""
    with isolation.as_tenant(cast.acme.pk):
        at = cast.at_tenant
        top = folder(at, "top")
        middle = folder(at, "middle", top)
        bottom = folder(at, "bottom", middle)
        other = folder(at, "other")
        nodes: dict[str, Folder | Connection] = {"top": top, "middle": middle, "bottom": bottom, "other": other}
        for name, inside in (("a", top), ("b", middle), ("c", bottom), ("d", other)):
            nodes[name] = connection(at, name, inside)
    return nodes


def seen_by(cast: Cast) -> dict[str, str]:
    spaces = {"fireworks": cast.fireworks, "rockets": cast.rockets, "pager": cast.pager}
    return {
        name: "".join(sorted(in_use.contents(space).visible.connections.values_list("handle", flat=True)))
        for name, space in spaces.items()
    }


def test_nothing_is_visible_without_a_grant(cast: Cast, tree: dict[str, Folder | Connection]) -> None:
    with isolation.as_tenant(cast.acme.pk):
        assert seen_by(cast) == {"fireworks": "", "rockets": "", "pager": ""}


def test_a_grant_on_a_folder_covers_all_below_it_for_its_audience_only(
    cast: Cast, tree: dict[str, Folder | Connection]
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree["middle"], [Scope(cast.acme, cast.tnt, cast.fireworks)])
        assert seen_by(cast) == {"fireworks": "bc", "rockets": "", "pager": ""}
        sharing.set_grants(tree["middle"], [Scope(cast.acme, cast.tnt)])
        assert seen_by(cast) == {"fireworks": "bc", "rockets": "bc", "pager": ""}
        sharing.set_grants(tree["middle"], [cast.at_tenant])
        assert seen_by(cast) == {"fireworks": "bc", "rockets": "bc", "pager": "bc"}


def test_a_grant_on_one_connection_adds_it_alone(cast: Cast, tree: dict[str, Folder | Connection]) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree["d"], [Scope(cast.acme, cast.ops, cast.pager)])
        sharing.set_grants(tree["bottom"], [Scope(cast.acme, cast.ops)])
        assert seen_by(cast) == {"fireworks": "", "rockets": "", "pager": "cd"}


def test_what_comes_later_into_a_granted_folder_is_visible_at_once(
    cast: Cast, tree: dict[str, Folder | Connection]
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree["top"], [cast.at_tenant])
        bottom = tree["bottom"]
        assert isinstance(bottom, Folder)
        connection(cast.at_tenant, "z", folder(cast.at_tenant, "later", bottom))
        assert seen_by(cast)["pager"] == "abcz"


def test_what_a_workspace_owns_is_visible_to_it_alone(cast: Cast, tree: dict[str, Folder | Connection]) -> None:
    with isolation.as_tenant(cast.acme.pk):
        connection(cast.at_workspace, "own", folder(cast.at_workspace, "mine"))
        connection(cast.at_workspace, "loose", None)
        assert seen_by(cast) == {"fireworks": "looseown", "rockets": "", "pager": ""}

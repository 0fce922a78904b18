"""Grants as they are set and inherited."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections import actions
from connections.models import Grant, Schema
from connections.schemas import in_use
from connections.sharing import grants_on, inherited_grants, set_grants
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope


def words(grants: list[Grant]) -> set[str]:
    """Whom the grants are for: ``acme/tnt/fireworks``."""
    return {str(Scope(grant.tenant, grant.organization, grant.workspace)) for grant in grants}


def test_setting_grants_makes_them_exactly_those(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.folder(cast.at_tenant, "Shared")
        in_rockets = Scope(cast.acme, cast.tnt, cast.rockets)
        for audiences in ([cast.at_org], [cast.at_workspace, in_rockets], [cast.at_tenant, in_rockets], []):
            set_grants(node, audiences)
            assert words(grants_on(node)) == {str(scope) for scope in audiences}


def test_setting_the_same_grants_again_writes_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_org, "Shared")
        set_grants(node, [cast.at_org, cast.at_org])
        before = [grant.pk for grant in grants_on(node)]
        set_grants(node, [cast.at_org])
        assert [grant.pk for grant in grants_on(node)] == before


@pytest.mark.parametrize("owner", ["tenant", "org", "workspace"])
def test_a_node_is_shared_within_its_scope_only(cast: Cast, owner: str) -> None:
    scopes = {"tenant": cast.at_tenant, "org": cast.at_org, "workspace": cast.at_workspace}
    others = [
        Scope(cast.globex),
        Scope(cast.globex, cast.globex_org),
        *([Scope(cast.acme, cast.ops), cast.at_tenant] if owner != "tenant" else []),
        *([Scope(cast.acme, cast.tnt, cast.rockets), cast.at_org] if owner == "workspace" else []),
    ]
    with isolation.as_tenant(cast.acme.pk):
        node = factories.folder(scopes[owner], "Mine")
        for other in others:
            with pytest.raises(ValidationError, match="can only be shared within it"):
                set_grants(node, [scopes[owner], other])
        assert grants_on(node) == []
        set_grants(node, [scopes[owner]])


def test_what_is_inherited_comes_from_the_top_down_with_its_origin(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_tenant, "Top")
        middle = factories.folder(cast.at_tenant, "Middle", parent=top)
        leaf = factories.connection(cast.at_tenant, "Leaf", folder=middle)
        beside = factories.folder(cast.at_tenant, "Beside", parent=top)
        set_grants(middle, [cast.at_workspace])
        set_grants(top, [cast.at_org])
        set_grants(beside, [cast.at_tenant])
        set_grants(leaf, [cast.at_tenant])
        assert [grant.folder for grant in inherited_grants(leaf)] == [top, middle]
        assert [grant.folder for grant in inherited_grants(middle)] == [top]
        assert inherited_grants(top) == []
        with CaptureQueriesContext(database) as captured:
            words(inherited_grants(leaf))
        assert len(captured) <= 2


def test_a_removed_node_is_visible_to_nobody_and_keeps_its_grants(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.integration(cast.at_org, "main", by=cast.org_owner).root_folder
        unit = factories.folder(cast.at_org, "Unit", parent=top)
        leaf = factories.connection(cast.at_org, "Leaf", folder=unit)
        set_grants(unit, [cast.at_workspace])
        for node in (leaf, unit):
            type(node).objects.filter(pk=node.pk).update(removed_at=node.created_at)
        visible = in_use.contents(cast.fireworks).visible
        assert not visible.folders.exists()
        assert not visible.connections.exists()
        type(unit).objects.filter(pk=unit.pk).update(removed_at=None)
        type(leaf).objects.filter(pk=leaf.pk).update(removed_at=None)
        assert [node.pk for node in in_use.contents(cast.fireworks).visible.connections] == [leaf.pk]


def test_a_grant_to_a_place_shows_the_node_there_and_in_no_place_beside_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_tenant, "Shared")
        inner = factories.connection(cast.at_tenant, "Inner", folder=folder)
        alone = factories.connection(cast.at_tenant, "Alone")
        for audience, seen_by in (
            (cast.at_workspace, [True, False, False]),
            (cast.at_org, [True, True, False]),
            (cast.at_tenant, [True, True, True]),
        ):
            set_grants(folder, [audience])
            set_grants(alone, [audience])
            for workspace, is_seen in zip((cast.fireworks, cast.rockets, cast.pager), seen_by, strict=True):
                visible = in_use.contents(workspace).visible
                assert set(visible.connections) == ({inner, alone} if is_seen else set())
                assert set(visible.folders) == ({folder} if is_seen else set())


def test_what_is_not_shared_any_more_is_not_added(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_org, "Shared")
        set_grants(node, [Scope(cast.acme, cast.tnt, cast.rockets)])
        with pytest.raises(actions.NotAddableError, match="is not shared with acme/tnt/fireworks any more"):
            actions.add_schema(scope=cast.at_workspace, node=node, by=cast.workspace_owner)
        assert not Schema.objects.exists()
        set_grants(node, [cast.at_workspace])
        actions.add_schema(scope=cast.at_workspace, node=node, by=cast.workspace_owner)
        assert Schema.objects.get().connection == node


def test_what_a_workspace_owns_stays_in_its_schema_whatever_is_granted(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_workspace, "Own")
        Schema.objects.create(**cast.at_workspace.keys, connection=node)
        for audiences in ([cast.at_workspace], []):
            moved = set_grants(node, audiences)
            assert [*moved.lost, *moved.returned] == []
        assert Schema.objects.get().lost_at is None


@pytest.mark.parametrize(("folders", "connections"), [(2, 10), (60, 600)])
def test_what_a_workspace_may_use_takes_two_statements_however_much_it_is(
    cast: Cast, folders: int, connections: int
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.integration(cast.at_org, "main", by=cast.org_owner).root_folder
        set_grants(top, [cast.at_org])
        factories.grow(top, folders=folders, connections=connections)
        with CaptureQueriesContext(database) as captured:
            found = len(in_use.contents(cast.fireworks).visible.connections)
        assert (found, len(captured)) == (connections, 2)

"""Each invariant of the tree is held by the database itself."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from connections.models import Connection, Folder, Grant
from connections.tree import allocate_ids
from tests import factories
from tests.conftest import Cast
from workspaces import isolation


@pytest.fixture
def top(cast: Cast) -> Folder:
    """The top folder of a mirror at acme/tnt."""
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "main", by=cast.org_owner).root_folder


def refused(name: str, cast: Cast, make: Any) -> None:
    """Check that the constraint of that name refuses what ``make`` does, at the latest when the transaction ends."""

    @transaction.atomic
    def attempt() -> None:
        make()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with isolation.as_tenant(cast.acme.pk):
        with pytest.raises(IntegrityError, match=name):
            attempt()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def folder(cast: Cast, **fields: Any) -> Folder:
    (pk,) = allocate_ids(Folder, 1)
    return Folder.objects.create(**(cast.at_org.keys | {"id": pk, "handle": f"f_{pk}", "path": f"{pk}/"} | fields))


def leaf(cast: Cast, **fields: Any) -> Connection:
    return Connection.objects.create(**(cast.at_org.keys | {"handle": "leaf"} | fields))


@pytest.mark.parametrize("handle", ["", "Prod", "1st", "_x", "a-b", "a b", "é", "a\n"])
def test_handles_are_well_formed(cast: Cast, handle: str) -> None:
    refused("folder_handle_wellformed", cast, lambda: folder(cast, handle=handle))
    refused("connection_handle_wellformed", cast, lambda: leaf(cast, handle=handle))


def test_a_handle_is_unique_in_its_scope_also_among_removed_nodes(cast: Cast, top: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "A", folder=top, handle="leaf", removed_at=top.created_at)
        factories.connection(cast.at_tenant, "A", handle="leaf")
    refused("connection_handle_unique", cast, lambda: leaf(cast))
    refused("folder_handle_unique", cast, lambda: folder(cast, handle="root"))


def test_a_source_is_mirrored_once_below_one_top_folder(cast: Cast, top: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        unit = factories.folder(cast.at_org, "Unit", parent=top)
        account = factories.connection(cast.at_org, "A", folder=top)
        other = factories.integration(cast.at_org, "other", by=cast.org_owner).root_folder
        factories.connection(cast.at_org, "A", folder=other, source_id=account.source_id)
    managed = {"is_managed": True, "root_id": top.pk}
    refused("connection_source_unique", cast, lambda: leaf(cast, folder=top, source_id=account.source_id, **managed))
    refused("folder_source_unique", cast, lambda: folder(cast, parent=top, source_id=unit.source_id, **managed))


def test_what_is_managed_has_a_root_and_a_source_and_what_is_not_has_neither(cast: Cast, top: Folder) -> None:
    refused("connection_managed_has_root", cast, lambda: leaf(cast, is_managed=True, source_id="1", folder=top))
    refused("connection_managed_has_root", cast, lambda: leaf(cast, source_id="1"))
    refused("folder_managed_has_root", cast, lambda: folder(cast, root_id=top.pk))
    managed = {"is_managed": True, "root_id": top.pk}
    refused("connection_managed_has_folder_and_source", cast, lambda: leaf(cast, source_id="1", **managed))
    refused("connection_managed_has_folder_and_source", cast, lambda: leaf(cast, folder=top, **managed))
    refused("folder_managed_has_source", cast, lambda: folder(cast, parent=top, **managed))


def test_only_the_top_folder_of_a_mirror_names_its_integration(cast: Cast) -> None:
    refused("folder_managed_by_on_top_only", cast, lambda: folder(cast, managed_by="main"))


def test_states_are_those_that_pages_know(cast: Cast) -> None:
    refused("connection_state_known", cast, lambda: leaf(cast, state="closed"))


def test_a_health_is_one_that_a_test_has_found(cast: Cast) -> None:
    refused("connection_health_known", cast, lambda: leaf(cast, health="fine", health_tested_at=timezone.now()))
    refused("connection_health_known", cast, lambda: leaf(cast, health="healthy"))


def test_a_folder_is_not_its_own_parent_and_its_path_ends_with_a_slash(cast: Cast, top: Folder) -> None:
    refused("folder_not_its_own_parent", cast, lambda: Folder.objects.filter(pk=top.pk).update(parent=top))
    refused("folder_path_ends_with_slash", cast, lambda: folder(cast, path="12"))
    refused("path", cast, lambda: folder(cast, path=top.path))


def test_a_workspace_is_named_with_its_organization(cast: Cast) -> None:
    lost = {"organization": None, "workspace": cast.fireworks}
    refused("folder_workspace_has_organization", cast, lambda: folder(cast, **lost))
    refused("connection_workspace_has_organization", cast, lambda: leaf(cast, **lost))


def test_a_grant_is_for_one_node_and_given_once(cast: Cast, top: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_org, "A", folder=top)
        Grant.objects.create(tenant=cast.acme, organization=cast.tnt, folder=top)
    own = {"tenant": cast.acme, "organization": cast.tnt}
    refused("grant_once", cast, lambda: Grant.objects.create(**own, folder=top))
    refused("grant_on_one_node", cast, lambda: Grant.objects.create(**own, folder=top, connection=node))
    refused("grant_within_scope", cast, lambda: Grant.objects.create(**own))

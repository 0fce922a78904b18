"""What the database itself refuses."""

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, transaction

from connections.models import Aggregator, Connection, Folder, Grant, Schema
from tests.conftest import Cast
from workspaces import isolation


def org_folder(cast: Cast, handle: str = "mine") -> Folder:
    return Folder.objects.create(**cast.at_org.keys, handle=handle, path=f"{handle}/")


def test_a_folder_of_an_organization_cannot_be_granted_to_another(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = org_folder(cast)
        with pytest.raises(IntegrityError, match="within the scope"), transaction.atomic():
            Grant.objects.create(tenant=cast.acme, organization=cast.ops, folder=folder)
        with pytest.raises(IntegrityError, match="within the scope"), transaction.atomic():
            Grant.objects.create(tenant=cast.acme, folder=folder)
        Grant.objects.create(tenant=cast.acme, organization=cast.tnt, folder=folder)


def test_a_folder_cannot_name_an_organization_of_another_tenant(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk), transaction.get_connection().cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else only the commit would refuse
        with pytest.raises(IntegrityError), transaction.atomic():
            Folder.objects.create(tenant=cast.acme, organization=cast.globex_org, handle="x", path="x/")


def test_a_node_is_in_a_folder_of_its_own_scope(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        foreign = Folder.objects.create(tenant=cast.globex, handle="foreign", path="foreign/")
    with isolation.as_tenant(cast.acme.pk):
        theirs = Folder.objects.create(tenant=cast.acme, organization=cast.ops, handle="theirs", path="theirs/")
        shared = Folder.objects.create(tenant=cast.acme, handle="shared", path="shared/")
        mine = org_folder(cast)
        own = Connection.objects.create(**cast.at_org.keys, handle="own", folder=mine)
        for pk in (foreign.pk, theirs.pk, shared.pk):
            with pytest.raises(IntegrityError, match="in a folder of its own scope"), transaction.atomic():
                Folder.objects.create(**cast.at_org.keys, handle="below", path="below/", parent_id=pk)
            with pytest.raises(IntegrityError, match="in a folder of its own scope"), transaction.atomic():
                Connection.objects.create(**cast.at_org.keys, handle="leaf", folder_id=pk)
            with pytest.raises(IntegrityError, match="in a folder of its own scope"), transaction.atomic():
                Connection.objects.filter(pk=own.pk).update(folder_id=pk)
        with pytest.raises(IntegrityError, match="in a folder of its own scope"), transaction.atomic():
            Connection.objects.create(**cast.at_workspace.keys, handle="leaf", folder=mine)


def test_nothing_of_a_tenant_is_seen_without_being_bound_to_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        org_folder(cast)
        assert Folder.objects.count() == 1
    assert Folder.objects.count() == 0
    with isolation.as_tenant(cast.globex.pk):
        assert Folder.objects.count() == 0


def test_a_workspace_cannot_have_a_node_of_another_place_in_its_schema(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        foreign = Folder.objects.create(tenant=cast.globex, handle="foreign", path="foreign/")
    with isolation.as_tenant(cast.acme.pk):
        theirs = Folder.objects.create(tenant=cast.acme, organization=cast.ops, handle="theirs", path="theirs/")
        for folder in (foreign, theirs):
            with pytest.raises(IntegrityError, match="within the scope"), transaction.atomic():
                Schema.objects.create(**cast.at_workspace.keys, folder_id=folder.pk)
        Schema.objects.create(**cast.at_workspace.keys, folder=org_folder(cast))


def test_a_schema_is_of_one_node_in_one_workspace_and_added_once(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = org_folder(cast)
        keys = cast.at_workspace.keys
        Schema.objects.create(**keys, folder=folder)
        for wrong in ({**keys, "folder": folder}, keys, {**cast.at_org.keys, "folder": folder}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Schema.objects.create(**wrong)


@pytest.mark.parametrize("handle", ["public", "all_aws", "Upper", "", "a" * 64])
def test_an_aggregator_has_a_handle_that_a_schema_can_have(cast: Cast, handle: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Aggregator.objects.create(**cast.at_workspace.keys, handle="fine", patterns=["*"])
        for wrong in (handle, "fine"):
            with pytest.raises((IntegrityError, DataError)), transaction.atomic():
                Aggregator.objects.create(**cast.at_workspace.keys, handle=wrong, patterns=["*"])
        with pytest.raises(IntegrityError), transaction.atomic():
            Aggregator.objects.create(**cast.at_org.keys, handle="other", patterns=["*"])


def test_what_a_workspace_has_is_seen_by_its_tenant_only(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.create(**cast.at_workspace.keys, folder=org_folder(cast))
        Aggregator.objects.create(**cast.at_workspace.keys, handle="fine", patterns=["*"])
    with isolation.as_tenant(cast.globex.pk):
        assert not Schema.objects.exists()
        assert not Aggregator.objects.exists()
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Aggregator.objects.create(**cast.at_workspace.keys, handle="mine", patterns=["*"])
    assert not Schema.objects.exists()

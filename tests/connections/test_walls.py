"""What the database itself refuses."""

import pytest
from django.db import IntegrityError, transaction

from connections.models import Folder, Grant
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
    with isolation.as_tenant(cast.acme.pk), pytest.raises(IntegrityError), transaction.atomic():
        Folder.objects.create(tenant=cast.acme, organization=cast.globex_org, handle="x", path="x/")
        with transaction.get_connection().cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_nothing_of_a_tenant_is_seen_without_being_bound_to_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        org_folder(cast)
        assert Folder.objects.count() == 1
    assert Folder.objects.count() == 0
    with isolation.as_tenant(cast.globex.pk):
        assert Folder.objects.count() == 0

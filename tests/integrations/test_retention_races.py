"""A purge and a sync at the same rows."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection, Folder
from connections.retention import GRACE
from integrations import clean_up
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import in_thread, wait_until_waiting
from workspaces import isolation


def test_an_integration_that_could_not_be_deleted_does_not_stop_the_purge(cast: Cast) -> None:
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        stuck = factories.integration(cast.at_org, "stuck", by=cast.org_owner)
        long_ago = now - timedelta(days=31)
        Integration.objects.filter(pk=stuck.pk).update(state=Integration.State.DELETE_FAILED)
        Folder.objects.filter(pk=stuck.root_folder_id).update(removed_at=long_ago)
        factories.connection(cast.at_org, "gone", folder=stuck.root_folder, removed_at=long_ago)
        clean_up.forget_nodes(now - GRACE)
        assert not Connection.objects.exists()
        assert Folder.objects.filter(pk=stuck.root_folder_id).exists()


@pytest.mark.django_db(transaction=True)
def test_what_returns_at_the_moment_of_the_purge_stays() -> None:
    cast = make_cast()
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        integration = factories.integration(cast.at_org, "main", by=cast.org_owner)
        long_ago = now - timedelta(days=31)
        nodes = [
            factories.connection(cast.at_org, name, folder=integration.root_folder, removed_at=long_ago)
            for name in ("returns", "stays away")
        ]
    has_begun = threading.Event()

    def purge() -> None:
        with isolation.as_tenant(cast.acme.pk):
            has_begun.set()
            clean_up.forget_nodes(now - GRACE)

    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=nodes[0].pk).update(removed_at=None)
        thread = in_thread(purge)
        assert has_begun.wait(10)
        wait_until_waiting()
    thread.join()
    with isolation.as_tenant(cast.acme.pk):
        assert list(Connection.objects.values_list("title", flat=True)) == ["returns"]

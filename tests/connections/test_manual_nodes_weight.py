"""Pages of what was made by hand ask the database as often in a large tree as in a small one."""

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import sharing
from connections.models import Connection, Schema
from integrations.nodes import account_access
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope

BASES = {
    "org": "/tenants/acme/orgs/tnt/connections/",
    "workspace": "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/",
}


@pytest.mark.sweep
@pytest.mark.parametrize("level", BASES)
def test_pages_of_what_was_made_by_hand_ask_no_more_of_a_large_tree(
    cast: Cast, as_tenant_owner: Client, level: str
) -> None:
    scope: Scope = {"org": cast.at_org, "workspace": cast.at_workspace}[level]
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(scope, "Mine", handle="mine")
        made = account_access.create_connection(
            scope=scope, folder=top, handle="leaf", title="Leaf", by=cast.tenant_owner
        )
        if level == "org":
            sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    base = BASES[level]
    pages = [f"{made.pk}/access/", f"{made.pk}/access/rotate/", f"{made.pk}/advanced/"]
    pages += [f"folders/{top.pk}/config/", f"folders/{top.pk}/advanced/"]
    pages += [f"new/?folder={top.pk}", f"folders/new/?folder={top.pk}", "new/?handle=taken"]

    def measure() -> list[int]:
        figures = []
        for page in pages:
            with CaptureQueriesContext(database) as captured:
                assert as_tenant_owner.get(base + page).status_code == 200, page
            figures.append(len(captured))
        with CaptureQueriesContext(database) as captured:
            impact = as_tenant_owner.post(f"{base}{made.pk}/advanced/", {"handle": "twig"})
        assert "What changes in workspaces" in impact.content.decode()
        return [*figures, len(captured)]

    measure()  # the first requests of a process fill caches
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.bulk_create(
            Connection(**scope.keys, folder=top, handle=f"leaf_{n}", plugin="aws") for n in range(2_000)
        )
    assert measure() == small
    assert max(small) <= 20

"""A deletion asks for the handle: with another one nothing is deleted, whatever it is that was to go."""

import pytest
from django.test import Client

from connections import actions
from connections.models import Aggregator, Connection, Folder
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import AuditEvent, Organization, Workspace

ORG = "/tenants/acme/orgs/tnt/"
KINDS = (Organization, Workspace, Integration, Folder, Connection, Aggregator)


@pytest.fixture
def pages(cast: Cast) -> dict[str, tuple[str, str]]:
    """What can be deleted: its page, and its handle."""
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        folder = factories.folder(cast.at_org, "By hand", handle="mine")
        leaf = factories.connection(cast.at_org, "Lone", folder=folder, handle="lone")
        aggregator = actions.create_aggregator(
            scope=cast.at_workspace, handle="all_prod", patterns=["*"], by=cast.org_owner
        )
    return {
        "organization": (f"{ORG}delete/", "tnt"),
        "workspace": (f"{ORG}workspaces/fireworks/delete/", "fireworks"),
        "integration": (f"{ORG}integrations/awsi/delete/", "awsi"),
        "folder": (f"{ORG}connections/folders/{folder.pk}/delete/", "mine"),
        "connection": (f"{ORG}connections/{leaf.pk}/delete/", "lone"),
        "aggregator": (f"{ORG}workspaces/fireworks/aggregators/{aggregator.pk}/delete/", "all_prod"),
    }


def everything(cast: Cast) -> dict[str, object]:
    with isolation.as_tenant(cast.acme.pk):
        rows: dict[str, object] = {kind.__name__: sorted(kind.objects.values_list("pk", flat=True)) for kind in KINDS}
        states = sorted(Integration.objects.values_list("handle", "state"))
        return rows | {"states": states, "events": AuditEvent.objects.count()}


@pytest.mark.parametrize("what", ["organization", "workspace", "integration", "folder", "connection", "aggregator"])
def test_another_handle_deletes_nothing(
    cast: Cast, as_tenant_owner: Client, pages: dict[str, tuple[str, str]], what: str
) -> None:
    page, handle = pages[what]
    before = everything(cast)
    for typed in ({}, {"handle": ""}, {"handle": "other"}, {"handle": handle.upper()}, {"handle": f"{handle}x"}):
        answer = as_tenant_owner.post(page, typed)
        assert answer.status_code == 200, typed
        assert "field-error" in answer.content.decode(), typed
        assert everything(cast) == before, typed
    assert as_tenant_owner.post(page, {"handle": handle}).status_code == 302
    assert everything(cast) != before

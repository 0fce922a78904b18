"""Renaming what was made by hand: what it means to workspaces is shown before it is saved."""

import re

import pytest
from django.test import Client

from connections import sharing
from connections.models import Aggregator, Connection, Schema
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

ORG = "/tenants/acme/orgs/tnt/connections/"
WORKSPACE = "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/"


def handle_of(cast: Cast, pk: int) -> str:
    with isolation.as_tenant(cast.acme.pk):
        return Connection.objects.get(pk=pk).handle


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page that asks for a confirmation."""
    return dict(re.findall(r'<input type="hidden" name="(handle|title|seen_impact)" value="([^"]*)"', page))


@pytest.mark.parametrize("is_in_folder", [True, False])
def test_what_workspaces_have_of_a_connection_is_shown_before_it_is_renamed(
    cast: Cast, as_org_owner: Client, is_in_folder: bool
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Mine", handle="mine") if is_in_folder else None
        leaf = factories.connection(cast.at_org, "leaf", folder=top, handle="leaf")
        sharing.set_grants(top or leaf, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top, connection=None if top else leaf)
        Aggregator.objects.create(**cast.at_workspace.keys, handle="all_lea", patterns=["lea*"])
    url = f"{ORG}{leaf.pk}/advanced/"
    page = as_org_owner.post(url, {"handle": "twig", "title": "Twig"}).content.decode()
    assert "What changes in workspaces" in page
    assert "tnt/fireworks" in page
    assert "Aggregator all_lea: loses 1" in page
    assert handle_of(cast, leaf.pk) == "leaf"
    stale = as_org_owner.post(url, hidden(page) | {"seen_impact": "another"}).content.decode()
    assert "different from what you have just seen" in stale
    assert handle_of(cast, leaf.pk) == "leaf"
    assert as_org_owner.post(url, hidden(page)).status_code == 302
    assert handle_of(cast, leaf.pk) == "twig"


def test_a_workspace_sees_the_impact_of_renaming_what_it_owns_itself(cast: Cast, client: Client) -> None:
    client.force_login(cast.workspace_owner)
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_workspace, "Mine", handle="mine")
        leaf = factories.connection(cast.at_workspace, "leaf", folder=top, handle="leaf")
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    page = client.post(f"{WORKSPACE}{leaf.pk}/advanced/", {"handle": "twig"}).content.decode()
    assert "tnt/fireworks" in page
    assert client.post(f"{WORKSPACE}{leaf.pk}/advanced/", hidden(page)).status_code == 302
    assert handle_of(cast, leaf.pk) == "twig"


def test_a_new_title_or_the_handle_of_a_folder_changes_nothing_in_workspaces(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Mine", handle="mine")
        leaf = factories.connection(cast.at_org, "leaf", folder=top, handle="leaf")
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    assert as_org_owner.post(f"{ORG}{leaf.pk}/advanced/", {"handle": "leaf", "title": "New"}).status_code == 302
    assert as_org_owner.post(f"{ORG}folders/{top.pk}/advanced/", {"handle": "yours"}).status_code == 302


def test_a_name_that_another_schema_has_and_the_end_of_all_aws_are_shown_too(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        leaf = factories.connection(cast.at_org, "leaf", handle="leaf")
        top = factories.folder(cast.at_tenant, "Theirs", handle="theirs")
        other = factories.connection(cast.at_tenant, "other", folder=top, handle="twig")
        unseen = factories.connection(cast.at_tenant, "unseen", handle="branch")
        sharing.set_grants(leaf, [cast.at_org])
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, connection=leaf)
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
        Schema.objects.create(**cast.at_workspace.keys, connection=unseen)
        Aggregator.objects.create(**cast.at_workspace.keys, handle="all_lea", patterns=["x*"])
    url = f"{ORG}{leaf.pk}/advanced/"
    same = as_org_owner.post(url, {"handle": other.handle}).content.decode()
    assert "Aggregator disappears" in same, "all_aws unites two names at least"
    assert "Name that another schema has too" in same
    aggregator = as_org_owner.post(url, {"handle": "all_lea"}).content.decode()
    assert "Name that another schema has too" in aggregator
    assert "all_aws" not in aggregator
    free = as_org_owner.post(url, {"handle": unseen.handle}).content.decode()
    assert "Schemas renamed" in free
    assert "Name that another schema has too" not in free, "it was added, but may not be used any more"
    assert as_org_owner.post(url, hidden(same)).status_code == 302
    back = as_org_owner.post(url, {"handle": "leaf"}).content.decode()
    assert "Aggregator appears" in back
    assert "Name that another schema has too" not in back

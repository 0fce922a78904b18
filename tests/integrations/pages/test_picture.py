"""The AWS organization as a picture: what it counts, whom it is for, and what it weighs."""

import gzip
import re
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import sharing
from connections.models import Connection, Folder, Schema
from connections.pictures.outline import Colour, read_outline
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

PICTURE = "/tenants/acme/orgs/tnt/integrations/awsi/picture/"


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "awsi", by=cast.org_owner)


def test_an_outline_counts_what_is_in_each_folder_and_below_it(cast: Cast, awsi: Integration) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = awsi.root_folder
        prod = factories.folder(cast.at_org, "Prod", parent=top)
        payments = factories.folder(cast.at_org, "Payments", parent=prod)
        now = timezone.now()
        factories.connection(cast.at_org, "web", folder=prod, health="failing", health_tested_at=now)
        ledger = factories.connection(cast.at_org, "ledger", folder=payments)
        factories.connection(cast.at_org, "vault", folder=payments, state="suspended")
        factories.connection(cast.at_org, "gone", folder=payments, removed_at=now)
        factories.folder(cast.at_org, "Former", parent=top, removed_at=now)
        sharing.set_grants(top, [cast.at_org])
        by_health, by_state = read_outline(top, Colour.HEALTH), read_outline(top, Colour.STATE)
        Schema.objects.create(**cast.at_workspace.keys, connection=ledger)
        by_use = read_outline(top, Colour.USE)
        Schema.objects.create(**cast.at_workspace.keys, folder=prod)
        by_folder = read_outline(top, Colour.USE)
        below = read_outline(payments, Colour.HEALTH)
    assert (by_health.connections, by_health.folders, by_health.own.total()) == (3, 2, 0)
    assert by_health.all == {"failing": 1, "untested": 1, "disabled": 1}
    assert [(each.title, dict(each.own)) for each in by_health.branches] == [("Prod", {"failing": 1})]
    assert by_state.all == {"active": 2, "suspended": 1}
    assert (+by_use.all, +by_folder.all) == ({"used": 1, "unused": 2}, {"used": 3})
    assert (below.title, below.all) == ("Payments", {"untested": 1, "disabled": 1})


def test_what_a_move_took_out_of_a_workspaces_reach_is_not_in_use(cast: Cast, awsi: Integration) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = awsi.root_folder
        shared = factories.folder(cast.at_org, "Shared", parent=top)
        other = factories.folder(cast.at_org, "Other", parent=top)
        web = factories.connection(cast.at_org, "web", folder=shared)
        sharing.set_grants(shared, [cast.at_workspace])
        Schema.objects.create(**cast.at_workspace.keys, connection=web)
        before = read_outline(top, Colour.USE)
        Connection.objects.filter(pk=web.pk).update(folder=other)
        after = read_outline(top, Colour.USE)
    assert (+before.all, +after.all) == ({"used": 1}, {"unused": 1})


@pytest.mark.parametrize("what", ["", "?as=map", "?as=map&by=state", "?by=use"])
def test_a_picture_of_ten_thousand_accounts_is_light_and_asks_no_more(
    cast: Cast, awsi: Integration, as_org_owner: Client, what: str
) -> None:
    def look() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            response = as_org_owner.get(PICTURE + what)
        assert response.status_code == 200
        asked = [query["sql"] for query in captured if not re.search("SAVEPOINT|set_config", query["sql"])]
        return len(asked), len(gzip.compress(response.content))

    with isolation.as_tenant(cast.acme.pk):
        factories.grow(awsi.root_folder, folders=2, connections=10)
    look()  # the session is seen
    few, _ = look()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(awsi.root_folder, folders=500, connections=2000)
    many, weight = look()
    assert many == few <= 12
    assert weight <= 30_000


def test_hostile_names_are_shown_as_they_are(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(
            cast.at_org, "x", folder=factories.folder(cast.at_org, "</title><script>", parent=awsi.root_folder)
        )
    for what in ("", "?as=map", "?download"):
        page = as_org_owner.get(PICTURE + what).content.decode()
        assert "&lt;/title&gt;&lt;script&gt;" in page
        assert "</title><script>" not in page


def test_the_download_is_a_picture_of_its_own(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(awsi.root_folder, folders=3, connections=9)
    response = as_org_owner.get(f"{PICTURE}?as=map&download")
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Content-Disposition"] == 'attachment; filename="awsi-map.svg"'
    drawn = ET.fromstring(response.content)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert not drawn.findall(".//{http://www.w3.org/2000/svg}a")
    assert len(drawn.findall("{http://www.w3.org/2000/svg}g")) == 3


def test_what_lies_elsewhere_has_no_picture_here(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = factories.integration(cast.at_org, "other", by=cast.org_owner).root_folder_id
        gone = factories.folder(cast.at_org, "Gone", parent=awsi.root_folder, removed_at=timezone.now()).pk
    for asked in (f"folder={other}", f"folder={gone}", "folder=²", "folder=-1", "as=cake", "by=size"):
        assert as_org_owner.get(f"{PICTURE}?{asked}").status_code == 404, asked


def test_a_folder_s_picture_says_where_it_lies(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        prod = factories.folder(cast.at_org, "Prod", parent=awsi.root_folder)
        payments = factories.folder(cast.at_org, "Payments", parent=prod)
    page = as_org_owner.get(f"{PICTURE}?as=map&folder={payments.pk}").content.decode()
    assert f'href="{PICTURE}?as=map&amp;by=health&amp;folder={prod.pk}"' in page
    assert re.search(r'aria-current="page"><bdi>Payments</bdi>', page)
    whole = as_org_owner.get(PICTURE).content.decode()
    assert f'href="{PICTURE}?as=chart&amp;by=health&amp;folder={prod.pk}"' in whole
    assert f'href="/tenants/acme/orgs/tnt/connections/folders/{payments.pk}/"' in whole
    assert Folder.objects.count() == Connection.objects.count() == 0  # outside of a tenant nobody sees any

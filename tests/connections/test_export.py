"""The files of lists of folders and connections."""

import csv
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections import sharing
from connections.search import export
from tests import factories
from tests.conftest import Cast
from tests.connections.test_filters import ORG, USABLE, Tree, tree  # noqa: F401
from tests.connections.test_pages import get
from workspaces import isolation

pytestmark = pytest.mark.usefixtures("tree")


def sent(client: Client, url: str) -> str:
    response: Any = client.get(url)
    assert response.status_code == 200, url
    return "".join(part.decode() for part in response.streaming_content)


def titles(text: str) -> list[str]:
    return [row["title"] for row in csv.DictReader(text.splitlines())]


def test_a_file_has_all_pages_of_what_the_list_shows_and_no_cell_is_a_formula(
    cast: Cast,
    tree: Tree,  # noqa: F811
    as_org_owner: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_BATCH", 50)
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "=HYPERLINK()", folder=tree.dev, handle="evil")
        factories.grow(tree.dev, folders=1, connections=120)
    url = f"{ORG}export/?format=csv&kind=connection&below={tree.dev.pk}&sort=handle"
    rows = list(csv.DictReader(sent(as_org_owner, url).splitlines()))
    assert len(rows) == 122
    assert [row["handle"] for row in rows] == sorted(row["handle"] for row in rows)
    (evil,) = [row for row in rows if row["handle"] == "evil"]
    assert evil["title"] == "'=HYPERLINK()"
    assert evil["path"] == "Root / Dev"
    response = as_org_owner.get(url)
    assert response["Content-Disposition"].startswith('attachment; filename="connections-acme-tnt-20')
    found = json.loads(sent(as_org_owner, f"{ORG}export/?format=json&state=suspended"))
    assert [(one["title"], one["state"], one["health"]) for one in found] == [("beta", "suspended", "untested")]
    assert json.loads(sent(as_org_owner, f"{ORG}export/?format=json&q=nothing-like-it")) == []


def test_the_links_beside_a_list_lead_to_files_with_its_filter(
    cast: Cast,
    tree: Tree,  # noqa: F811
    as_org_owner: Client,
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.prod, [cast.at_workspace])
    for page, file, found in (
        (f"{ORG}?state=active", f"{ORG}export/?state=active&format=csv", ["alpha", "delta", "gamma"]),
        (f"{ORG}folders/{tree.web.pk}/", f"{ORG}export/?below={tree.web.pk}&format=csv", ["alpha", "beta"]),
        (USABLE, f"{USABLE}export/?format=csv", ["Prod", "Web", "alpha", "beta"]),
        (f"{USABLE}folders/{tree.web.pk}/?q=al", f"{USABLE}export/?q=al&below={tree.web.pk}&format=csv", ["alpha"]),
    ):
        assert f'href="{file.replace("&", "&amp;")}"' in get(as_org_owner, page)
        assert titles(sent(as_org_owner, file)) == found
    for gone in (
        f"{ORG}export/?format=xml",
        f"{ORG}export/?format=csv&below=0",
        f"{ORG}export/?format=csv&below=x",
        f"/tenants/acme/connections/export/?format=csv&below={tree.web.pk}",
        f"{USABLE}export/?format=csv&below={tree.dev.pk}",
    ):
        assert as_org_owner.get(gone).status_code in (403, 404), gone


def test_why_a_connection_fails_is_for_its_owners(
    cast: Cast,
    tree: Tree,  # noqa: F811
    as_org_owner: Client,
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.prod, [cast.at_workspace])
        made = {"health": "failing", "health_reason": "o_secret may be left out", "health_tested_at": timezone.now()}
        factories.connection(cast.at_org, "open", folder=tree.web, handle="open", **made)
    assert "o_secret" in sent(as_org_owner, f"{ORG}export/?format=csv&health=failing")
    reader = Client()
    reader.force_login(cast.reader)
    for form in ("csv", "json"):
        text = sent(reader, f"{USABLE}export/?format={form}&health=failing")
        assert "open" in text
        assert "o_secret" not in text

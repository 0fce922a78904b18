"""Each page says its own name, and above it what it belongs to."""

import html as html_library
import re

import pytest
from django.test import Client

from connections.models import Folder
from integrations.models import SyncRun
from tests.integrations.conftest import Synced
from tests.integrations.in_use import MAIN
from workspaces import isolation

CONNECTIONS = "/tenants/acme/orgs/tnt/connections/"


def names_of(client: Client, url: str) -> tuple[str, str, list[str]]:
    """Give the title, the heading and the crumbs of a page."""
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    page = response.content.decode()
    crumbs = page[page.index('class="crumbs"') :].partition("</ol>")[0]
    return (
        _words(page, "title").removesuffix(" · Pipes"),
        _words(page, "h1"),
        [re.sub("<[^>]*>", "", one).strip() for one in re.findall("<li>(.*?)</li>", crumbs, re.DOTALL)],
    )


def _words(page: str, tag: str) -> str:
    (found,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    words = html_library.unescape(re.sub(r"<[^>]*>|[\u2066-\u2069]", "", found))
    return " ".join(words.split())


@pytest.mark.parametrize(
    ("path", "name", "above"),
    [
        ("", "main", ["Integrations"]),
        ("config/", "Config", ["Integrations", "main"]),
        ("advanced/", "Advanced", ["Integrations", "main"]),
        ("advanced/events/", "Events", ["Integrations", "main", "Advanced"]),
        ("notifications/", "Notifications", ["Integrations", "main", "Advanced"]),
        ("notifications/webhooks/new/", "New Webhook", ["Integrations", "main", "Advanced", "Notifications"]),
        ("processes/", "Processes", ["Integrations", "main"]),
    ],
)
def test_a_page_of_an_integration(in_use: Synced, as_org_owner: Client, path: str, name: str, above: list[str]) -> None:
    title, heading, crumbs = names_of(as_org_owner, MAIN + path)
    assert (heading, crumbs) == (name, above)
    assert title == (f"{name} of main" if path else "main")


def test_a_run(in_use: Synced, as_org_owner: Client) -> None:
    run: SyncRun = in_use.runs()[-1]
    title, heading, crumbs = names_of(as_org_owner, f"{MAIN}processes/{run.number}/")
    assert (title, heading) == (f"Sync {run.number} of main", f"Sync {run.number}")
    assert crumbs == ["Integrations", "main", "Processes"]


def test_what_asks_before_it_acts_has_its_own_title(in_use: Synced, as_org_owner: Client) -> None:
    as_org_owner.post(MAIN + "advanced/events/")
    for path, title in (
        ("config/rotate/discovery/", "Rotate the External ID of main"),
        ("advanced/events/rotate/", "Rotate the Key of main"),
    ):
        page = as_org_owner.get(MAIN + path).content.decode()
        assert _words(page, "title").removesuffix(" · Pipes") == title


def test_folders_and_connections(in_use: Synced, as_org_owner: Client) -> None:
    prod = in_use.connection("Prod")
    with isolation.as_tenant(in_use.integration.tenant_id):
        folder = Folder.objects.get(title="Workloads")
    above = ["Connections", "Root"]
    for url, name in ((f"{CONNECTIONS}folders/{folder.pk}/", "Workloads"), (f"{CONNECTIONS}{prod.pk}/", "Prod")):
        assert names_of(as_org_owner, url) == (name, name, above)
        pages = [("permissions/", "Permissions"), ("config/", "Config"), ("handle/", "Advanced")]
        for path, page in pages + [("settings/", "Properties")] * (name == "Workloads"):
            assert names_of(as_org_owner, url + path) == (f"{page} of {name}", page, [*above, name])
        above = [*above, "Workloads"]

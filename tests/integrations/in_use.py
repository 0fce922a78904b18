"""An integration that is synced and in use in two workspaces, and helpers to look at pages and rows."""

import html as html_library
import re
from collections.abc import Callable

import pytest
from django.test import Client

from connections import sharing
from connections.models import Aggregator, Connection, Folder, Schema
from integrations.models import Integration
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent

MAIN = "/tenants/acme/orgs/tnt/integrations/main/"


def text_of(html: str) -> str:
    """What a person reads, in one line."""
    return html_library.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)))


def hidden(html: str, name: str, *, form: str = "") -> str:
    """The value of a hidden field, of the form that is sent to this path."""
    part = html[html.index(f'action="{form}"') :] if form else html
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', part)
    assert found, name
    return html_library.unescape(found[1])


@pytest.fixture
def in_use(aws: RunningAws, cast: Cast) -> Synced:
    """A mirror after its first sync: shared with the whole org; fireworks has the top folder, rockets only Prod."""
    synced = make_mirror(aws, cast.at_org, cast)
    synced.work()
    with isolation.as_tenant(cast.acme.pk):
        top = Folder.objects.get(pk=synced.integration.root_folder_id)
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
        rockets = Scope(cast.acme, cast.tnt, cast.rockets)
        Schema.objects.create(**rockets.keys, connection=Connection.objects.get(handle="prod"))
        Aggregator.objects.create(**cast.at_workspace.keys, handle="all_prod", patterns=["prod*"])
        cast.fireworks.search_path_prefix = ["dev", "acme_dev", "elsewhere"]
        cast.fireworks.save()
    return synced


@pytest.fixture
def fresh(cast: Cast, in_use: Synced) -> Callable[[], Integration]:
    """Read the integration again."""

    def read() -> Integration:
        with isolation.as_tenant(cast.acme.pk):
            found = Integration.objects.select_related("tenant", "organization", "root_folder")
            return found.get(pk=in_use.integration.pk)

    return read


@pytest.fixture
def events(cast: Cast) -> Callable[[], list[AuditEvent]]:
    """The audit log of acme, the newest first."""

    def read() -> list[AuditEvent]:
        with isolation.as_tenant(cast.acme.pk):
            return list(AuditEvent.objects.order_by("-pk"))

    return read


def handles(cast: Cast) -> set[str]:
    """The handles of all connections that are there."""
    with isolation.as_tenant(cast.acme.pk):
        return set(Connection.objects.filter(removed_at=None).values_list("handle", flat=True))


def post(client: Client, url: str, **values: object) -> str:
    """Send a form and give the page that one lands on."""
    response = client.post(url, values, follow=True)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()

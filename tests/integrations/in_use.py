"""An integration that is synced and in use in two workspaces, and helpers to look at pages and rows."""

import html as html_library
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import pytest
from django.test import Client, override_settings

from connections import sharing
from connections.models import Aggregator, Connection, Folder, Schema
from integrations.models import Integration
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.fakes.aws.faults import Call
from tests.integrations.conftest import Synced, environment_for, make_mirror, settings_for, small_aws
from tests.integrations.kept import Kept
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Workspace

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


@dataclass(frozen=True)
class InUse:
    """What is kept of it: the integration, the workspace whose search path has a prefix, and what AWS was asked."""

    integration: Integration
    fireworks: Workspace
    calls: tuple[Call, ...]


def make_in_use(aws: RunningAws, cast: Cast) -> Synced:
    """Mirror and share with the whole org; fireworks has the top folder, rockets only Prod."""
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


def _make() -> InUse:
    cast = make_cast()
    with small_aws() as aws, override_settings(**settings_for(aws)), pytest.MonkeyPatch.context() as patched:
        for name, text in environment_for(aws).items():
            patched.setenv(name, text)
        made = make_in_use(aws, cast)
        return InUse(made.integration, cast.fireworks, tuple(aws.calls))


kept = Kept("in_use", _make)


@pytest.fixture
def in_use(aws: RunningAws, cast: Cast) -> Synced:
    """A mirror after its first sync: shared with the whole org; fireworks has the top folder, rockets only Prod.

    The stand-in AWS is another one for each test. It holds the same as the one from which the mirror that is kept was
    made, but for the role, and is told what that was asked.
    """
    if kept.made is None:
        return make_in_use(aws, cast)
    made = deepcopy(kept.made)
    aws.roles.create_discovery(made.integration.discovery_external_id, name="pipes-main")
    for call in made.calls:
        aws.calls.add(call)
    for field in Workspace._meta.concrete_fields:
        setattr(cast.fireworks, field.attname, getattr(made.fireworks, field.attname))
    return Synced(aws, made.integration)


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

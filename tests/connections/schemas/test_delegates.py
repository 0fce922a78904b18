"""What a workspace uses, opened by members of its organization to whom that was delegated."""

import re

import pytest
from django.test import Client

from connections import actions
from connections.models import Aggregator, Connection, Folder, Schema
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access
from workspaces.delegation.verbs import Verb
from workspaces.models import AuditEvent, Membership, User, Workspace
from workspaces.people import delegates

ORG = "/tenants/acme/orgs/tnt/"
HERE = f"{ORG}workspaces/fireworks/"
Shared = tuple[Folder, Connection, Connection]


def give(cast: Cast, verb: Verb, to: User) -> None:
    access = Access(cast.tenant_owner, cast.at_workspace, tuple(Membership.objects.filter(user=cast.tenant_owner)))
    delegates.delegate(access=access, thing=cast.fireworks, user=to, verbs=[verb])


@pytest.fixture
def shared(cast: Cast) -> Shared:
    """A folder with a connection in it, and one beside it, which the workspace may use; the latter is in use."""
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "Prod")
        inner = factories.connection(cast.at_org, "Inner", folder=folder)
        beside = factories.connection(cast.at_org, "Beside")
        for node in (folder, beside):
            actions.add_grant(node=node, audience=cast.at_workspace, by=cast.org_owner)
        actions.add_schema(scope=cast.at_workspace, node=beside, by=cast.org_owner)
        return folder, inner, beside


def html(client: Client, path: str) -> str:
    response = client.get(HERE + path)
    assert response.status_code == 200, path
    return str(response.content.decode())


def links(page: str) -> set[str]:
    return set(re.findall(r'(?:href|action|formaction|hx-post)="([^"#]+)"', page))


def test_a_delegate_sees_what_a_workspace_uses_and_nothing_else_of_it(
    cast: Cast, client: Client, shared: Shared
) -> None:
    folder, inner, beside = shared
    client.force_login(cast.org_member)
    assert "fireworks" not in client.get(ORG).content.decode()
    assert "fireworks" not in client.get(f"{ORG}search/?q=firew").content.decode()
    with isolation.as_tenant(cast.acme.pk):
        aggregator = actions.create_aggregator(
            scope=cast.at_workspace, handle="every", patterns=["*"], by=cast.org_owner
        )
        give(cast, Verb.USE_SCHEMAS, cast.org_member)
    home = client.get(ORG).content.decode()
    assert "fireworks" in home
    assert "Delegate" in home
    assert "rockets" not in home
    for page in (f"{ORG}workspaces/", f"{ORG}search/?q=firew", f"{HERE}search/?q=firew"):
        assert "fireworks" in client.get(page).content.decode()
    assert f"{HERE}connections/{inner.pk}/" in client.get(f"{ORG}search/?q=Inner").content.decode()
    pages = {path: html(client, path) for path in ("connections/", "connections/in-use/", "aggregators/")}
    pages |= {path: html(client, path) for path in (f"aggregators/{aggregator.pk}/", "advanced/search-path/")}
    pages |= {path: html(client, path) for path in (f"connections/folders/{folder.pk}/", f"connections/{beside.pk}/")}
    for path, page in pages.items():
        tabs = re.findall(r'<a href="[^"]+"(?: aria-current="page")?>([\w ]+)</a>', page.partition("<main")[0])
        assert tabs == ["Connections", "Aggregators", "Search path"], path
        main = page.partition("<main")[2].partition("<dialog")[0]
        assert not re.search(r"to schema<|from schema<|New |Delete|Save", main), path
        for url in links(page):
            if url.startswith("/tenants") and "/static" not in url and url != f"{HERE}{path}":
                assert client.get(url.replace("&amp;", "&")).status_code in (200, 302), (path, url)
    for path in ("people/", "activity/", "advanced/", f"connections/{beside.pk}/access/", "connections/new/"):
        assert client.get(HERE + path).status_code == 403, path
    for path in (f"connections/{inner.pk}/add/", "connections/many/schema/", f"aggregators/{aggregator.pk}/"):
        assert client.post(HERE + path, {"handle": "x", "patterns": "*"}).status_code == 403, path
    refused = client.post(f"{HERE}advanced/search-path/", {"names": "every", "seen": ""})
    assert refused.status_code == 403
    assert "or a delegate for it" in refused.content.decode()


def test_a_delegate_who_manages_schemas_changes_them_and_no_settings(
    cast: Cast, client: Client, shared: Shared
) -> None:
    folder, _, beside = shared
    with isolation.as_tenant(cast.acme.pk):
        give(cast, Verb.MANAGE_SCHEMAS, cast.org_member)
    client.force_login(cast.org_member)
    page = html(client, "connections/")
    assert f'formaction="{HERE}connections/folders/{folder.pk}/add/"' in page
    assert "many/schema/" in page
    assert "connections/new/" not in page
    client.post(f"{HERE}connections/folders/{folder.pk}/add/")
    row = client.post(
        f"{HERE}connections/{beside.pk}/remove/",
        headers={"HX-Request": "true", "HX-Target": f"node-connection-{beside.pk}"},
    ).content.decode()
    assert "Add to schema" in row
    asked = client.post(f"{HERE}connections/many/schema/", {"do": "add", "connection": beside.pk}).content.decode()
    seen = re.findall(r'name="seen" value="([^"]+)"', asked)[0]
    client.post(f"{HERE}connections/many/schema/", {"do": "add", "connection": beside.pk, "seen": seen})
    client.post(f"{HERE}aggregators/new/", {"handle": "every", "patterns": "*"})
    client.post(f"{HERE}advanced/search-path/", {"names": "every", "seen": ""})
    with isolation.as_tenant(cast.acme.pk):
        assert Schema.objects.filter(workspace=cast.fireworks).count() == 2
        aggregator = Aggregator.objects.get()
        assert Workspace.objects.get(pk=cast.fireworks.pk).search_path_prefix == ["every"]
        by = AuditEvent.objects.filter(actor_id=cast.org_member.pk).values_list("action", flat=True)
        assert set(by) == {
            *("schema.added", "schema.removed", "nodes.schema_added"),
            *("aggregator.created", "workspace.search_path_changed"),
        }
    client.post(f"{HERE}aggregators/{aggregator.pk}/delete/", {"handle": "every"})
    assert client.post(f"{HERE}advanced/", {"handle": "mine", "name": "Mine"}).status_code == 403
    assert client.post(f"{HERE}connections/folders/new/", {"handle": "mine"}).status_code == 403
    assert client.post(f"{HERE}delete/", {"handle": "fireworks"}).status_code == 403
    with isolation.as_tenant(cast.acme.pk):
        assert not Aggregator.objects.exists()
    assert client.get("/tenants/acme/orgs/tnt/workspaces/rockets/connections/").status_code == 404

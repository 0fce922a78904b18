"""What a program reads of folders and connections."""

from urllib.parse import quote

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections import actions, sharing
from connections.models import Connection, ConnectionState, Folder
from tests import factories
from tests.conftest import Cast
from tests.connections.api.conftest import Told
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.access import Scope


@pytest.fixture
def mirror(cast: Cast) -> Folder:
    """The top folder of acme/tnt's integration, shared with all of its workspaces and added to one of them."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "research", by=cast.org_owner)
        top = made.root_folder
        assert top is not None
        factories.grow(top, folders=4, connections=20)
        sharing.set_grants(top, [cast.at_org])
        actions.add_schema(scope=cast.at_workspace, node=top, by=cast.workspace_owner)
    return top


def test_a_managed_connection_says_where_it_is_and_what_keeps_it(
    program: ProgramOf, told: Told, cast: Cast, mirror: Folder
) -> None:
    ours = program(cast.org_owner)
    listed = told(ours, "GET", "/org/tnt/connection?limit=100")["items"]
    assert len(listed) == 20
    one = told(ours, "GET", f"/org/tnt/connection/{listed[3]['id']}")
    assert one == listed[3] == told(ours, "GET", f"/org/tnt/connection/{one['handle']}")
    assert (one["type"], one["plugin"], one["handle_mode"], one["status"]) == (
        "connection",
        "aws",
        "dynamic",
        "enabled",
    )
    assert (one["config"], one["config_source"], one["credential_source"]) == ({}, "inherited", "inherited")
    assert (one["tenant_id"], one["identity_id"]) == (cast.acme.public_id, cast.tnt.public_id)
    assert [item["id"] for item in one["trunk"]] == [mirror.public_id, one["parent_id"]]
    assert "workspace_id" not in one
    folder = told(ours, "GET", f"/org/tnt/connection_folder/{one['parent_id']}")
    assert (folder["type"], folder["parent_id"]) == ("connection-folder", mirror.public_id)
    assert "handle" not in folder
    top = told(ours, "GET", f"/org/tnt/connection_folder/{mirror.public_id}")
    assert (top["parent_id"], top["trunk"], top["integration_resource_type"]) == (cast.tnt.public_id, [], "root")
    assert len(told(ours, "GET", "/org/tnt/connection_folder")["items"]) == 5
    assert ours("GET", f"/org/tnt/connection_folder/{one['id']}").status_code == 404
    assert told(ours, "GET", "/actor/conn")["items"][0] == listed[0]
    assert told(ours, "GET", "/org/tnt/conn?limit=100")["items"] == listed
    users = told(ours, "GET", f"/org/tnt/connection/{one['id']}/workspace")["items"]
    assert [user["workspace_id"] for user in users] == [cast.fireworks.public_id]
    assert told(ours, "GET", f"/org/tnt/connection_folder/{mirror.public_id}/workspace")["items"]
    assert told(ours, "POST", f"/org/tnt/connection/{one['id']}/test", status=200)["status"] == "unknown"
    assert told(program(cast.tenant_owner), "GET", "/connection")["items"] == []
    assert program(cast.org_member).get("/org/tnt/connection") == {"items": []}


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 100])
@pytest.mark.parametrize("level", ["tenant", "org"])
def test_a_list_is_read_page_by_page_and_has_each_of_its_own_once(
    program: ProgramOf, cast: Cast, mirror: Folder, level: str, limit: int
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.integration(cast.at_tenant, "everywhere", by=cast.tenant_owner).root_folder
        assert top is not None
        factories.grow(top, folders=2, connections=10)
        wanted = Connection.objects.filter(root=top if level == "tenant" else mirror).order_by("pk")
        ids = list(wanted.values_list("public_id", flat=True))
    ours, path, found, token = program(cast.tenant_owner), "/org/tnt/conn" if level == "org" else "/connection", [], ""
    while True:
        page = ours.get(f"{path}?limit={limit}&next_token={token}")
        found += [one["id"] for one in page["items"]]
        if "next_token" not in page:
            break
        assert len(page["items"]) == limit
        token = page["next_token"]
    assert found == ids


def test_a_tree_is_filtered_by_conditions_and_a_folder(
    program: ProgramOf, told: Told, cast: Cast, mirror: Folder
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(title="Account 7").update(state=ConnectionState.SUSPENDED)
        factories.connection(cast.at_org, "", handle="by_hand")
        below = Folder.objects.filter(parent=mirror).order_by("pk")[0]
    ours = program(cast.org_owner)

    def found(where: str, **further: str) -> list[str]:
        query = "".join(f"&{name}={value}" for name, value in further.items())
        page = told(ours, "GET", f"/org/tnt/connection_tree?limit=100&where={quote(where)}{query}")
        return [item["title" if "title" in item else "handle"] for item in page["items"]]

    assert len(found("")) == 26
    assert found("status = 'disabled'") == ["Account 7"]
    assert found("type = 'connection-folder' and parent_id = '" + mirror.public_id + "'") != []
    assert found("handle_mode = 'static'") == ["by_hand"]
    assert found(f"type = 'connection' and parent_id = '{cast.tnt.public_id}'") == ["by_hand"]
    assert len(found("managed_by_id is null and title is not null")) in (0, 25)
    assert len(found("", prefix=below.public_id)) == 5
    assert ours("GET", "/org/tnt/connection_tree?prefix=c_0").status_code == 400
    assert ours("GET", "/org/tnt/connection_tree?where=no%20%3D%20'x'").status_code == 400


def test_a_workspace_reads_what_it_may_use_and_what_it_has_in_use(
    program: ProgramOf, told: Told, cast: Cast, mirror: Folder
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        shared = factories.connection(cast.at_org, "Not added")
        sharing.set_grants(shared, [cast.at_workspace])
        factories.connection(cast.at_org, "Secret of the organization")
    ours, base = program(cast.reader), "/org/tnt/workspace/fireworks"
    usable = told(ours, "GET", f"{base}/connection?limit=100")["items"]
    assert len(usable) == 21
    assert [one["connection"]["title"] for one in usable if not one["is_used"]] == ["Not added"]
    used = told(ours, "GET", f"{base}/conn?limit=100")["items"]
    assert {one["connection_id"] for one in used} == {one["connection_id"] for one in usable if one["is_used"]}
    assert len({one["id"] for one in used}) == 20
    assert told(ours, "GET", f"{base}/conn/{mirror.public_id}")["connection"]["type"] == "connection-folder"
    one = told(ours, "GET", f"{base}/connection/{usable[0]['connection']['handle']}")
    assert (one["association"]["workspace_id"], one["id"]) == (cast.fireworks.public_id, usable[0]["connection_id"])
    assert "config" not in one, "options are told to who owns the connection"
    assert "config" in told(program(cast.org_owner), "GET", f"{base}/connection/{usable[0]['connection']['handle']}")
    assert told(ours, "GET", f"{base}/connection_folder/{mirror.public_id}")["association"]
    assert ours("GET", f"{base}/connection_folder/{usable[0]['connection']['handle']}").status_code == 404
    assert ours("GET", f"{base}/conn/{shared.handle}").status_code == 404
    assert len(told(ours, "GET", f"{base}/connection_tree?limit=100")["items"]) == 26
    assert len(told(ours, "GET", f"{base}/connection_folder")["items"]) == 5


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/org/tnt/connection", 7),
        ("/org/tnt/connection_folder", 7),
        ("/org/tnt/connection_tree", 8),
        ("/actor/conn", 7),
        ("/org/tnt/workspace/fireworks/connection", 8),
        ("/org/tnt/workspace/fireworks/conn", 8),
        ("/org/tnt/workspace/fireworks/schema", 11),
        ("/org/tnt/workspace/fireworks/aggregator", 8),
    ],
)
def test_lists_ask_no_more_for_more(program: ProgramOf, cast: Cast, mirror: Folder, path: str, most: int) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for number in range(9):
            one = factories.connection(cast.at_workspace, f"Own {number}", options={"default_region": "us-east-1"})
            actions.add_schema(scope=cast.at_workspace, node=one, by=cast.tenant_owner)
            handle = f"all_{number}"
            by = cast.tenant_owner
            actions.create_aggregator(scope=cast.at_workspace, handle=handle, patterns=["*"], by=by)
    ours = program(cast.tenant_owner)
    ours.get("/actor")

    def statements(limit: int) -> int:
        with CaptureQueriesContext(database) as asked:
            ours.get(f"{path}?limit={limit}")
        own = [one["sql"] for one in asked.captured_queries]
        return len([sql for sql in own if "SAVEPOINT" not in sql and "WITH before AS MATERIALIZED" not in sql])

    few, many = statements(25), statements(100)
    assert many <= most
    assert few <= most


def test_other_tenants_and_removed_ones_are_not_there(program: ProgramOf, cast: Cast, mirror: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        gone = factories.connection(cast.at_org, "Gone", removed_at=mirror.created_at)
        of_tenant = factories.connection(Scope(cast.acme), "Of all")
    ours, stranger = program(cast.org_owner), program(cast.stranger, cast.globex)
    for path in (f"/org/tnt/connection/{gone.handle}", f"/org/tnt/connection/{of_tenant.public_id}"):
        assert ours("GET", path).status_code == 404
    assert stranger("GET", f"/connection/{of_tenant.public_id}").status_code == 404
    assert program(cast.tenant_owner).get(f"/connection/{of_tenant.handle}")["parent_id"] == cast.acme.public_id

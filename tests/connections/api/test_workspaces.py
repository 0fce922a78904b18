"""What a program does with the schemas, the aggregators and the search path of a workspace."""

from connections import sharing
from tests import factories
from tests.conftest import Cast
from tests.connections.api.conftest import Told
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.models import AuditEvent

W = "/org/tnt/workspace/fireworks"


def test_schemas_are_added_and_removed(program: ProgramOf, told: Told, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "Ours")
        inside = factories.connection(cast.at_org, "Inside", folder=folder, handle="prod_inside")
        alone, other = (factories.connection(cast.at_org, name) for name in ("Alone", "Other"))
        for node in (folder, alone):
            sharing.set_grants(node, [cast.at_org])
    ours = program(cast.workspace_owner)
    added = told(ours, "POST", f"{W}/schema", {"connection_handle": alone.handle, "aggregator_handle": ""})
    assert (added["type"], added["state"], added["name"]) == ("connection", "direct", alone.handle)
    assert ours("POST", f"{W}/schema", {"connection_handle": alone.handle}).status_code == 409
    whole = told(ours, "POST", f"{W}/schema", {"connection_folder": folder.public_id})
    assert (whole["type"], whole["name"], whole["connection_id"]) == (
        "connection-folder",
        folder.public_id,
        folder.public_id,
    )
    assert ours("POST", f"{W}/schema", {"connection_handle": "prod_inside"}).status_code == 409
    told(ours, "POST", f"{W}/aggregator", {"handle": "prod", "plugin": "aws", "connections": ["prod_*"]})
    first, *listed = told(ours, "GET", f"{W}/schema")["items"]
    assert (first["name"], first["aggregator"]["connections"]) == ("all_aws", ["*"])  # there by itself
    assert told(ours, "GET", f"{W}/schema/all_aws") == first == told(ours, "DELETE", f"{W}/schema/all_aws")
    assert told(ours, "GET", f"{W}/aggregator")["items"][0] == first["aggregator"]
    assert told(ours, "GET", f"{W}/aggregator/{first['aggregator_id']}") == first["aggregator"]
    assert ours("PATCH", f"{W}/aggregator/{first['aggregator_id']}", {"handle": "x"}).status_code == 409
    page = told(ours, "GET", f"{W}/aggregator?limit=1")
    assert told(ours, "GET", f"{W}/aggregator?next_token={page['next_token']}")["items"][0]["handle"] == "prod"
    assert [(one["type"], one["state"]) for one in listed] == [
        ("aggregator", "direct"),
        ("connection", "direct"),
        ("connection-folder", "direct"),
        ("connection", "indirect"),
    ]
    assert (listed[3]["aggregated_by"], listed[1]["aggregated_by"]) == (["prod"], [])
    assert told(ours, "GET", f"{W}/schema/prod_inside")["id"] == listed[3]["id"]
    assert told(ours, "GET", f"{W}/schema/{alone.handle}") == listed[1]
    assert told(ours, "GET", f"{W}/schema/{folder.public_id}")["id"] == listed[2]["id"]
    assert told(ours, "GET", f"{W}/schema/prod")["aggregator"]["connections"] == ["prod_*"]
    assert told(ours, "POST", f"{W}/schema", {"aggregator_handle": "prod"})["type"] == "aggregator"
    assert told(ours, "DELETE", f"{W}/schema/prod")["type"] == "aggregator"
    assert ours("DELETE", f"{W}/schema/prod_inside").status_code == 409, "it came with the folder"
    path = told(ours, "GET", W)["search_path"]
    assert path[:1] == ["public"]
    assert {"prod", "prod_inside", alone.handle, "all_aws"} <= set(path)
    told(ours, "DELETE", f"{W}/schema/{alone.handle}")
    told(ours, "DELETE", f"{W}/schema/{folder.public_id}")
    assert [one["type"] for one in told(ours, "GET", f"{W}/schema")["items"]] == ["aggregator"]
    assert ours("DELETE", f"{W}/schema/{alone.handle}").status_code == 404
    for body in ({}, {"connection_handle": "x", "connection_folder": "c_1"}):
        assert ours("POST", f"{W}/schema", body).status_code == 400
    assert ours("POST", f"{W}/schema", {"connection_handle": other.handle}).status_code == 404
    owner = program(cast.org_owner)
    assert "not shared" in told_why(owner("POST", f"{W}/schema", {"connection_handle": other.handle}), 403)
    assert told(ours, "POST", f"{W}/conn", {"connection_handle": inside.public_id})["connection_id"] == inside.public_id
    told(ours, "DELETE", f"{W}/conn/{inside.public_id}")


def told_why(answer: object, status: int) -> str:
    assert answer.status_code == status  # type: ignore[attr-defined]
    return str(answer.json()["detail"])  # type: ignore[attr-defined]


def test_an_aggregator_lives(program: ProgramOf, told: Told, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_workspace, "Mine", handle="prod_mine")
    ours = program(cast.workspace_owner)
    told(ours, "POST", f"{W}/schema", {"connection_handle": "prod_mine"})
    made = told(ours, "POST", f"{W}/aggregator", {"handle": "prod", "plugin": "aws", "connections": ["prod_*"]})
    assert (made["workspace_id"], made["plugin"], made["version_id"]) == (cast.fireworks.public_id, "aws", 1)
    taken = ours("POST", f"{W}/aggregator", {"handle": "prod", "plugin": "aws", "connections": ["*"]})
    assert (taken.status_code, taken.json()["validation_errors"][0]["location"]) == (409, "handle")
    none = ours("POST", f"{W}/aggregator", {"handle": "other", "plugin": "aws"})
    assert (none.status_code, none.json()["validation_errors"][0]["location"]) == (400, "connections")
    assert ours("POST", f"{W}/aggregator", {"handle": "x", "plugin": "gcp", "connections": ["*"]}).status_code == 400
    united = told(ours, "GET", f"{W}/aggregator/prod/connection")["items"]
    assert [one["handle"] for one in united] == ["prod_mine"]
    assert told(ours, "GET", f"{W}/aggregator/prod/connection/prod_mine")["association"]
    changed = told(ours, "PATCH", f"{W}/aggregator/{made['id']}", {"connections": ["test_*"], "handle": ""})
    assert (changed["handle"], changed["connections"], changed["version_id"]) == ("prod", ["test_*"], 2)
    assert told(ours, "GET", f"{W}/aggregator/prod/connection")["items"] == []
    assert told(ours, "GET", f"{W}/aggregator")["items"] == [changed]
    assert ours("DELETE", f"{W}/aggregator/all_aws").status_code == 409
    assert ours("GET", f"{W}/aggregator/all_aws").status_code == 404  # of one connection there is none yet
    told(ours, "DELETE", f"{W}/aggregator/prod")
    assert ours("GET", f"{W}/aggregator/prod").status_code == 404
    assert program(cast.reader)("DELETE", f"{W}/aggregator/prod").status_code == 403


def test_a_workspace_is_changed(program: ProgramOf, told: Told, cast: Cast) -> None:
    ours = program(cast.workspace_owner)
    changed = told(
        ours, "PATCH", W, {"search_path_prefix": ["b", "a"], "instance_type": "", "desired_state": "enabled"}
    )
    assert (changed["search_path_prefix"], changed["search_path"]) == (["b", "a"], ["b", "a", "public"])
    assert changed["version_id"] == told(ours, "GET", W)["version_id"] == 2
    assert told(ours, "PATCH", W, {"search_path_prefix": []})["search_path"] == ["public"]
    assert told(ours, "PATCH", W, {"handle": "sparks"})["handle"] == "sparks"
    here = "/org/tnt/workspace/sparks"
    for body, field in (
        ({"desired_state": "paused"}, "desired_state"),
        ({"instance_type": "db1.small"}, "instance_type"),
        ({"search_path_prefix": ["Not One"]}, "search_path_prefix"),
        ({"handle": "rockets"}, "handle"),
    ):
        answer = ours("PATCH", here, body)
        assert answer.status_code == (409 if body.get("handle") else 400)
        assert [at["location"] for at in answer.json()["validation_errors"]] == [field]
    with isolation.as_tenant(cast.acme.pk):
        found = AuditEvent.objects.filter(object_kind="workspace").order_by("pk").values_list("action", flat=True)
        assert list(found)[-3:] == ["workspace.search_path_changed"] * 2 + ["workspace.changed"]

"""What a program can make, change, move and delete of folders and connections, and what it cannot."""

from typing import Any

import pytest

from connections import actions, sharing
from connections.models import Connection, Folder, Schema
from integrations.models import AccountAccess
from tests import factories
from tests.conftest import Cast
from tests.connections.api.conftest import Told, document, told
from tests.programs import Program, ProgramOf, program
from workspaces import isolation
from workspaces.models import AuditEvent

__all__ = ["document", "program", "told"]
ROLE = "arn:aws:iam::123456789012:role/pipes-connection"
SECRET = "s" * 40
KEY = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET}


def refused(answer: Any, status: int, field: str = "") -> str:
    """Why something is refused, and of which field."""
    assert answer.status_code == status, answer.content
    fields = [one["location"] for one in answer.json().get("validation_errors", [])]
    assert fields == ([field] if field else fields)
    return str(answer.json()["detail"])


@pytest.fixture
def ours(program: ProgramOf, cast: Cast) -> Program:
    return program(cast.tenant_owner)


@pytest.mark.parametrize("base", ["", "/org/tnt", "/org/tnt/workspace/fireworks"])
def test_a_connection_lives_at_each_level(ours: Program, told: Told, cast: Cast, base: str) -> None:
    owner = cast.tnt if base else cast.acme
    external_id = f"{owner.public_id}:0123456789abcdef"
    config = {"regions": ["us-east-1", "eu-*"], "max_error_retry_attempts": 5}
    is_of_workspace = base.endswith("fireworks")
    role = {"role_arn": ROLE} | ({} if is_of_workspace else {"external_id": external_id})
    sent = {"handle": "mine", "plugin": "aws", "config": config | role}
    tried = told(ours, "POST", f"{base}/connection?mode=available", sent)
    assert ours("GET", f"{base}/connection/mine").status_code == 404, "that was only asked"
    made = told(ours, "POST", f"{base}/connection", sent)
    assert (made["config"], made["status"]) == (sent["config"], "enabled")
    assert made["external_id"] == external_id or is_of_workspace
    assert (tried["handle"], made["handle_mode"], made["config_source"]) == ("mine", "static", "self")
    assert told(ours, "GET", f"{base}/connection/mine")["config"] == made["config"]
    refused(ours("POST", f"{base}/connection?mode=available", sent), 409, "handle")
    refused(ours("POST", f"{base}/connection", {"handle": "other", "plugin": "gcp"}), 400, "plugin")
    changed = told(ours, "PATCH", f"{base}/connection/{made['id']}", {"config": KEY, "handle": "yours"})
    assert (changed["config"], changed["handle"]) == ({"access_key": KEY["access_key"]}, "yours")
    kept = told(ours, "PATCH", f"{base}/connection/yours", {"config": {"access_key": KEY["access_key"]}})
    assert kept["config"] == changed["config"], "a secret that is not sent is kept"
    with isolation.as_tenant(cast.acme.pk):
        assert AccountAccess.objects.get().secret_key == SECRET
        assert not any(SECRET in str(event.details) for event in AuditEvent.objects.all())
    told(ours, "DELETE", f"{base}/connection/yours")
    assert ours("GET", f"{base}/connection/yours").status_code == 404


def test_a_bad_config_is_refused_with_its_field(ours: Program, told: Told, cast: Cast) -> None:
    made = told(ours, "POST", "/org/tnt/connection", {"handle": "mine", "plugin": "aws"})
    assert (made["config"], made["status"]) == ({}, "disabled")
    assert made["external_id"].startswith(f"{cast.tnt.public_id}:")
    for config, field in (
        ({"role_arn": "arn:aws:iam::1:role/x"}, "config.role_arn"),
        ({"role_arn": ROLE} | KEY, "config.role_arn"),
        ({"access_key": KEY["access_key"]}, "config.secret_key"),
        ({"regions": ["mars-1"]}, "config.regions"),
        ({"max_error_retry_attempts": 0}, "config.max_error_retry_attempts"),
        ({"external_id": f"{cast.tnt.public_id}:0123456789abcdef"}, "config.external_id"),
        ({"colour": "red"}, "config.colour"),
    ):
        assert refused(ours("PATCH", "/org/tnt/connection/mine", {"config": config}), 400, field)
    for external_id in (
        f"{cast.ops.public_id}:0123456789abcdef",
        f"{cast.tnt.public_id}:short",
        made["external_id"],
    ):
        sent = {"handle": "other", "plugin": "aws", "config": {"external_id": external_id}}
        refused(ours("POST", "/org/tnt/connection", sent), 400, "config.external_id")
    # Who administers one account of a mirror can read which external id all its roles want.
    with isolation.as_tenant(cast.acme.pk):
        mirror = factories.integration(cast.at_org, "main", by=cast.org_owner)
    for base in ("/org/tnt", "/org/tnt/workspace/fireworks"):
        for known in (mirror.connection_external_id, mirror.discovery_external_id):
            sent = {"handle": "other", "plugin": "aws", "config": {"role_arn": ROLE, "external_id": known}}
            refused(ours("POST", f"{base}/connection", sent), 400, "config.external_id")
    refused(ours("PATCH", "/org/tnt/connection/mine", {"credential_source": "temporary"}), 400, "credential_source")
    refused(ours("PATCH", "/org/tnt/connection/mine", {"config_source": "inherited"}), 400, "config_source")
    refused(ours("POST", "/org/tnt/connection", {"handle": "public", "plugin": "aws"}), 400, "handle")


def test_a_config_comes_back_as_it_was_sent(ours: Program, told: Told, cast: Cast) -> None:
    url = "/org/tnt/connection/mine"
    made = told(ours, "POST", "/org/tnt/connection", {"handle": "mine", "plugin": "aws", "config": {"role_arn": ROLE}})
    assert made["config"] == {"role_arn": ROLE}, "the external id that was made stands beside it"
    both = {"role_arn": ROLE, "external_id": made["external_id"]}
    elsewhere = {"config": {"role_arn": f"{ROLE}-other"}}
    version = made["version_id"]
    changed = ours("PATCH", "/org/tnt/connection/mine", elsewhere, **{"If-Match": str(version)})
    assert changed.json()["version_id"] > version, "its access is a part of it"
    assert ours("PATCH", "/org/tnt/connection/mine", elsewhere, **{"If-Match": str(version)}).status_code == 412
    for sent in (both, {"regions": ["eu-*"]}, {}, {"role_arn": ROLE, "ignore_error_codes": ["AccessDenied*"]}):
        assert told(ours, "PATCH", url, {"config": sent})["config"] == sent
        assert (
            told(ours, "GET", url)["config"] == sent == told(ours, "GET", "/org/tnt/connection")["items"][0]["config"]
        )
    with isolation.as_tenant(cast.acme.pk):
        other = factories.connection(cast.at_org, "Of the console", handle="other")
        AccountAccess.objects.create(
            tenant=cast.acme, organization=cast.tnt, connection=other, discovery_external_id="x", role_arn=ROLE
        )
    assert told(ours, "GET", "/org/tnt/connection/other")["config"] == {"role_arn": ROLE, "external_id": "x"}


def test_what_an_integration_keeps_is_changed_only_in_handle_and_options(ours: Program, told: Told, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = factories.integration(cast.at_org, "research", by=cast.org_owner)
        top = integration.root_folder
        assert top is not None
        factories.grow(top, folders=1, connections=2)
        sharing.set_grants(top, [cast.at_org])
        actions.add_schema(scope=cast.at_workspace, node=top, by=cast.workspace_owner)
        below = Folder.objects.get(parent=top)
    first = ours.get("/org/tnt/connection")["items"][0]
    url = f"/org/tnt/connection/{first['id']}"
    assert (first["integration"]["handle"], first["managed_by_id"]) == ("research", integration.public_id)
    named = ours.get(f"/org/tnt/connection_tree?where=managed_by_id%20%3D%20'{integration.public_id}'")["items"]
    assert len(named) == 4
    changed = told(ours, "PATCH", url, {"handle": "own_name", "config": {"default_region": "eu-west-1"}})
    assert (changed["handle"], changed["handle_mode"], changed["config"], changed["config_source"]) == (
        "own_name",
        "static",
        {"default_region": "eu-west-1"},
        "self",
    )
    back = told(ours, "PATCH", url, {"config_source": "inherited", "parent_id": changed["parent_id"]})
    assert (back["config"], back["config_source"]) == ({}, "inherited")
    assert "in AWS" in refused(ours("PATCH", url, {"parent_id": cast.tnt.public_id}), 409)
    refused(ours("PATCH", url, {"config": {"role_arn": ROLE}}), 409)
    refused(ours("DELETE", url), 409)
    folder = f"/org/tnt/connection_folder/{below.public_id}"
    refused(ours("PATCH", folder, {"title": "Other"}), 409)
    refused(ours("DELETE", folder), 409)
    refused(ours("POST", "/org/tnt/connection_folder", {"title": "Mine", "parent_id": below.public_id}), 409)
    with isolation.as_tenant(cast.acme.pk):
        recorded = AuditEvent.objects.filter(object_kind="connection").order_by("pk").values_list("action", flat=True)
        assert list(recorded) == ["connection.handle_changed"] + ["connection.options_changed"] * 2


def test_folders_are_made_renamed_moved_and_deleted(ours: Program, told: Told, cast: Cast) -> None:
    base = "/org/tnt/connection_folder"
    one, other = (told(ours, "POST", base, {"title": title, "parent_id": ""}) for title in ("Ours", "Ours"))
    inner = told(ours, "POST", base, {"title": "Inner", "parent_id": one["id"]})
    assert (inner["parent_id"], [item["title"] for item in inner["trunk"]]) == (one["id"], ["Ours"])
    leaf = told(ours, "POST", "/org/tnt/connection", {"handle": "leaf", "plugin": "aws", "parent_id": inner["id"]})
    told(ours, "POST", f"{base}/{one['id']}/permission", {"identity_handle": "tnt", "workspace_handle": "fireworks"})
    told(ours, "POST", "/org/tnt/workspace/fireworks/schema", {"connection_handle": "leaf"})

    def lost() -> list[bool]:
        with isolation.as_tenant(cast.acme.pk):
            return [row.lost_at is not None for row in Schema.objects.all()]

    moved = told(ours, "PATCH", f"{base}/{inner['id']}", {"parent_id": other["id"], "title": "Moved"})
    assert (moved["parent_id"], moved["title"]) == (other["id"], "Moved")
    assert [item["id"] for item in told(ours, "GET", "/org/tnt/connection/leaf")["trunk"]] == [other["id"], inner["id"]]
    assert lost() == [True], "what the folder inherited stayed behind"
    refused(ours("PATCH", f"{base}/{other['id']}", {"parent_id": inner["id"]}), 400, "parent_id")
    refused(ours("PATCH", f"{base}/{other['id']}", {"parent_id": other["id"]}), 400, "parent_id")
    refused(ours("PATCH", f"{base}/{other['id']}", {"parent_id": cast.ops.public_id}), 400, "parent_id")
    back = told(ours, "PATCH", f"/org/tnt/connection/{leaf['id']}", {"parent_id": one["id"]})
    assert (back["parent_id"], lost()) == (one["id"], [False])
    top = told(ours, "PATCH", f"/org/tnt/connection/{leaf['id']}", {"parent_id": cast.tnt.public_id})
    assert (top["parent_id"], top["trunk"], lost()) == (cast.tnt.public_id, [], [True])
    told(ours, "DELETE", f"{base}/{other['id']}")
    assert ours("GET", f"{base}/{inner['id']}").status_code == 404
    with isolation.as_tenant(cast.acme.pk):
        events = [(event.action, event.details) for event in AuditEvent.objects.filter(action__endswith=".moved")]
        assert len(events) == 3
        assert events[0][1]["schemas_removed"] == events[1][1]["schemas_returned"] == 1
        assert Connection.objects.get(handle="leaf").folder is None


def test_in_a_workspace_what_is_shared_is_added_and_removed(ours: Program, told: Told, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        shared = factories.connection(cast.at_org, "Shared", handle="shared")
        sharing.set_grants(shared, [cast.at_org])
    base = "/org/tnt/workspace/fireworks/connection"
    added = told(ours, "POST", base, {"handle": "shared", "plugin": "aws"})
    assert added["id"] == shared.public_id
    assert told(ours, "GET", f"{base}/shared")["association"]
    refused(ours("POST", base, {"handle": "shared", "plugin": "aws"}), 409)
    refused(ours("PATCH", f"{base}/shared", {"handle": "mine"}), 403)
    told(ours, "DELETE", f"{base}/shared")
    assert "association" not in told(ours, "GET", f"{base}/shared")
    refused(ours("DELETE", f"{base}/shared"), 409)

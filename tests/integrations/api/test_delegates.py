"""Delegating by the API: to people and service accounts, on places, integrations, folders and connections."""

from typing import Any

import pytest

from connections import sharing
from tests import factories
from tests.conftest import Cast
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.models import AuditEvent


@pytest.fixture
def paths(cast: Cast) -> dict[str, str]:
    """One path of each kind of thing, and a verb of it."""
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(factories.integration(cast.at_org, "aws", by=cast.org_owner))
        top = factories.folder(cast.at_org, "Top")
        leaf = factories.connection(cast.at_org, "Leaf", folder=factories.folder(cast.at_org, "Inner", parent=top))
    return {
        "/org/tnt/integration/aws/delegate": "sync_integration",
        f"/org/tnt/connection_folder/{top.public_id}/delegate": "share_folder",
        f"/org/tnt/connection/{leaf.handle}/delegate": "configure_connection",
        "/org/tnt/delegate": "view_audit_log",
        "/org/tnt/workspace/fireworks/delegate": "manage_schemas",
    }


def test_an_owner_delegates_on_each_kind_of_thing_and_takes_it_back(
    cast: Cast, program: ProgramOf, paths: dict[str, str]
) -> None:
    owner, member = program(cast.org_owner), program(cast.org_member)
    assert member("GET", "/org/tnt/audit_log").status_code == 403
    for path, verb in paths.items():
        body: dict[str, Any] = {"user_handle": "Org-Member", "permission": verb}
        assert member("POST", path, body).status_code in (403, 404)
        made = owner("POST", path, body)
        assert made.status_code == 201, made.content
        shape = made.json()
        assert (shape["user"]["handle"], shape["permission"]) == ("org-member", verb)
        assert shape["created_by"]["handle"] == "org-owner"
        again = owner("POST", path, {"user_id": shape["user_id"], "permission": verb})
        assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
        assert member("GET", path).status_code == 403
    assert member("GET", "/org/tnt/audit_log").status_code == 200
    assert member("GET", "/org/tnt/workspace/fireworks/schema").status_code == 200
    leaf = next(path for path in paths if "/connection/" in path)
    assert [(one["permission"], one.get("inherited_from", {}).get("title")) for one in owner.get(leaf)["items"]] == [
        ("configure_connection", None),
        ("share_folder", "Top"),
    ]
    refused = owner("DELETE", f"{leaf}/org-member/share_folder")
    assert (refused.status_code, "Remove it there" in refused.json()["detail"]) == (409, True)
    for path, verb in paths.items():
        assert member("DELETE", f"{path}/org-member/{verb}").status_code == 403
        assert owner("DELETE", f"{path}/org-member/{verb}").json()["permission"] == verb
        assert owner("DELETE", f"{path}/org-member/{verb}").status_code == 404 if path != leaf else True
    assert member("GET", "/org/tnt/audit_log").status_code == 403
    assert member("GET", "/org/tnt/workspace/fireworks/schema").status_code == 404
    with isolation.as_tenant(cast.acme.pk):
        actions = list(AuditEvent.objects.filter(action__startswith="delegate.").values_list("action", flat=True))
    assert sorted(actions) == ["delegate.added"] * 5 + ["delegate.removed"] * 5


def test_a_service_account_gets_single_permissions(cast: Cast, program: ProgramOf) -> None:
    owner = program(cast.org_owner)
    account = owner("POST", "/org/tnt/service_account", {"title": "Nightly"}).json()
    given = owner(
        "POST", "/org/tnt/workspace/fireworks/delegate", {"user_id": account["id"], "permission": "use_schemas"}
    )
    assert given.json()["user"]["title"] == "Nightly"
    token = owner("POST", f"/org/tnt/service_account/{account['id']}/token").json()["token"]
    nightly = program(cast.org_owner)
    nightly.token = token
    assert nightly("GET", "/org/tnt/workspace/fireworks/connection").status_code == 200
    body = {"connection_handle": "leaf"}
    assert nightly("POST", "/org/tnt/workspace/fireworks/schema", body).status_code == 403


def test_a_delegate_of_schemas_adds_what_is_shared_and_makes_and_renames_nothing(
    cast: Cast, program: ProgramOf
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        shared = factories.connection(cast.at_org, "Shared")
        sharing.set_grants(shared, [cast.at_workspace])
        own = factories.connection(cast.at_workspace, "Own")
    here = "/org/tnt/workspace/fireworks"
    given = {"user_handle": "org-member", "permission": "manage_schemas"}
    assert program(cast.org_owner)("POST", f"{here}/delegate", given).status_code == 201
    member = program(cast.org_member)
    assert member("POST", f"{here}/connection", {"handle": shared.handle, "plugin": "aws"}).status_code == 201
    assert [one["name"] for one in member.get(f"{here}/schema")["items"]] == [shared.handle]
    assert member("DELETE", f"{here}/connection/{shared.handle}").status_code == 200
    assert member.get(f"{here}/schema")["items"] == []
    assert member("POST", f"{here}/connection", {"handle": "mine", "plugin": "aws"}).status_code == 403
    assert member("DELETE", f"{here}/connection/{own.public_id}").status_code == 403
    assert member("PATCH", here, {"handle": "mine"}).status_code == 403
    changed = member("PATCH", here, {"handle": "fireworks", "search_path_prefix": [shared.handle]})
    assert changed.json()["search_path_prefix"] == [shared.handle]


@pytest.mark.parametrize(
    ("body", "location", "sentence"),
    [
        ({"permission": "view_audit_log"}, "user_handle", "Name one of these: user_handle or user_id."),
        ({"user_handle": "org-member", "permission": "fly"}, "permission", "Here it is one of these: view_audit_log."),
        ({"user_handle": "nobody", "permission": "view_audit_log"}, "user_handle", "Nobody in acme has the handle"),
        ({"user_id": "u_0", "permission": "view_audit_log"}, "user_id", "Nobody in acme has the id “u_0”."),
        ({"user_handle": "tenant-owner", "permission": "view_audit_log"}, "user_handle", "may do everything there"),
    ],
)
def test_what_is_refused_names_the_field(
    cast: Cast, program: ProgramOf, body: dict[str, str], location: str, sentence: str
) -> None:
    answer = program(cast.org_owner)("POST", "/org/tnt/delegate", body)
    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
    assert answer.json()["validation_errors"][0]["location"].endswith(location)

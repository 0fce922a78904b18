"""What a program can do about who may use a node, and that schemas follow."""

import pytest

from connections import actions, sharing
from connections.models import Schema
from tests import factories
from tests.conftest import Cast
from tests.connections.api.conftest import Told
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.models import AuditEvent

FIREWORKS = {"tenant_handle": "", "identity_handle": "tnt", "workspace_handle": "fireworks"}
ROCKETS = {"identity_handle": "tnt", "workspace_handle": "rockets"}


@pytest.mark.parametrize("kind", ["connection", "connection_folder"])
def test_a_permission_lives(program: ProgramOf, told: Told, cast: Cast, kind: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "Ours")
        one = factories.connection(cast.at_org, "One", folder=folder)
        node = folder if kind == "connection_folder" else one
    ours, base = program(cast.org_owner), f"/org/tnt/{kind}/{node.public_id}/permission"
    made = told(ours, "POST", base, FIREWORKS)
    assert (made["identity"]["handle"], made["workspace"]["handle"], made["connection_id"]) == (
        "tnt",
        "fireworks",
        node.public_id,
    )
    assert "tenant" not in made
    assert made["created_by"]["handle"] == cast.org_owner.handle
    assert told(ours, "GET", f"{base}/{made['id']}") == made
    assert ours("POST", base, FIREWORKS).status_code == 409
    with isolation.as_tenant(cast.acme.pk):
        actions.add_schema(scope=cast.at_workspace, node=node, by=cast.workspace_owner)

    def lost() -> list[bool]:
        with isolation.as_tenant(cast.acme.pk):
            return [schema.lost_at is not None for schema in Schema.objects.all()]

    changed = told(ours, "PATCH", f"{base}/{made['id']}", ROCKETS)
    assert (changed["id"], changed["workspace"]["handle"], changed["version_id"]) == (made["id"], "rockets", 2)
    assert lost() == [True], "fireworks may not use it any more"
    back = told(ours, "PATCH", f"{base}/{made['id']}", {"identity_handle": cast.tnt.public_id})
    assert "workspace" not in back
    assert lost() == [False], "all workspaces may, and it is back"
    assert [one["id"] for one in told(ours, "GET", base)["items"]] == [made["id"]]
    assert told(ours, "DELETE", f"{base}/{made['id']}")["id"] == made["id"]
    assert lost() == [True]
    for method in ("GET", "DELETE"):
        assert ours(method, f"{base}/{made['id']}").status_code == 404
    with isolation.as_tenant(cast.acme.pk):
        events = list(AuditEvent.objects.filter(action=f"{node.kind}.permissions_changed").order_by("pk"))
    assert [(event.details["before"], event.details["after"]) for event in events] == [
        ([], ["acme/tnt/fireworks"]),
        (["acme/tnt/fireworks"], ["acme/tnt/rockets"]),
        (["acme/tnt/rockets"], ["acme/tnt"]),
        (["acme/tnt"], []),
    ]
    assert events[1].details["schemas_removed"] == events[2].details["schemas_returned"] == 1


def test_what_is_no_audience_is_refused(program: ProgramOf, told: Told, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        one, whole = factories.connection(cast.at_org, "One"), factories.connection(cast.at_tenant, "Whole")
        sharing.set_grants(one, [cast.at_org, cast.at_workspace])
        (grant,) = (row for row in sharing.grants_on(one) if row.workspace_id)
    ours, base = program(cast.tenant_owner), f"/org/tnt/connection/{one.handle}/permission"
    for body, field in (
        ({}, "tenant_handle"),
        ({"tenant_handle": "", "identity_handle": ""}, "tenant_handle"),
        ({"tenant_handle": "acme", "identity_handle": "tnt"}, "tenant_handle"),
        ({"workspace_handle": "fireworks"}, "tenant_handle"),
        ({"tenant_handle": "globex"}, "tenant_handle"),
        ({"identity_handle": "nobodys"}, "identity_handle"),
        ({"identity_handle": "tnt", "workspace_handle": "pager"}, "workspace_handle"),
        ({"identity_handle": "ops"}, "identity_handle"),
        ({"tenant_handle": "acme"}, "identity_handle"),
    ):
        answer = ours("POST", base, body)
        assert answer.status_code == 400, (body, answer.content)
        assert [at["location"] for at in answer.json()["validation_errors"]] == [field], body
    assert ours("PATCH", f"{base}/{grant.public_id}", {"identity_handle": "tnt"}).status_code == 409
    assert ours("PATCH", f"{base}/{grant.public_id}", ROCKETS, **{"If-Match": "7"}).status_code == 412
    all_of_it = told(ours, "POST", f"/connection/{whole.public_id}/permission", {"tenant_handle": "acme"})
    assert (all_of_it["tenant"]["handle"], "identity" in all_of_it) == ("acme", False)
    assert program(cast.org_owner)("GET", f"/connection/{whole.public_id}/permission").status_code == 403

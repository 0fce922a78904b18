"""What a program is told of people and places, and what it can do with them."""

import pytest

from tests.conftest import Cast
from tests.programs import ProgramOf
from workspaces import isolation
from workspaces.models import Organization


def test_a_program_is_its_person_in_one_tenant(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    me = ours.get("/actor")
    assert (me["handle"], me["status"], me["tenant_id"]) == (cast.org_owner.handle, "accepted", cast.acme.public_id)
    assert [one["handle"] for one in ours.get("/tenant")["items"]] == ["acme"]
    assert ours.get("/actor/org")["items"][0]["role"] == "owner"
    assert ours.get(f"/identity/{me['id']}")["type"] == "user"
    assert ours.get("/identity/tnt")["type"] == "org"


@pytest.mark.parametrize(
    "path",
    [
        "/org",
        "/org/tnt",
        "/org/tnt/member",
        "/org/tnt/workspace",
        "/actor/workspace",
        "/actor/activity",
        "/audit_log",
        "/settings",
        "/tenant/acme/member",
        "/org/tnt/audit_log",
        "/org/tnt/workspace/fireworks",
        "/org/tnt/workspace/fireworks/member",
        "/identity",
        "/user/{me}/email",
        "/user/{me}/token",
        "/user/{me}/preferences",
        "/user/{me}/audit_log",
        "/actor/org/invite",
    ],
)
def test_an_owner_reads_it(program: ProgramOf, cast: Cast, path: str) -> None:
    ours = program(cast.tenant_owner)
    answer = ours.get(path.replace("{me}", cast.tenant_owner.handle))
    assert answer


def test_an_organization_is_made_changed_and_deleted(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    made = ours("POST", "/org", {"handle": "newone", "display_name": "New one"})
    assert made.status_code == 201, made.content
    org = made.json()
    assert (org["handle"], org["display_name"], org["version_id"]) == ("newone", "New one", 1)
    assert org["created_by"]["handle"] == cast.tenant_owner.handle
    taken = ours("POST", "/org", {"handle": "newone"})
    assert taken.status_code == 409
    assert taken.json()["validation_errors"][0]["location"] == "handle"
    changed = ours("PATCH", f"/org/{org['id']}", {"display_name": "Other"})
    assert (changed.status_code, changed.json()["version_id"]) == (200, 2)
    assert ours("PATCH", "/org/newone", {"handle": "x"}, **{"If-Match": "1"}).status_code == 412
    assert ours("DELETE", "/org/newone").status_code == 200
    assert ours("GET", "/org/newone").status_code == 404
    with isolation.as_tenant(cast.acme.pk):
        assert not Organization.objects.filter(handle="newone").exists()

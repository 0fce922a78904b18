"""What a program is told of people and places, and what it can do with them."""

from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from tests.conftest import Cast
from tests.programs import Program, ProgramOf
from workspaces import isolation
from workspaces.models import Invitation, Membership, Organization, Token, User
from workspaces.people import invitations


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


def test_a_token_that_makes_another_ends_it_too(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    path = f"/user/{cast.org_owner.handle}/token"
    made = ours("POST", path, {"title": "second"})
    assert made.status_code == 201, made.content
    assert (made.json()["title"], made.json().get("expires_at")) == ("second", None)
    second = Program(made.json()["token"])
    assert second.get("/actor")["id"] == cast.org_owner.public_id
    with isolation.as_tenant(cast.acme.pk):
        Token.objects.filter(title="ci").update(expires_at=timezone.now() + timedelta(days=2))
        own = Token.objects.get(title="ci")
    for sent in ({}, {"expiration": 86400 * 300}):
        third = ours("POST", path, sent).json()
        assert datetime.fromisoformat(third["expires_at"]) == own.expires_at
        assert ours("DELETE", f"{path}/{third['id']}").status_code == 200
    assert ours("PATCH", f"{path}/{own.public_id}", {"status": "inactive"}).status_code == 200
    assert ours("GET", "/actor").status_code == 401
    assert "token" not in second.get(path)["items"][0]
    other = program(cast.org_member)
    assert other("GET", path).status_code == other("DELETE", f"{path}/{own.public_id}").status_code == 404


def test_invitations_are_seen_at_confirmed_addresses_only(program: ProgramOf, cast: Cast) -> None:
    ours, owner = program(cast.tenant_member), program(cast.org_owner)
    invited = owner("POST", "/org/tnt/member/invite", {"email": "somebody@example.org", "role": "member"})
    assert (invited.status_code, invited.json()["status"]) == (201, "invited"), invited.content
    with isolation.as_user(cast.tenant_member.pk):
        address = EmailAddress.objects.create(user=cast.tenant_member, email="somebody@example.org")
    assert ours.get("/actor/org/invite")["items"] == []
    with isolation.as_user(cast.tenant_member.pk):
        EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    assert [one["org"]["handle"] for one in ours.get("/actor/org/invite")["items"]] == ["tnt"]


def test_the_last_owner_stays(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.org_owner)
    own = f"/org/tnt/member/{cast.org_owner.handle}"
    for answer in (ours("DELETE", own), ours("PATCH", own, {"role": "member"})):
        assert answer.status_code == 409
        assert "is the only active owner" in answer.json()["detail"]
    added = ours("POST", "/org/tnt/member", {"handle": cast.tenant_member.public_id, "role": "owner"})
    assert (added.status_code, added.json()["role"]) == (201, "owner")
    assert ours("POST", "/org/tnt/member", {"handle": cast.tenant_member.handle, "role": "owner"}).status_code == 409
    assert ours("DELETE", own).status_code == 200
    assert ours("GET", own).status_code == 404


def test_what_a_tenant_decides_of_its_settings(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    now = ours.get("/settings")
    same = ours("PATCH", "/settings", {"login_email": now["login_email"], "max_token_expiration": 86400 * 30})
    assert (same.status_code, same.json()["max_token_expiration"]) == (200, 86400 * 30)
    refused = ours("PATCH", "/settings", {"personal_workspaces": "enabled"})
    assert refused.status_code == 400
    assert refused.json()["validation_errors"][0]["location"] == "personal_workspaces"


def test_who_is_invited_is_known_by_an_id_until_they_come_and_after(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    made = ours("POST", "/tenant/acme/member/invite", {"email": "new@example.org", "role": "member"}).json()
    one = f"/tenant/{cast.acme.public_id}/member/{made['user_id']}"
    assert ours.get(one)["status"] == "invited"
    assert ours.get(f"/identity/{made['user_id']}")["type"] == "user"
    assert made["user"]["handle"]
    assert program(cast.org_owner)("GET", f"/identity/{made['user_id']}").status_code == 404
    assert ours("PATCH", one, {"role": "owner"}).json()["role"] == "owner"
    with isolation.as_tenant(cast.acme.pk):
        invitation = Invitation.objects.get()
        come = User.objects.create_user(email="new@example.org", handle="come")
        invitations.accept_invitation(invitation=invitation, by=come, now=timezone.now())
    assert ours.get(one)["user_id"] == come.public_id
    again = ours("POST", "/tenant/acme/member/invite", {"email": "other@example.org", "role": "member"}).json()
    assert ours("DELETE", f"/tenant/acme/member/{again['user_id']}").status_code == 200
    assert ours("GET", f"/tenant/acme/member/{again['user_id']}").status_code == 404


def test_nobody_is_in_a_list_of_members_twice(program: ProgramOf, cast: Cast) -> None:
    ours = program(cast.tenant_owner)
    assert ours("POST", "/org", {"handle": "mine"}).status_code == 201
    assert ours("POST", "/org/mine/workspace", {"handle": "inner"}).status_code == 201
    with isolation.as_tenant(cast.acme.pk):
        Membership.objects.filter(workspace__handle="inner").delete()
    listed = ours.get("/org/mine/workspace/inner/member")["items"]
    assert [(one["user_handle"], one["scope"]) for one in listed] == [(cast.tenant_owner.handle, "org")]

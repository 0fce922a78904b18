"""Service accounts: they never sign in, act by tokens with their role and no more, and stay where they belong."""

import json

import pytest
from allauth.account.adapter import get_adapter
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.conftest import Cast
from tests.programs import Program
from tests.workspaces.sign_in.signing_in import told
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Role, Token, User
from workspaces.people import invitations, service_accounts
from workspaces.places import deletion, members
from workspaces.places.home import HomeError
from workspaces.sign_in import adapter


def made(cast: Cast, scope: Scope, title: str = "Nightly deploy") -> User:
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        return factories.service_account(scope, title, by=cast.tenant_owner)


def program_of(cast: Cast, account: User) -> Program:
    with isolation.as_tenant(cast.acme.pk):
        return Program(factories.token(account, cast.acme))


def roles_of(cast: Cast, account: User) -> set[tuple[str, str]]:
    with isolation.as_tenant(cast.acme.pk):
        own = Membership.objects.filter(user=account).select_related("tenant", "organization", "workspace")
        return {(str(Scope(one.tenant, one.organization, one.workspace)), one.role) for one in own}


@pytest.fixture
def account(cast: Cast) -> User:
    return made(cast, cast.at_tenant)


def test_no_door_lets_a_service_account_in(cast: Cast, account: User) -> None:
    """Not even whoever knew its address, which no page shows, and had a password in the database for it."""
    account.set_password(factories.PASSWORD)
    with pytest.raises(IntegrityError, match="without_password"), isolation.as_tenant(cast.acme.pk):
        account.save()
    client = Client()
    refused = client.post(reverse("account_login"), {"login": account.email, "password": factories.PASSWORD})
    assert refused.status_code == 200
    client.post(reverse("account_reset_password"), {"email": account.email})
    assert mail.outbox == []
    assert adapter.person_at(account.email) is None

    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    assert client.get("/profile/")["Location"].startswith(reverse("account_login"))

    request = RequestFactory().get("/")
    with pytest.raises(PermissionDenied, match="does not sign in"):
        get_adapter(request).login(request, account)


def test_no_invitation_is_taken_by_one(cast: Cast, account: User) -> None:
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        sent = invitations.send_invitation(
            scope=cast.at_org, email=account.email, role=Role.OWNER, by=cast.tenant_owner, now=timezone.now()
        )
    page = f"/invitations/{sent.token}/"
    form = {"handle": "robot", "name": "", "password": factories.PASSWORD}
    assert Client().post(page, form).status_code == 200  # the address is taken, and its account cannot sign in
    assert roles_of(cast, account) == {("acme", "member")}
    with isolation.as_tenant(cast.acme.pk):
        assert Invitation.objects.get(pk=sent.invitation.pk).accepted_at is None


def test_it_is_seen_in_its_own_tenant_only(cast: Cast, account: User) -> None:
    assert not User.objects.filter(pk=account.pk).exists()
    with isolation.as_operator():
        assert not User.objects.filter(pk=account.pk).exists()
    with isolation.as_tenant(cast.globex.pk):
        assert not User.objects.filter(pk=account.pk).exists()
        assert User.objects.filter(pk=account.pk).update(name="Ours") == 0
    with isolation.as_tenant(cast.acme.pk):
        assert User.objects.filter(pk=account.pk).exists()
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            User.objects.create_service_account(
                handle="theirs", title="", description="", tenant=cast.globex, organization=None
            )


def test_its_token_may_do_what_its_role_is_and_nothing_for_itself(cast: Cast) -> None:
    account = made(cast, cast.at_org)
    assert roles_of(cast, account) == {("acme", "member"), ("acme/tnt", "member")}
    program = program_of(cast, account)
    me = program.get("/actor")
    assert (me["title"], me["display_name"], me["handle"]) == ("Nightly deploy", "Nightly deploy", account.handle)
    assert account.email not in json.dumps(program.get("/org/tnt/member"))
    own = f"/user/{account.handle}"
    assert program.get(f"{own}/email")["items"] == []
    for method, path, body in (
        ("POST", f"{own}/token", {"title": "for good"}),
        ("PATCH", own, {"display_name": "Somebody"}),
        ("POST", "/org/tnt/workspace", {"handle": "mine"}),
        ("GET", "/org/tnt/service_account", None),
    ):
        assert program(method, path, body).status_code == 403, path
    assert program("GET", "/org/tnt/workspace/fireworks").status_code == 404

    owner = Client()
    owner.force_login(cast.org_owner)
    page = cast.at_org.url("service_account", account=account.pk)
    changed = {"title": "Nightly deploy", "description": "CI", "role": "owner"}
    assert owner.post(page, changed).status_code == 302
    assert program("POST", "/org/tnt/workspace", {"handle": "mine"}).status_code == 201
    mine = f"/org/tnt/service_account/{account.public_id}/token"
    assert program("POST", mine, {"title": "for good"}).status_code == 403
    log = owner.get(cast.at_org.url("audit_log"), {"person": "nightly"}).content.decode()
    assert "<bdi>service account Nightly deploy</bdi>" in log
    assert account.email not in log
    assert told(cast.acme, ["service_account.", "token.", "member.role"]) == [
        *("service_account.created", "token.created", "service_account.changed", "member.role_changed")
    ]


def test_of_two_that_own_a_place_none_keeps_the_other_in_it(cast: Cast) -> None:
    """One makes no token of another, and no other that makes one for it: who stole its token would stay for good."""
    account, other = made(cast, cast.at_org), made(cast, cast.at_org, "Other")
    program, _ = program_of(cast, account), program_of(cast, other)
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_org, user=account, by=cast.tenant_owner)
        off = Token.objects.get(user=other)
        Token.objects.filter(pk=off.pk).update(is_active=False)
    base = "/org/tnt/service_account"
    token = f"{base}/{other.public_id}/token/{off.public_id}"
    for method, path, body in (
        ("POST", base, {"title": "Accomplice"}),
        ("POST", f"{base}/{account.public_id}/token", {"title": "for good"}),
        ("POST", f"{base}/{other.public_id}/token", None),
        ("PATCH", token, {"status": "active"}),
    ):
        answer = program(method, path, body)
        assert (answer.status_code, "a person does that" in answer.json()["detail"]) == (403, True), path
    assert program("PATCH", token, {"title": "old", "status": "inactive"}).json()["status"] == "inactive"
    assert program("DELETE", token).status_code == 200
    assert program("PATCH", f"{base}/{other.public_id}", {"title": "Other one"}).status_code == 200
    assert program("DELETE", f"{base}/{other.public_id}").status_code == 204


def test_it_stays_where_it_belongs(cast: Cast) -> None:
    inner, wide = made(cast, cast.at_org, "Inner"), made(cast, cast.at_tenant, "Wide")
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        other = factories.organization(cast.at_tenant, "other", owner=cast.tenant_owner)
        elsewhere = Scope(cast.acme, other)
        with pytest.raises(HomeError, match="no role outside of it"):
            members.add_member(scope=elsewhere, user=inner, role=Role.MEMBER, by=cast.tenant_owner)
        with pytest.raises(HomeError, match="no role outside of it"):
            members.make_owner(scope=cast.at_tenant, user=inner, by=cast.tenant_owner)
        for organization, role in ((other, Role.MEMBER), (None, Role.OWNER)):
            with pytest.raises(DatabaseError, match="no role outside"), transaction.atomic():
                Membership.objects.update_or_create(
                    user=inner, tenant=cast.acme, organization=organization, defaults={"role": role}
                )
        with pytest.raises(DatabaseError, match="stays where it belongs"), transaction.atomic():
            User.objects.filter(pk=inner.pk).update(service_organization=other)
        members.add_member(scope=elsewhere, user=wide, role=Role.OWNER, by=cast.tenant_owner)
        members.add_member(scope=cast.at_workspace, user=inner, role=Role.READER, by=cast.tenant_owner)
        for scope, user in ((cast.at_tenant, wide), (cast.at_org, inner), (cast.at_tenant, inner)):
            member = members.members_of(scope).get(user=user)
            with pytest.raises(HomeError, match="Delete it instead"):
                members.remove_member(scope=scope, member=member, by=cast.tenant_owner)
        members.remove_member(
            scope=elsewhere, member=members.members_of(elsewhere).get(user=wide), by=cast.tenant_owner
        )
    assert roles_of(cast, wide) == {("acme", "member")}
    assert ("acme/tnt/fireworks", "reader") in roles_of(cast, inner)

    program = program_of(cast, cast.tenant_owner)
    for method, path, body in (
        ("DELETE", f"/tenant/acme/member/{inner.public_id}", None),
        ("PATCH", f"/tenant/acme/member/{inner.public_id}", {"role": "owner"}),
        ("DELETE", f"/org/tnt/member/{inner.handle}", None),
        ("POST", "/org/other/member", {"handle": inner.handle, "role": "member"}),
    ):
        assert program(method, path, body).status_code == 409, path

    browser = Client()
    browser.force_login(cast.tenant_owner)
    form = {"who": inner.handle, "role": "member"}
    assert "service account of an organization" in browser.post(elsewhere.url("person_add"), form).content.decode()
    people = browser.get(cast.at_tenant.url("people")).content.decode()
    assert people.count('class="chip chip-blue">Service account') == 2
    assert inner.email not in people
    assert f'href="{cast.at_org.url("service_account", account=inner.pk)}"' in people


def test_an_owner_who_is_a_program_does_not_keep_a_place(cast: Cast) -> None:
    account = made(cast, cast.at_tenant)
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_tenant, user=account, by=cast.tenant_owner)
        owner = members.members_of(cast.at_tenant).get(user=cast.tenant_owner)
        with pytest.raises(members.LastOwnerError):
            members.leave(scope=cast.at_tenant, member=owner)
        program = members.members_of(cast.at_tenant).get(user=account)
        members.change_role(scope=cast.at_tenant, member=program, role=Role.MEMBER, by=cast.tenant_owner)


def test_deleting_it_ends_what_it_has_at_once_and_the_log_keeps_its_name(cast: Cast, account: User) -> None:
    program = program_of(cast, account)
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_tenant, user=account, by=cast.tenant_owner)
    assert program("POST", "/org", {"handle": "made-by-it"}).status_code == 201
    assert (
        program("POST", "/tenant/acme/member/invite", {"email": "x@example.com", "role": "member"}).status_code == 201
    )
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        service_accounts.delete(scope=cast.at_tenant, account=account, by=cast.tenant_owner)
        service_accounts.delete(scope=cast.at_tenant, account=account, by=cast.tenant_owner)
    assert program("GET", "/actor").status_code == 401
    assert roles_of(cast, account) == set()
    with isolation.as_tenant(cast.acme.pk):
        assert not Token.objects.exists()
        assert not Invitation.objects.open().exists()
        event = AuditEvent.objects.get(action="organization.created", actor_id=account.pk)
        assert event.actor == "service account Nightly deploy"
        ended = AuditEvent.objects.get(action="service_account.deleted")
        assert (ended.object_kind, ended.object_label) == ("serviceaccount", "service account Nightly deploy")
        assert ended.details["ended_tokens"] == 1
        left = User.objects.get(pk=account.pk)
        assert (left.is_active, left.name, left.description) == (False, "Nightly deploy", "")


def test_an_organization_takes_its_service_accounts_along(cast: Cast) -> None:
    inner, wide = made(cast, cast.at_org, "Inner"), made(cast, cast.at_tenant, "Wide")
    program, other = program_of(cast, inner), program_of(cast, wide)
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        (going,) = (one for one in deletion.going_with(cast.at_org) if one.one == "service account")
        assert (going.number, list(going.names)) == (1, [inner.handle])
        deletion.delete_place(scope=cast.at_org, by=cast.tenant_owner)
    assert program("GET", "/actor").status_code == 401
    assert other("GET", "/actor").status_code == 200
    assert roles_of(cast, inner) == set()


def test_what_tells_owners_by_email_leaves_it_out(cast: Cast, account: User) -> None:
    with isolation.as_user(cast.tenant_owner.pk), isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_tenant, user=account, by=cast.tenant_owner)
        owners = members.active_owners_of(cast.at_tenant).values_list("user__email", flat=True)
        assert list(owners) == [cast.tenant_owner.email]
    request = RequestFactory().get("/")
    get_adapter(request).send_mail("account/email/token_made", account.email, {"user": account})
    assert mail.outbox == []
